import { Distribution } from '../base/distribution.ts';
import { at, toSeconds, type Duration } from '../base/time.ts';
import type { Diagnosis } from '../model/diagnosis.ts';
import type { Input } from '../model/input.ts';
import { breakdownOf, copyRequest, type Request, type Share } from '../model/request.ts';
import { toRequestRow } from '../model/request-row.ts';
import { latencyRow } from './latency-row.ts';
import { createSlowest } from './slowest.ts';

// Reasons times peers: what one service calls is a few dozen.
const MAX_SHARES = 128;
// Slow and fast ones are told apart where there are enough of each.
const LEAST_COMPARED = 20;
/** The slowest tenth against the faster half. */
const SLOW_QUANTILE = 0.9;
const FAST_QUANTILE = 0.5;

interface Sum {
  readonly reason: Share['reason'];
  readonly to: string;
  readonly each: Distribution;
  /** Of slow and of fast requests; which is which shows only as they come. */
  readonly byDuration: Map<number, number>;
}

export interface RequestStatistics {
  readonly latency: Distribution;
  request(request: Request): void;
  row(inputs: readonly Input[]): Diagnosis['requests'];
}

// Requests are put into so many classes of duration, each 10 % longer than the one before.
const CLASS_BASE = Math.log(1.1);
const classOf = (duration: Duration): number => Math.round(Math.log(Math.max(1, duration)) / CLASS_BASE);

/** Counts all requests: how long they took, and what for. Bounded. */
export function createRequestStatistics(): RequestStatistics {
  const latency = new Distribution();
  /** By peer, then by reason: no key is made for each request. */
  const sums = new Map<string, Map<Share['reason'], Sum>>();
  let sumCount = 0;
  const classes = new Map<number, number>();
  const slowest = createSlowest(copyRequest);
  let ambiguous = 0;

  function sumOf({ reason, to }: Share): Sum | null {
    const ofPeer = sums.get(to) ?? new Map<Share['reason'], Sum>();
    const known = ofPeer.get(reason);
    if (known !== undefined) return known;
    if (sumCount++ >= MAX_SHARES) return null;
    const sum = { reason, to, each: new Distribution(), byDuration: new Map<number, number>() };
    ofPeer.set(reason, sum);
    sums.set(to, ofPeer);
    return sum;
  }

  const allSums = (): Sum[] => [...sums.values()].flatMap((ofPeer) => [...ofPeer.values()]);

  function slowAgainstFast(): Diagnosis['requests']['slowAgainstFast'] {
    if (latency.count < LEAST_COMPARED) return [];
    const slowFrom = classOf(latency.quantile(SLOW_QUANTILE));
    const fastUntil = classOf(latency.quantile(FAST_QUANTILE));
    if (slowFrom <= fastUntil) return [];
    const isSlow = (one: number): boolean => one >= slowFrom;
    const isFast = (one: number): boolean => one <= fastUntil;
    const slow = sumIn(classes, isSlow);
    const fast = sumIn(classes, isFast);
    return allSums()
      .map((sum) => ({
        reason: sum.reason,
        to: sum.to === '' ? null : sum.to,
        slowSeconds: toSeconds(at(sumIn(sum.byDuration, isSlow) / Math.max(1, slow))),
        fastSeconds: toSeconds(at(sumIn(sum.byDuration, isFast) / Math.max(1, fast))),
      }))
      .toSorted((a, b) => b.slowSeconds - b.fastSeconds - (a.slowSeconds - a.fastSeconds))
      .slice(0, MAX_NAMED);
  }

  return {
    latency,
    request(request) {
      latency.add(request.duration);
      if (request.ambiguous) ambiguous++;
      slowest.add(request, request.duration);
      const own = classOf(request.duration);
      classes.set(own, (classes.get(own) ?? 0) + 1);
      for (const share of breakdownOf(request)) {
        const sum = sumOf(share);
        if (sum === null) continue;
        sum.each.add(share.duration);
        sum.byDuration.set(own, (sum.byDuration.get(own) ?? 0) + share.duration);
      }
    },
    row: (inputs) => ({
      count: latency.count,
      ambiguous,
      latency: latencyRow(latency),
      breakdown: allSums()
        .map(({ reason, to, each }) => ({
          reason,
          to: to === '' ? null : to,
          requests: each.count,
          totalSeconds: toSeconds(at(each.total)),
          share: latency.total > 0 ? each.total / latency.total : 0,
          p50Seconds: toSeconds(each.quantile(0.5)),
          p90Seconds: toSeconds(each.quantile(0.9)),
          p99Seconds: toSeconds(each.quantile(0.99)),
        }))
        .filter(({ totalSeconds }) => totalSeconds > 0)
        .toSorted((a, b) => b.totalSeconds - a.totalSeconds)
        .slice(0, MAX_NAMED),
      slowAgainstFast: slowAgainstFast(),
      slowest: slowest.rows().map((request) => toRequestRow(request, inputs)),
    }),
  };
}

const sumIn = (byClass: ReadonlyMap<number, number>, isIn: (one: number) => boolean): number =>
  [...byClass].reduce((sum, [one, value]) => sum + (isIn(one) ? value : 0), 0);

// The dearest are what a reader looks at.
const MAX_NAMED = 16;
