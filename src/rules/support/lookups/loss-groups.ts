import { at, milliseconds, nanoseconds, type Duration, type Timestamp } from '../../../base/time.ts';
import type { Lookup } from '../../../model/lookup.ts';
import { Delays } from '../delays.ts';
import { addLossCounts, createLossCounts, type LossCounts } from './loss-counts.ts';
import type { FamilyFault } from './family-fault.ts';
import { lossPackets, type LossAnalysis, type LossShape } from './loss-shape.ts';
import type { Send } from './sends.ts';
import { createSilence, type Silence } from './silence.ts';
import { countResolver, type SeenResolver } from './seen-resolvers.ts';
import { lookupTally, type LookupTally } from '../tally.ts';

// More pods than any cluster DNS runs; what is beyond is not told apart.
const MAX_BACKENDS = 64;

/** One of those behind a server's address, as a node's capture shows them. */
export interface BackendRecord {
  readonly address: string;
  queries: number;
  answered: number;
}

/** What was seen of one server address in one input. */
export interface ServerRecord extends Silence {
  readonly input: number;
  readonly server: string;
  /** Plain lookups of one pair: most of all, so only counted, and added to the rest by {@link settlePairs}. */
  plainPairs: number;
  lookups: number;
  /** The lookup that was counted last, so that each counts once. */
  countedAt: number;
  queries: number;
  answered: number;
  /** Good answers by family: A and AAAA. */
  answeredA: number;
  answeredAaaa: number;
  unreachable: number;
  /** Changes between lookups that lost something and lookups that did not: an outage has two. */
  alternations: number;
  lastWasLossy: boolean;
  /** The one port from which all queries without an answer came: null before any, 0 where there are several. */
  deadPort: number | null;
  /** Queries from it, when the first and the last was sent… */
  deadPortQueries: number;
  deadFrom: Timestamp;
  deadUntil: Timestamp;
  /** …and queries from other ports in between that were answered, of the lookups that began later. */
  heardBeside: number;
  /** The port of the newest answer. */
  heardPort: number;
  /** What the plain lookups say; those with losses are counted by {@link LossGroup}. */
  readonly counts: LossCounts;
  /** Delays of answers that came in time… */
  readonly delays: Delays;
  /** …and of those that came after the question was asked again, the longest. */
  slowestLate: number;
  readonly backends: Map<string, BackendRecord>;
}

/** Lookups of one client at one server whose losses look alike. */
export interface LossGroup {
  readonly input: number;
  readonly client: string;
  readonly server: string;
  /** Where the DNAT sent what was lost; null where that differs or can't be seen. */
  readonly backend: string | null;
  readonly shape: LossShape;
  readonly family: FamilyFault | null;
  readonly counts: LossCounts;
  readonly tally: LookupTally;
  /** Lookups that ended without an answer. */
  errors: number;
  /** Lookups whose end the capture does not show: they cost what was seen, and more. */
  openEnded: number;
  /** Those of them that may still ask again, or be answered, when the capture ends. */
  pending: number;
  /** When the first of them began. */
  firstAt: Timestamp;
  /** Lookups that asked again for want of this server's answer: the others prove only that the capture has none. */
  missed: number;
  /** After how long its client asks again ({@link Lookup.chosenWait}), as the last of them knew it. */
  chosenWait: Duration | null;
  /** Lost queries, and those of them that were seen before the DNAT only. */
  lost: number;
  lostBeforeDnat: number;
  /** By name and detail. */
  readonly resolvers: SeenResolver[];
}

export const createServerRecord = (input: number, server: string): ServerRecord => ({
  input,
  server,
  plainPairs: 0,
  lookups: 0,
  countedAt: 0,
  queries: 0,
  answered: 0,
  answeredA: 0,
  answeredAaaa: 0,
  ...createSilence(),
  unreachable: 0,
  alternations: 0,
  lastWasLossy: false,
  deadPort: null,
  deadPortQueries: 0,
  deadFrom: at(Infinity),
  deadUntil: at(-Infinity),
  heardBeside: 0,
  heardPort: 0,
  counts: createLossCounts(),
  delays: new Delays(),
  slowestLate: 0,
  backends: new Map(),
});

export const createLossGroup = (
  { input }: Lookup,
  client: string,
  { server, backend, shape }: LossAnalysis,
  family: FamilyFault | null,
): LossGroup => ({
  input,
  client,
  server,
  backend,
  shape,
  family,
  counts: createLossCounts(),
  tally: lookupTally(),
  errors: 0,
  openEnded: 0,
  pending: 0,
  firstAt: at(Infinity),
  missed: 0,
  chosenWait: null,
  lost: 0,
  lostBeforeDnat: 0,
  resolvers: [],
});

/** One query that a node's capture saw behind the DNAT. */
export function countBackend(record: ServerRecord, address: string, answered: boolean): void {
  let backend = record.backends.get(address);
  if (backend === undefined) {
    if (record.backends.size >= MAX_BACKENDS) return;
    backend = { address, queries: 0, answered: 0 };
    record.backends.set(address, backend);
  }
  backend.queries++;
  if (answered) backend.answered++;
}

export const slowestOf = ({ delays, slowestLate }: ServerRecord): Duration =>
  nanoseconds(Math.max(delays.max, slowestLate));

/** Brings all counts up to date. */
export function settlePairs(record: ServerRecord): void {
  const { plainPairs, counts } = record;
  if (plainPairs === 0) return;
  record.plainPairs = 0;
  record.lookups += plainPairs;
  record.queries += 2 * plainPairs;
  record.answered += 2 * plainPairs;
  record.answeredA += plainPairs;
  record.answeredAaaa += plainPairs;
  counts.askedA += plainPairs;
  counts.askedAaaa += plainPairs;
  counts.pairsFine += plainPairs;
  counts.freshSent += plainPairs;
  counts.followingSent += plainPairs;
  counts.flowsFine += plainPairs;
}

/** What an answer would have taken; a millisecond, as from a cache in the cluster, where none was seen. */
export const usualDelay = (server: ServerRecord): Duration =>
  server.delays.count > 0 ? server.delays.quantile(0.5) : milliseconds(1);

/** One more lookup whose losses lie as those of the group. */
export function addLookup(group: LossGroup, lookup: Lookup, analysis: LossAnalysis, usual: Duration): void {
  addLossCounts(group.counts, analysis.counts);
  // Even with the cause gone the question would take as long as answers do.
  const cost = nanoseconds(Math.max(0, Math.min(costOf(analysis), lookup.duration - usual)));
  group.tally.add(lookup, cost, () => lossPackets(analysis));
  if (analysis.failed || analysis.familyFailed) group.errors++;
  if (lookup.durationIsLowerBound) group.openEnded++;
  if (analysis.pending) group.pending++;
  if (lookup.startedAt < group.firstAt) group.firstAt = lookup.startedAt;
  if (analysis.sends.some((send) => send.attempt.server === analysis.server && isMissed(send))) group.missed++;
  group.chosenWait = lookup.chosenWait ?? group.chosenWait;
  group.lost += analysis.lost;
  group.lostBeforeDnat += analysis.lostBeforeDnat;
  countResolver(group.resolvers, lookup, 1);
}

const isMissed = ({ fate, askedAgain }: Send): boolean => askedAgain && fate !== 'answered';

/** What the caller would not have waited with the cause gone. */
function costOf(analysis: LossAnalysis): Duration {
  if (analysis.shape === 'late') return analysis.lateTime;
  if (analysis.shape === 'answered') return analysis.refusedTime;
  return analysis.lostTime;
}

/** Answered: that port gets answers. */
export function countHeard(record: ServerRecord, port: number, sentAt: Timestamp): void {
  record.heardPort = port;
  if (record.deadPort === port) record.deadPort = 0;
  else if (sentAt > record.deadFrom && sentAt < record.deadUntil) record.heardBeside++;
}

/** Not answered: whether its port is the only one that gets no answers, and never got one. */
export function countLost(record: ServerRecord, port: number, sentAt: Timestamp): void {
  record.deadPort ??= port === record.heardPort ? 0 : port;
  if (record.deadPort !== port) {
    record.deadPort = 0;
    return;
  }
  record.deadPortQueries++;
  if (sentAt < record.deadFrom) record.deadFrom = sentAt;
  if (sentAt > record.deadUntil) record.deadUntil = sentAt;
}

/** Lookups that nobody has asked again for when the capture ends: their answers may come yet. */
export const stillOpen = (groups: readonly LossGroup[]): number =>
  groups.reduce((sum, { openEnded, missed }) => sum + Math.max(0, openEnded - missed), 0);

// Three late answers are no coincidence of one packet on its way.
const SEVERAL_LATE = 3;

/** The server answers after the question is asked again: a few answers that are not seen may be later still. */
export const answersLate = (groups: readonly LossGroup[]): boolean =>
  groups.reduce((sum, { shape, tally }) => sum + (shape === 'late' ? tally.count : 0), 0) >= SEVERAL_LATE;
