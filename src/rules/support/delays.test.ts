import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Delays } from './delays.ts';

describe('delays', () => {
  it('knows the largest exactly and a quantile to a quarter', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 10_000, max: 60_000_000_000 }), { minLength: 1 }),
        fc.constantFrom(0.5, 0.9, 1),
        (values, share) => {
          const delays = new Delays();
          for (const value of values) delays.add(value);
          const exact = values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] as number;
          expect(delays.max).toBe(Math.max(...values));
          expect(delays.quantile(share)).toBeGreaterThan(exact * 0.75);
          expect(delays.quantile(share)).toBeLessThan(exact * 1.25);
        },
      ),
    );
  });

  it('counts what lies between two', () => {
    const delays = new Delays();
    for (const ms of [1, 10, 12, 20, 60]) delays.add(ms * 1e6);
    expect(delays.between(8e6, 30e6)).toBe(3);
    expect(delays.between(30e6, 50e6)).toBe(0);
  });

  it('is nothing while empty, and takes what lies', () => {
    const delays = new Delays();
    expect(delays.quantile(0.5)).toBe(0);
    delays.add(-5);
    delays.add(1e18);
    expect(delays.count).toBe(2);
    expect(delays.max).toBe(1e18);
  });
});
