import { Distribution } from '../base/distribution.ts';
import { nanoseconds, toSeconds } from '../base/time.ts';
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
import { latencyRow } from './latency-row.ts';
import { createSlowest } from './slowest.ts';

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

export interface LookupStatistics {
  readonly latency: Distribution;
  lookup(lookup: Lookup): void;
  row(inputs: readonly Input[]): Omit<Diagnosis['lookups'], 'leftOut'>;
}

/** Counts all lookups: their latency, their resolvers, the slowest few. Bounded; allocates for the slowest only. */
export function createLookupStatistics(): LookupStatistics {
  const latency = new Distribution();
  const resolvers: ResolverCount[] = [];
  const slowest = createSlowest(copyLookup);
  let failed = 0;
  let open = 0;
  let slowestOfOthers = nanoseconds(0);
  let last: ResolverCount | null = null;

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

  return {
    latency,
    lookup(lookup) {
      latency.add(lookup.duration);
      if (lookup.endBecause === 'captureEnd') open++;
      else if (lookup.duration > slowestOfOthers) slowestOfOthers = lookup.duration;
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
      slowest.add(lookup, lookup.duration);
    },
    row: (inputs) => ({
      count: latency.count,
      failed,
      latency: latencyRow(latency),
      resolvers: resolvers.toSorted((a, b) => b.lookups - a.lookups),
      slowest: slowest.rows().map((lookup) => toLookupRow(lookup, inputs)),
      ...(open === 0 ? {} : { openAtEnd: { count: open, slowestOfOthersSeconds: toSeconds(slowestOfOthers) } }),
    }),
  };
}

const isSurer = (one: Confidence, other: Confidence): boolean => CONFIDENCES.indexOf(one) < CONFIDENCES.indexOf(other);
