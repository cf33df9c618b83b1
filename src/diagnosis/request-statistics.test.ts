import { describe, expect, it } from 'vitest';
import { milliseconds } from '../base/time.ts';
import type { Request } from '../model/request.ts';
import { exchangeOf, inputOf, requestOf, waitOf } from '../model/testing/rows.ts';
import { createFacts } from '../rules/support/facts.ts';
import { traffic } from '../rules/support/traffic.ts';
import { createRequestStatistics } from './request-statistics.ts';

const NOBODY = { veils: () => [] };

function rowOf(requests: readonly Request[]) {
  const statistics = createRequestStatistics(createFacts().of(traffic).routes, NOBODY);
  for (const request of requests) statistics.request(request);
  return statistics.row([inputOf()]);
}

const request = (index: number, tookMs: number, queueMs: number, callMs: number): Request =>
  requestOf({
    id: `0.r${index}`,
    duration: milliseconds(tookMs),
    waits: [
      ...(queueMs > 0 ? [waitOf({ reason: 'queue', to: 'm:80', duration: milliseconds(queueMs) })] : []),
      waitOf({ to: 'u:80', duration: milliseconds(callMs) }),
    ],
  });

describe('statistics of requests', () => {
  it('tell where the time went, dearest first; shares sum to one', () => {
    const row = rowOf([request(1, 100, 60, 20), request(2, 100, 70, 20)]);
    expect(row).toMatchObject({ count: 2, ambiguous: 0, latency: { p50Seconds: 0.1, totalSeconds: 0.2 } });
    expect(row.breakdown.map(({ reason, to, totalSeconds, requests }) => [reason, to, totalSeconds, requests])).toEqual(
      [
        ['queue', 'm:80', 0.13, 2],
        ['upstream', 'u:80', 0.04, 2],
        ['own', null, 0.03, 2],
      ],
    );
    expect(row.breakdown.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
  });

  it('tell what slow ones have that fast ones do not', () => {
    const fast = Array.from({ length: 45 }, (_, index) => request(index, 30, 0, 20));
    const slow = Array.from({ length: 6 }, (_, index) => request(100 + index, 500, 450, 20));
    const [first] = rowOf([...fast, ...slow]).slowAgainstFast;
    expect(first).toMatchObject({ reason: 'queue', to: 'm:80', fastSeconds: 0 });
    expect(first?.slowSeconds).toBeCloseTo(0.45, 9);
  });

  it('find nothing in slow ones where all take alike, or where there are few', () => {
    const alike = Array.from({ length: 50 }, (_, index) => request(index, 100, 60, 20));
    expect(rowOf(alike).slowAgainstFast).toEqual([]);
    expect(rowOf([request(1, 10, 0, 5), request(2, 500, 450, 5)]).slowAgainstFast).toEqual([]);
  });

  it('keep the slowest whole, slowest first, and count the ambiguous', () => {
    const all = Array.from({ length: 30 }, (_, index) => ({
      ...request(index, 50 + index, 0, 20),
      ambiguous: index < 3,
    }));
    const row = rowOf(all);
    expect(row.ambiguous).toBe(3);
    expect(row.slowest[0]).toMatchObject({ id: '0.r29', durationSeconds: 0.079 });
    expect(row.slowest.map(({ durationSeconds }) => durationSeconds)).toEqual(
      row.slowest.map(({ durationSeconds }) => durationSeconds).toSorted((a, b) => b - a),
    );
  });

  it('know a client’s own call by its exchange, and no other request', () => {
    const { routes } = createFacts().of(traffic);
    const statistics = createRequestStatistics(routes, NOBODY);
    const took = { duration: milliseconds(8), critical: milliseconds(8) };
    const tell = (id: string, to: string, ref = id): void => {
      routes.add(exchangeOf({ id }));
      const waits = [waitOf({ to, ref, ...took })];
      statistics.request(requestOf({ exchange: id, duration: milliseconds(8), own: milliseconds(0), waits }));
    };
    for (const id of ['first', 'second', 'third']) tell(id, 'a:80');
    tell('served', 'b:80', 'another');
    expect(statistics.row([inputOf()]).breakdown.map(({ to, requests }) => [to, requests])).toEqual([
      ['a:80', 3],
      ['b:80', 1],
    ]);
  });
});
