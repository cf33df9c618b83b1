import { Distribution } from '../base/distribution.ts';
import { toSeconds, at } from '../base/time.ts';
import type { Diagnosis } from '../model/diagnosis.ts';
import type { Input } from '../model/input.ts';
import { toLookupRow } from '../model/lookup-row.ts';
import {
  CONFIDENCES,
  copyLookup,
  type Confidence,
  type Lookup,
  type Outcome,
  type ResolverName,
} from '../model/lookup.ts';

// What somebody opens after the verdict; each is kept whole.
const MAX_SLOWEST = 5;
// A handful of programs share a pod, a few dozen a node; details beyond are added to their name.
const MAX_RESOLVERS = 32;

// NODATA is an answer (the name has no address of that family), and an incomplete lookup may yet succeed.
const FAILED: ReadonlySet<Outcome> = new Set<Outcome>(['nxdomain', 'servfail', 'refused', 'timeout']);

interface ResolverCount {
  name: ResolverName;
  detail: string | null;
  lookups: number;
  confidence: Confidence;
  because: string;
}

export interface Statistics {
  readonly latency: Distribution;
  lookup(lookup: Lookup): void;
  row(inputs: readonly Input[]): Omit<Diagnosis['lookups'], 'leftOut'>;
}

/** Counts all lookups: their latency, their resolvers, the slowest few. Bounded; allocates for the slowest only. */
export function createStatistics(): Statistics {
  const latency = new Distribution();
  const resolvers: ResolverCount[] = [];
  const slowest: Lookup[] = [];
  let failed = 0;
  let last: ResolverCount | null = null;
  // What a lookup must exceed to be among the slowest.
  let threshold = -1;

  const resolverOf = (lookup: Lookup): ResolverCount => {
    const { resolver: name, resolverDetail: detail } = lookup;
    const known = resolvers.find((one) => one.name === name && one.detail === detail);
    if (known !== undefined) return known;
    const full = resolvers.length >= MAX_RESOLVERS;
    const bare = full ? resolvers.find((one) => one.name === name && one.detail === null) : undefined;
    if (bare !== undefined) return bare;
    const added: ResolverCount = {
      name,
      detail: full ? null : detail,
      lookups: 0,
      confidence: lookup.resolverConfidence,
      because: lookup.resolverBecause,
    };
    resolvers.push(added);
    return added;
  };

  const keepSlow = (lookup: Lookup): void => {
    const place = slowest.findIndex((known) => lookup.duration > known.duration);
    slowest.splice(place < 0 ? slowest.length : place, 0, copyLookup(lookup));
    if (slowest.length > MAX_SLOWEST) slowest.pop();
    if (slowest.length === MAX_SLOWEST) threshold = slowest.at(-1)?.duration ?? threshold;
  };

  return {
    latency,
    lookup(lookup) {
      latency.add(lookup.duration);
      if (lookup.outcome !== 'ok' && FAILED.has(lookup.outcome)) failed++;
      // Neighbours mostly share their resolver.
      if (last === null || last.name !== lookup.resolver || last.detail !== lookup.resolverDetail) {
        last = resolverOf(lookup);
      }
      last.lookups++;
      if (lookup.resolverConfidence !== last.confidence && isSurer(lookup.resolverConfidence, last.confidence)) {
        last.confidence = lookup.resolverConfidence;
        last.because = lookup.resolverBecause;
      }
      if (lookup.duration > threshold) keepSlow(lookup);
    },
    row: (inputs) => ({
      count: latency.count,
      failed,
      latency: latencyRow(latency),
      resolvers: resolvers.toSorted((a, b) => b.lookups - a.lookups),
      slowest: slowest.map((lookup) => toLookupRow(lookup, inputs)),
    }),
  };
}

const isSurer = (one: Confidence, other: Confidence): boolean => CONFIDENCES.indexOf(one) < CONFIDENCES.indexOf(other);

const latencyRow = (latency: Distribution): Diagnosis['lookups']['latency'] => ({
  p50Seconds: toSeconds(latency.quantile(0.5)),
  p90Seconds: toSeconds(latency.quantile(0.9)),
  p99Seconds: toSeconds(latency.quantile(0.99)),
  maxSeconds: toSeconds(latency.max),
  totalSeconds: toSeconds(at(latency.total)),
  histogram: latency.histogram().map(([lower, count]) => [toSeconds(at(lower)), count]),
});
