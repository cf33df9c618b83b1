import { describe, expect, it } from 'vitest';
import { chanceOfAtLeast, UNLIKELY } from './binomial.ts';

describe('chanceOfAtLeast', () => {
  it('is a coin tossed five times', () => {
    expect(chanceOfAtLeast(5, 5, 0.5)).toBeCloseTo(UNLIKELY, 12);
    expect(chanceOfAtLeast(4, 5, 0.5)).toBeCloseTo(6 / 32, 12);
    expect(chanceOfAtLeast(0, 5, 0.5)).toBe(1);
    expect(chanceOfAtLeast(6, 5, 0.5)).toBe(0);
  });

  it('holds at the ends', () => {
    expect(chanceOfAtLeast(1, 10, 0)).toBe(0);
    expect(chanceOfAtLeast(1, 10, 1)).toBe(1);
  });

  it('does not underflow with many trials', () => {
    expect(chanceOfAtLeast(5000, 10_000, 0.5)).toBeCloseTo(0.504, 3);
    expect(chanceOfAtLeast(120, 100_000, 0.001)).toBeCloseTo(0.0281, 2);
  });
});
