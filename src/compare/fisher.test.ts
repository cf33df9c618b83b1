import { describe, expect, it } from 'vitest';
import { fisher } from './fisher.ts';

describe('fisher', () => {
  it.each([
    // count and of before, count and of after, what scipy.stats.fisher_exact 1.17.1 says
    [4, 120, 0, 120, 0.1218685450982469],
    [8, 10, 1, 6, 0.034965034965034975],
    [12, 200, 3, 180, 0.035298525879543984],
    [500, 10_000, 430, 9000, 0.47976725051128],
    [3, 50, 3, 50, 1],
    [0, 10, 0, 20, 1],
    [7, 7, 0, 100, 3.83494804742536e-11],
  ])('%i of %i and %i of %i: as scipy', (count, of, count2, of2, expected) => {
    const found = fisher({ count, of }, { count: count2, of: of2 });
    expect(Math.abs(found / expected - 1)).toBeLessThan(1e-6);
  });

  it('is 1 where nothing was looked at', () => {
    expect(fisher({ count: 0, of: 0 }, { count: 3, of: 9 })).toBe(1);
  });
});
