import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Intervals } from './intervals.ts';

const intervalsOf = (pairs: readonly (readonly [number, number])[]): Intervals => {
  const intervals = new Intervals();
  for (const [start, end] of pairs) intervals.add(start, end);
  return intervals;
};

const pairs = fc.array(fc.tuple(fc.nat(60), fc.nat(60)));

type Pairs = readonly (readonly [number, number])[];

const inside = (list: Pairs, tick: number): boolean => list.some(([start, end]) => start <= tick && tick < end);

/** By counting the ticks that are covered. */
const ticks = (of: Pairs, without: Pairs = []): number =>
  Array.from({ length: 60 }, (_, tick) => tick).filter((tick) => inside(of, tick) && !inside(without, tick)).length;

describe('intervals', () => {
  it('counts an overlap once', () => {
    expect(
      intervalsOf([
        [0, 10],
        [5, 15],
        [20, 21],
      ]).length(),
    ).toBe(16);
  });

  it('takes out what others cover', () => {
    expect(
      intervalsOf([[0, 10]]).lengthWithout(
        intervalsOf([
          [2, 4],
          [3, 5],
          [9, 30],
        ]),
      ),
    ).toBe(6);
  });

  it('agrees with counting ticks', () => {
    fc.assert(
      fc.property(pairs, pairs, (own, others) => {
        expect(intervalsOf(own).length()).toBe(ticks(own));
        expect(intervalsOf(own).lengthWithout(intervalsOf(others))).toBe(ticks(own, others));
      }),
    );
  });
});
