import { milliseconds, nanoseconds, type Duration } from '../../base/time.ts';
import type { Lookup } from '../../model/lookup.ts';
import { Delays } from './delays.ts';
import { addLossCounts, createLossCounts, type LossCounts } from './loss-counts.ts';
import { lossPackets, type FamilyFault, type LossAnalysis, type LossShape } from './loss-shape.ts';
import { countResolver, type SeenResolver } from './seen-resolvers.ts';
import { Tally } from './tally.ts';

/** Stands for all clients, servers or names beyond the bound. */
export const OTHERS = 'others';

/** What was seen of one server address in one input. */
export interface ServerRecord {
  readonly input: number;
  readonly server: string;
  lookups: number;
  /** The lookup that was counted last, so that each counts once. */
  countedAt: number;
  queries: number;
  answered: number;
  /** Answers by family: A and AAAA. */
  answeredA: number;
  answeredAaaa: number;
  /** Queries that were sent again, because nothing came: proof that no answer arrived. */
  askedAgain: number;
  unreachable: number;
  /** Changes between lookups that lost something and lookups that did not: an outage has two. */
  alternations: number;
  lastWasLossy: boolean;
  /** What the plain lookups say; those with losses are counted by {@link LossGroup}. */
  readonly counts: LossCounts;
  /** Delays of answers to plain lookups. */
  readonly delays: Delays;
}

/** Lookups of one client at one server whose losses look alike. */
export interface LossGroup {
  readonly input: number;
  readonly client: string;
  readonly server: string;
  readonly shape: LossShape;
  readonly family: FamilyFault | null;
  readonly counts: LossCounts;
  readonly tally: Tally;
  /** Lookups that ended without an answer. */
  errors: number;
  lostBeforeDnat: number;
  /** By name and detail. */
  readonly resolvers: Map<string, SeenResolver>;
}

export const createServerRecord = (input: number, server: string): ServerRecord => ({
  input,
  server,
  lookups: 0,
  countedAt: 0,
  queries: 0,
  answered: 0,
  answeredA: 0,
  answeredAaaa: 0,
  askedAgain: 0,
  unreachable: 0,
  alternations: 0,
  lastWasLossy: false,
  counts: createLossCounts(),
  delays: new Delays(),
});

/** What an answer would have taken; a millisecond, as from a cache in the cluster, where none was seen. */
export const usualDelay = (server: ServerRecord): Duration =>
  server.delays.count > 0 ? server.delays.quantile(0.5) : milliseconds(1);

/** One more lookup whose losses lie as those of the group. */
export function addLookup(group: LossGroup, lookup: Lookup, analysis: LossAnalysis, usual: Duration): void {
  addLossCounts(group.counts, analysis.counts);
  // Even with the cause gone the question would take as long as answers do.
  const cost = nanoseconds(Math.max(0, Math.min(costOf(analysis), lookup.duration - usual)));
  group.tally.add(lookup, cost, () => lossPackets(analysis));
  if (analysis.failed) group.errors++;
  group.lostBeforeDnat += analysis.lostBeforeDnat;
  countResolver(group.resolvers, lookup, 1);
}

/** What the caller would not have waited with the cause gone. */
function costOf(analysis: LossAnalysis): Duration {
  if (analysis.shape === 'late') return analysis.lateTime;
  if (analysis.shape === 'answered') return analysis.refusedTime;
  return analysis.lostTime;
}
