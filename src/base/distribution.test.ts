import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Distribution } from './distribution.ts';
import { nanoseconds } from './time.ts';

const of = (values: readonly number[]): Distribution => {
  const distribution = new Distribution();
  for (const value of values) distribution.add(nanoseconds(value));
  return distribution;
};

/** The same values often enough that buckets stand for them. */
const many = (values: readonly number[], times = 5000): number[] =>
  Array.from({ length: times }, (_, index) => values[index % values.length] as number);

const RELATIVE_ERROR = 0.008;
const value = fc.oneof(
  fc.integer({ min: 0, max: 1000 }),
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  fc.integer({ min: 0, max: 52 }).map((exponent) => 2 ** exponent),
  fc.integer({ min: 1, max: 53 }).map((exponent) => 2 ** exponent - 1),
);

describe('shifted', () => {
  it.each([
    ['exact', 100],
    ['coarse', 9000],
  ])('adds to each value, and goes no lower than zero (%s)', (_, count) => {
    const values = Array.from({ length: count }, (__, index) => 1e6 + index * 1e3);
    const distribution = new Distribution();
    for (const one of values) distribution.add(nanoseconds(one));
    const more = distribution.shifted(5e6);
    expect(more.count).toBe(count);
    expect(more.quantile(0.5)).toBeGreaterThan(0.99 * (distribution.quantile(0.5) + 5e6));
    expect(more.quantile(0.5)).toBeLessThan(1.01 * (distribution.quantile(0.5) + 5e6));
    expect(more.max).toBe(distribution.max + 5e6);
    expect(Math.abs(more.total - (distribution.total + count * 5e6))).toBeLessThan(0.01 * more.total);
    const none = distribution.shifted(-1e9);
    expect([none.count, none.max, none.total]).toEqual([count, 0, 0]);
    expect(distribution.max).toBe(values.at(-1));
  });
});

describe('a distribution', () => {
  it('is exact while small', () => {
    const distribution = of([5, 1, 3, 2, 4]);
    expect([0, 0.2, 0.5, 0.9, 1].map((share) => distribution.quantile(share))).toEqual([1, 1, 3, 5, 5]);
    expect(distribution.max).toBe(5);
    expect(distribution.total).toBe(15);
    expect(of([]).quantile(0.5)).toBe(0);
    expect(of([-7]).total).toBe(0);
  });

  it('counts, adds up and has its largest value at any time', () => {
    const steps = fc.array(fc.oneof(value, fc.constant('ask' as const)), { maxLength: 200 });
    fc.assert(
      fc.property(fc.constantFrom(0, 4090, 4097), steps, (before, then) => {
        const values = Array.from({ length: before }, (_, index) => index);
        const distribution = of(values);
        const other = new Distribution();
        for (const step of then) {
          if (step === 'ask') {
            expect(distribution.total).toBe(values.reduce((sum, one) => sum + one, 0));
            expect(distribution.max).toBe(Math.max(0, ...values));
          } else {
            distribution.add(nanoseconds(step));
            values.push(step);
          }
          expect(distribution.count).toBe(values.length);
        }
        other.addAll(distribution);
        expect([other.count, other.total, other.max]).toEqual([
          distribution.count,
          distribution.total,
          distribution.max,
        ]);
        expect(other.histogram()).toEqual(distribution.histogram());
        expect(other.histogram().reduce((sum, [, count]) => sum + count, 0)).toBe(values.length);
      }),
    );
  });

  it('stays within a hundredth of any value once coarse', () => {
    fc.assert(
      fc.property(value, (one) => {
        const distribution = of(many([one]));
        for (const share of [0.01, 0.5, 1]) {
          expect(Math.abs(distribution.quantile(share) - one)).toBeLessThanOrEqual(one * RELATIVE_ERROR);
        }
        const [[lower, count] = [Number.NaN, 0], ...others] = distribution.histogram();
        expect(others).toEqual([]);
        expect(count).toBe(5000);
        expect(lower).toBeLessThanOrEqual(one);
        expect(one - lower).toBeLessThanOrEqual(one * RELATIVE_ERROR);
      }),
      { numRuns: 50 },
    );
  });

  it('orders its buckets as the values are ordered', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const [lower, upper] = [Math.min(a, b), Math.max(a, b)];
        const bounds = of([lower, upper])
          .histogram()
          .map(([bound]) => bound);
        expect(bounds[0]).toBeLessThanOrEqual(lower);
        expect(bounds.at(-1)).toBeLessThanOrEqual(upper);
        expect(bounds).toEqual(bounds.toSorted((x, y) => x - y));
      }),
    );
  });

  it('adds up to that of all values, exact or coarse, and leaves the other one alone', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1e10), { maxLength: 20 }),
        fc.nat(1e10),
        fc.boolean(),
        fc.boolean(),
        (few, more, a, b) => {
          const one = a ? many([more]) : few;
          const other = b ? many([...few, more]) : [more];
          const sum = of(one);
          const added = of(other);
          sum.addAll(added);
          const both = of([...one, ...other]);
          for (const share of [0, 0.5, 0.9, 1]) {
            expect(Math.abs(sum.quantile(share) - both.quantile(share))).toBeLessThanOrEqual(
              both.quantile(share) * 0.01,
            );
          }
          expect([sum.count, sum.total, sum.max]).toEqual([both.count, both.total, both.max]);
          expect(added.count).toBe(other.length);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('may have values replaced, exactly or by bucket', () => {
    expect(
      of([1, 5, 5, 9])
        .replaced(of([5, 9]), of([2, 3]))
        .quantile(1),
    ).toBe(5);
    const replaced = of(many([1e6, 5e9])).replaced(of(many([5e9], 2500)), of(many([2e6], 2500)));
    expect(replaced.count).toBe(5000);
    expect(replaced.quantile(0.25)).toBeCloseTo(1e6, -5);
    expect(Math.abs(replaced.max - 2e6)).toBeLessThanOrEqual(2e6 * RELATIVE_ERROR);
    expect(of(many([7])).replaced(of(many([7])), of([])).max).toBe(0);
  });

  it('says by how much values are greater than one, exactly or by bucket', () => {
    expect(of([1, 5, 9]).beyond(4)).toBe(6);
    expect(of([1, 5, 9]).beyond(9)).toBe(0);
    const beyond = of(many([1e6, 5e6])).beyond(2e6);
    expect(Math.abs(beyond / (2500 * 3e6) - 1)).toBeLessThanOrEqual(2 * RELATIVE_ERROR);
  });
});
