import { describe, expect, it } from 'vitest';
import { milliseconds, nanoseconds, toSeconds } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
import { atMs, exchangeOf } from '../../../model/testing/rows.ts';
import { createContrast } from './contrast.ts';
import { createFacts } from '../facts.ts';
import { traffic } from '../traffic.ts';
import { kindOf } from '../usual.ts';

/** Durations in milliseconds, one exchange a second. */
function contrastOf(durations: readonly (number | readonly [number, Partial<Exchange>])[]) {
  const seen = createFacts().of(traffic);
  const contrast = createContrast(seen, { least: milliseconds(50), factor: 5 });
  for (const [index, one] of durations.entries()) {
    const [ms, parts] = typeof one === 'number' ? [one, {}] : one;
    const row = exchangeOf({ id: `0.e${index}`, startedAt: atMs(index * 1000), duration: milliseconds(ms), ...parts });
    seen.exchange(row);
    contrast.add(row, row.duration, ({ packets }) => packets);
  }
  return { seen, contrast, found: contrast.standingOut() };
}

/** As many as there are of this many quantiles of a lognormal distribution, in milliseconds, in any order. */
function lognormal(count: number, median: number, sigma: number): number[] {
  const values: number[] = [];
  for (let index = 0; index < count; index++) {
    values.push(median * Math.exp(sigma * normalQuantile((index + 0.5) / count)));
  }
  return values;
}

/** By halving: the error function's series is enough for it. */
function normalQuantile(share: number): number {
  let [low, high] = [-6, 6];
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2;
    if (normalShare(middle) < share) low = middle;
    else high = middle;
  }
  return low;
}

/** Of a normal distribution below so many standard deviations: Abramowitz and Stegun 26.2.10. */
function normalShare(deviations: number): number {
  let [term, sum] = [deviations, deviations];
  for (let n = 1; n < 200; n++) {
    term *= -(deviations ** 2) / (2 * n);
    sum += term / (2 * n + 1);
  }
  return 0.5 + sum / Math.sqrt(2 * Math.PI);
}

const times = (count: number, ms: number, parts: Partial<Exchange> = {}): [number, Partial<Exchange>][] =>
  Array.from({ length: count }, () => [ms, parts]);

describe('contrast', () => {
  it('finds what takes far longer than others of its kind, and what that costs', () => {
    const { found } = contrastOf([...times(10, 4), 304, ...times(10, 4), 204, 2004]);
    expect(found).toHaveLength(1);
    const [{ tally, kind, usual, of, lastAt }] = found as [(typeof found)[0]];
    expect({ kind, of, count: tally.count, lastAt }).toEqual({
      kind: 'GET /api/items',
      of: 23,
      count: 3,
      lastAt: atMs(22_000),
    });
    // The median is told to an eighth of a power of two.
    expect(toSeconds(usual)).toBeCloseTo(0.004, 3);
    expect(tally.costs.total).toBe(milliseconds(304 + 204 + 2004) - 3 * usual);
    expect(tally.affected.total).toBe(milliseconds(304 + 204 + 2004));
    expect(tally.relieved.total).toBe(3 * usual);
    expect(tally.examples.map(({ row }) => row.id)).toEqual(['0.e22', '0.e10', '0.e21']);
    expect([...tally.occurrences].map(({ cost }) => cost + usual)).toEqual([304, 204, 2004].map((ms) => ms * 1e6));
  });

  it('finds what stands apart from others that are late, too', () => {
    const { found } = contrastOf([...times(60, 12), ...times(20, 25), ...times(6, 40), 262]);
    expect(found.map(({ tally }) => tally.count)).toEqual([1]);
  });

  it('finds what stands apart from a tail', () => {
    const { found } = contrastOf([...lognormal(600, 20, 0.9), ...times(8, 1500)]);
    expect(found.map(({ tally }) => tally.count)).toEqual([8]);
  });

  it.each([
    ['a heavy tail', lognormal(300, 20, 0.9)],
    ['a heavy tail of few', lognormal(40, 30, 1)],
    ['a few of a tail that lie apart', [...lognormal(600, 20, 0.9), ...times(4, 1500)]],
    ['the thin end of a tail', [...times(60, 12), ...times(20, 25), ...times(6, 40), 62]],
    ['steady slowness', times(20, 300)],
    ['what is five times as long, but short', [...times(20, 4), 40]],
    ['what is long, but no five times as long', [...times(20, 40), 120]],
    ['a path that is slow by itself', [...times(20, 4), ...times(6, 900, { path: '/report' })]],
    ['a path that is too seldom to know', [...times(20, 4), ...times(3, 4, { path: '/new' }), [900, { path: '/new' }]]],
    ['a server that is slow by itself', [...times(20, 4), ...times(6, 900, { server: '10.96.0.9' })]],
  ] as const)('does not find %s', (_, durations) => {
    expect(contrastOf(durations).found).toEqual([]);
  });

  it('tells clients apart, which share what is usual', () => {
    const { found } = contrastOf([
      ...times(10, 4),
      [900, { client: '10.0.0.1' }],
      [900, { client: '10.0.0.2' }],
      [1900, { client: '10.0.0.2' }],
    ]);
    expect(found.map(({ client, tally, of }) => [client, tally.count, of])).toEqual([
      ['10.0.0.1', 1, 13],
      ['10.0.0.2', 2, 13],
    ]);
  });

  it('sees in the end what was usual, wherever it lay in the capture', () => {
    expect(contrastOf([...times(8, 900), ...times(20, 4)]).found[0]?.tally.count).toBe(8);
  });

  it('says what is usual for an exchange', () => {
    const { contrast } = contrastOf(times(10, 4));
    expect(toSeconds(contrast.usual.of(exchangeOf()) ?? nanoseconds(0))).toBeCloseTo(0.004, 3);
    expect(contrast.usual.of(exchangeOf({ path: '/other' }))).toBeNull();
    expect(contrast.usual.count()).toBe(10);
  });

  it('stays within its bounds, however many kinds there are', () => {
    const many = Array.from({ length: 3000 }, (_, index) => [900, { path: `/x/${index}` }] as const);
    const { found } = contrastOf([...times(10, 4), 900, ...many]);
    expect(found).toHaveLength(1);
  });

  it('names databases by their protocol', () => {
    expect(kindOf(exchangeOf({ protocol: 'postgresql', method: 'SELECT', path: '' }))).toBe('postgresql SELECT');
  });
});
