import { describe, expect, it } from 'vitest';
import { milliseconds } from '../base/time.ts';
import { atMs, requestOf, waitOf } from '../model/testing/rows.ts';
import { KeptRequests } from './kept-requests.ts';

const wait = (from: number, takes: number, ref = '0.e2') =>
  waitOf({ ref, startedAt: atMs(from), duration: milliseconds(takes), critical: milliseconds(takes) });

describe('requests that are kept for a replay', () => {
  it('have what lies within them, in order, by whose they are', () => {
    const kept = new KeptRequests();
    kept.request(
      requestOf({
        exchange: '0.e1',
        startedAt: atMs(100),
        duration: milliseconds(50),
        waits: [wait(140, 40), wait(90, 20), wait(150, 10), wait(120, 0)],
      }),
    );
    kept.request(requestOf({ exchange: '0.e2', client: '10.0.3.8', waits: [wait(0, 10)] }));
    const [inbound, own] = kept.all;
    const spans = inbound?.waits.map(({ startedAt, endedAt }) => [startedAt, endedAt]);
    expect(spans).toEqual([
      [atMs(100), atMs(110)],
      [atMs(140), atMs(150)],
    ]);
    expect(inbound).toMatchObject({ isOwnCall: false, exchange: '0.e1' });
    expect(own).toMatchObject({ isOwnCall: true, owner: '0|10.0.3.8' });
  });

  it('are the first so many, however many there are', () => {
    const kept = new KeptRequests();
    for (let index = 0; index < 5000; index++) kept.request(requestOf({ exchange: `0.e${index}` }));
    expect(kept.count).toBe(5000);
    expect(kept.all.length).toBe(4096);
    expect(kept.all.at(-1)?.exchange).toBe('0.e4095');
  });
});
