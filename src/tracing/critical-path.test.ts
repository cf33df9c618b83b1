import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at, nanoseconds } from '../base/time.ts';
import { criticalShares, ownTime, type Stretch } from './critical-path.ts';

const stretch = (startedAt: number, duration: number): Stretch => ({
  startedAt: at(startedAt),
  duration: nanoseconds(duration),
});
const WHOLE = stretch(100, 100);

describe('the critical path', () => {
  it.each<[string, Stretch[], number[], number]>([
    ['no wait', [], [], 100],
    ['waits one after another', [stretch(110, 20), stretch(140, 50)], [20, 50], 30],
    [
      'of two at once, the one that ends last, and what the other began alone',
      [stretch(110, 40), stretch(120, 50)],
      [10, 50],
      40,
    ],
    ['of one within another, the longer alone', [stretch(110, 80), stretch(130, 20)], [80, 0], 20],
    ['a wait that goes on after the answer only as far as that', [stretch(150, 100)], [50], 50],
    ['a wait that began before', [stretch(50, 80)], [30], 70],
    ['two alike once', [stretch(120, 30), stretch(120, 30)], [30, 0], 70],
    ['nothing that lies outside', [stretch(10, 20), stretch(300, 5)], [0, 0], 100],
  ])('counts %s', (_, waits, shares, own) => {
    expect(criticalShares(WHOLE, waits)).toEqual(shares);
    expect(ownTime(WHOLE, criticalShares(WHOLE, waits))).toBe(own);
  });

  it('sums to the whole to the nanosecond, and covers each instant that any wait does', () => {
    const some = fc.record({ startedAt: fc.integer({ min: 0, max: 300 }), duration: fc.integer({ min: 0, max: 150 }) });
    fc.assert(
      fc.property(fc.array(some, { maxLength: 12 }), (drafts) => {
        const waits = drafts.map(({ startedAt, duration }) => stretch(startedAt, duration));
        const shares = criticalShares(WHOLE, waits);
        const covered = Array.from({ length: 100 }, (__, index) => 100 + index).filter((instant) =>
          waits.some((wait) => wait.startedAt <= instant && instant < wait.startedAt + wait.duration),
        ).length;
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(covered);
        expect(ownTime(WHOLE, shares)).toBe(100 - covered);
        shares.forEach((share, index) => expect(share).toBeLessThanOrEqual(waits[index]!.duration));
      }),
    );
  });
});
