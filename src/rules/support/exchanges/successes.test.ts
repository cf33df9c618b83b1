import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { milliseconds, NEVER } from '../../../base/time.ts';
import { atMs, exchangeOf } from '../../../model/testing/rows.ts';
import { Successes, type Tried } from './successes.ts';

/** One that begins then; its packets tell it from others. */
const callAt = (ms: number, lasts = 1): Tried => {
  const { server, serverPort, startedAt, duration, packets } = exchangeOf({
    server: `10.96.0.${ms % 7}`,
    serverPort: 8000 + (ms % 5),
    startedAt: atMs(ms),
    duration: milliseconds(lasts),
    packets: Array.from({ length: ms % 5 }, (_, index) => 10 * ms + index),
  });
  return { server, serverPort, startedAt, duration, packets };
};

describe('successes', () => {
  it('are the last sixteen, but for those that were taken, from the oldest on', () => {
    const moment = fc.nat({ max: 40 });
    const step = fc.oneof({ weight: 4, arbitrary: fc.record({ add: moment }) }, fc.record({ take: moment }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const successes = new Successes();
        const list: Tried[] = [];
        for (const one of steps) {
          if ('add' in one) {
            successes.add(callAt(one.add));
            list.push(callAt(one.add));
            if (list.length > 16) list.shift();
            continue;
          }
          const isWanted = ({ startedAt }: Tried): boolean => startedAt >= atMs(one.take);
          const place = list.findIndex(isWanted);
          expect(successes.take(isWanted)).toEqual(place < 0 ? null : list.splice(place, 1)[0]);
        }
      }),
    );
  });

  it('know the gaps from their end to what comes next', () => {
    const successes = new Successes();
    successes.follow(atMs(0), NEVER);
    expect([successes.gaps, successes.longestGap]).toEqual([0, 0]);
    successes.add(callAt(0, 2));
    // It began before the other ended.
    successes.follow(atMs(1), NEVER);
    expect(successes.gaps).toBe(0);
    for (const ms of [5, 9]) successes.follow(atMs(ms), NEVER);
    expect([successes.gaps, successes.longestGap]).toEqual([2, milliseconds(7)]);
    // A call of another kind failed meanwhile, and what the client then did held this one up.
    successes.follow(atMs(700), atMs(4));
    expect(successes.gaps).toBe(2);
    successes.failed();
    successes.follow(atMs(900), NEVER);
    expect(successes.gaps).toBe(2);
    for (let ms = 1000; ms < 1064; ms++) {
      successes.add(callAt(ms, 1));
      successes.follow(atMs(ms + 2), NEVER);
    }
    expect([successes.gaps, successes.longestGap]).toEqual([64, milliseconds(1)]);
  });
});
