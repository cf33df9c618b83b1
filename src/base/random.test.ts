import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';

describe('Random', () => {
  it('is xoshiro128**', () => {
    // The vector of rand_xoshiro's own test, made with the authors' C code.
    const random = new Random([1, 2, 3, 4]);
    expect(Array.from({ length: 10 }, () => random.word())).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it('gives the same numbers again, and others for another seed', () => {
    const [seven, again, eight] = [7, 7, 8].map((seed) => {
      const random = Random.of(seed);
      return Array.from({ length: 5 }, () => random.below(1000));
    });
    expect(seven).toEqual(again);
    expect(seven).not.toEqual(eight);
  });

  it('is even', () => {
    const random = Random.of(1);
    const counts = Array.from({ length: 10 }, () => 0);
    for (let index = 0; index < 100_000; index++) counts[random.below(10)]!++;
    // Pearson's chi-square with 9 degrees of freedom stays below 27.9 in 99.9 % of all cases.
    expect(counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)).toBeLessThan(27.9);
  });
});
