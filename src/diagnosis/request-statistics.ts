import { Distribution } from '../base/distribution.ts';
import { at, nanoseconds, toSeconds, type Duration } from '../base/time.ts';
import type { Diagnosis } from '../model/diagnosis.ts';
import type { Input } from '../model/input.ts';
import { breakdownOf, copyRequest, type Request, type Share, type Wait } from '../model/request.ts';
import { toRequestRow } from '../model/request-row.ts';
import type { OwnTimes } from '../rules/support/requests/own-times.ts';
import type { Routes } from '../rules/support/routes.ts';
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
  /** By class of the request's duration: which are slow and which are fast shows only as they come. */
  readonly byClass: Float64Array;
}

export interface RequestStatistics {
  readonly latency: Distribution;
  request(request: Request): void;
  row(inputs: readonly Input[]): Diagnosis['requests'];
}

// Requests are put into so many classes of duration, each 10 % longer than the one before.
const CLASS_BASE = Math.log(1.1);
const classOf = (duration: Duration): number => Math.round(Math.log(Math.max(1, duration)) / CLASS_BASE);
// Times are exact up to 2^53 ns: nothing lasts longer.
const CLASSES = classOf(nanoseconds(Number.MAX_SAFE_INTEGER)) + 1;

/** Counts all requests: how long they took, and what for. Bounded. */
export function createRequestStatistics(routes: Routes, ownOf: Pick<OwnTimes, 'veils'>): RequestStatistics {
  const latency = new Distribution();
  /** By peer: no key is made for each request. */
  const sums = new Map<string, Sum[]>();
  const byRoute: (Sum | null | undefined)[] = [];
  let sumCount = 0;
  const classes = new Float64Array(CLASSES);
  const slowest = createSlowest(copyRequest);
  let ambiguous = 0;

  function sumOf(reason: Share['reason'], to: string): Sum | null {
    const ofPeer = sums.get(to);
    if (ofPeer !== undefined) for (const sum of ofPeer) if (sum.reason === reason) return sum;
    if (sumCount++ >= MAX_SHARES) return null;
    const sum = { reason, to, each: new Distribution(), byClass: new Float64Array(CLASSES) };
    if (ofPeer === undefined) sums.set(to, [sum]);
    else ofPeer.push(sum);
    return sum;
  }

  /** Of a request that waited for one thing alone: mostly a client's own call, which was told as an exchange just before. */
  function sumOfOnly(request: Request, wait: Wait): Sum | null {
    const route = wait.ref === request.exchange ? routes.of(wait.ref) : null;
    if (route === null) return sumOf(wait.reason, wait.to);
    const known = byRoute[route.place];
    return known === undefined ? (byRoute[route.place] = sumOf(wait.reason, wait.to)) : known;
  }

  function count(sum: Sum | null, duration: Duration, ofClass: number): void {
    if (sum === null) return;
    sum.each.add(duration);
    sum.byClass[ofClass]! += duration;
  }

  const allSums = (): Sum[] => [...sums.values()].flat();

  function slowAgainstFast(): Diagnosis['requests']['slowAgainstFast'] {
    if (latency.count < LEAST_COMPARED) return [];
    const slowFrom = classOf(latency.quantile(SLOW_QUANTILE));
    const fastUntil = classOf(latency.quantile(FAST_QUANTILE));
    if (slowFrom <= fastUntil) return [];
    const slowUntil = classOf(latency.max) + 1;
    const slow = sumIn(classes, slowFrom, slowUntil);
    const fast = sumIn(classes, 0, fastUntil + 1);
    return allSums()
      .map((sum) => ({
        reason: sum.reason,
        to: sum.to === '' ? null : sum.to,
        slowSeconds: toSeconds(at(sumIn(sum.byClass, slowFrom, slowUntil) / Math.max(1, slow))),
        fastSeconds: toSeconds(at(sumIn(sum.byClass, 0, fastUntil + 1) / Math.max(1, fast))),
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
      const ofClass = Math.min(classOf(request.duration), CLASSES - 1);
      classes[ofClass]!++;
      const { waits, own } = request;
      // Nearly all of a client's calls waited for their answer alone: no list of shares is made for them.
      const only = waits.length === 1 ? waits[0] : undefined;
      if (only !== undefined && only.critical > 0 && !(own > 0))
        return count(sumOfOnly(request, only), only.critical, ofClass);
      for (const { reason, to, duration } of breakdownOf(request)) count(sumOf(reason, to), duration, ofClass);
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
      unread: ownOf.veils().map(({ service, servers }) => ({ service, servers: [...servers] })),
    }),
  };
}

function sumIn(byClass: Float64Array, from: number, until: number): number {
  let sum = 0;
  for (let one = from; one < until; one++) sum += byClass[one] as number;
  return sum;
}

// The dearest are what a reader looks at.
const MAX_NAMED = 16;
