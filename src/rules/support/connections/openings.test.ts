import { describe, expect, it } from 'vitest';
import { atMs, connectionOf } from '../../../model/testing/rows.ts';
import { createFacts } from '../facts.ts';
import { openings } from './openings.ts';

describe('openings', () => {
  it('tells the next connection of the same client to the same server, in whatever order they ended', () => {
    const seen = createFacts().of(openings);
    for (const ms of [5000, 1000, 3000]) seen.connection(connectionOf({ startedAt: atMs(ms) }));
    seen.connection(connectionOf({ startedAt: atMs(2000), server: '10.96.0.9' }));
    const ends = connectionOf();
    expect(seen.nextFrom(ends, atMs(1500))).toBe(atMs(3000));
    expect(seen.nextFrom(ends, atMs(3000))).toBe(atMs(3000));
    expect(seen.nextFrom(ends, atMs(6000))).toBeNaN();
    expect(seen.countIn(ends, atMs(1000), atMs(5000))).toBe(2);
    expect(seen.nextFrom({ ...ends, client: '10.0.0.1' }, atMs(0))).toBeNaN();
  });
});
