import { describe, expect, it } from 'vitest';
import { logGamma, studentQuantile } from './student.ts';

describe('studentQuantile', () => {
  it.each([
    // share, degrees of freedom, scipy.stats.t.ppf 1.17.1
    [0.975, 1, 12.706204736174694],
    [0.975, 2, 4.302652729749462],
    [0.975, 2.3, 3.807163208232131],
    [0.9958333, 3.75, 5.091307249061399],
    [0.995, 9, 3.249835541592126],
    [0.975, 30, 2.0422724563012378],
    [0.975, 1e6, 1.959966356814107],
    [0.75, 5.5, 0.7216865563699734],
  ])('%f with %f degrees of freedom: as scipy', (share, freedom, expected) => {
    expect(Math.abs(studentQuantile(share, freedom) / expected - 1)).toBeLessThan(1e-8);
  });
});

describe('logGamma', () => {
  it.each([
    // scipy.special.gammaln 1.17.1
    [0.5, 0.5723649429247],
    [1, 0],
    [7.3, 7.147892523022249],
    [1000.5, 5908.674175848678],
  ])('of %f: as scipy', (value, expected) => {
    expect(logGamma(value)).toBeCloseTo(expected, 10);
  });
});
