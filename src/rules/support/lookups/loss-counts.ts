import { RR_TYPE, type Attempt, type ResolverName } from '../../../model/lookup.ts';
import { isPair } from './pair.ts';

/** What happened to queries, by their place on their flow (client port and server). */
export const createLossCounts = () => ({
  /** Pairs: A and AAAA of one name, one right after the other on one port. */
  pairsFine: 0,
  secondLost: 0,
  firstLost: 0,
  bothLost: 0,
  /** Queries that are no part of such a pair: alone on their port, resends, later ones. */
  loneSent: 0,
  loneLost: 0,
  /** Of all but the seconds those that nobody asked again: they may have been answered, and the capture lacks it. */
  strayLost: 0,
  /** Lost ones that the capture lacks: what was sent at the resolver's timer shows them. */
  unseenLost: 0,
  /** Answered ones whose answers got lost behind the capture. */
  unreceived: 0,
  /** First sendings whose twin is not in the capture, whatever became of them; and those lost, but for strays. */
  aloneSent: 0,
  aloneLost: 0,
  /** Lost ones of both kinds that a node's capture could have seen behind the DNAT… */
  sightedLost: 0,
  /** …and did not: seconds of pairs, and all others. */
  secondLostBefore: 0,
  sparedLostBefore: 0,
  /** Sent where nothing that was sent before on the flow was answered. */
  freshSent: 0,
  freshLost: 0,
  /** Sent after one that was answered, on the same flow. */
  followingSent: 0,
  followingLost: 0,
  /** Flows (client port and server): all answered, nothing answered, some of both. */
  flowsFine: 0,
  flowsDead: 0,
  flowsMixed: 0,
  /** Flows that lost their first queries, more than one, and then got an answer. */
  flowsRecovered: 0,
  /** Questions by family, whatever became of them. */
  askedA: 0,
  askedAaaa: 0,
});

export type LossCounts = ReturnType<typeof createLossCounts>;

const COUNTS = Object.keys(createLossCounts()) as (keyof LossCounts)[];

export function addLossCounts(sum: LossCounts, other: LossCounts): void {
  for (const name of COUNTS) sum[name] += other[name];
}

export const pairsOf = (counts: LossCounts): number =>
  counts.pairsFine + counts.secondLost + counts.firstLost + counts.bothLost;

export const lostOf = (counts: LossCounts): number => counts.freshLost + counts.followingLost;

export const sentOf = (counts: LossCounts): number => counts.freshSent + counts.followingSent;

/** The seconds that could have been lost alone: their firsts were not. */
export const secondsOf = (counts: LossCounts): number => counts.pairsFine + counts.secondLost;

/** All queries that a race spares: firsts, lone ones, resends. */
export const sparedOf = (counts: LossCounts): number => pairsOf(counts) + counts.loneSent;

/** Of those a node's capture counts only what was lost at the DNAT: what came behind it was not the race's to lose. */
export const sparedLostOf = (counts: LossCounts): number =>
  counts.sightedLost > 0 ? counts.sparedLostBefore : counts.firstLost + counts.bothLost + counts.loneLost;

/**
 * Losses beside the seconds' that may be the capture's own doing. Of one query without a twin, where all others
 * have theirs, the capture lacks the twin, and which place it had nobody knows.
 */
export const straysOf = ({ strayLost, aloneSent, aloneLost }: LossCounts): number =>
  strayLost + (aloneSent === 1 ? aloneLost : 0);

export const secondsLostOf = (counts: LossCounts): number =>
  counts.sightedLost > 0 ? counts.secondLostBefore : counts.secondLost;

// A walk of one family on one port may stand between two queries of the other.
const NEIGHBOURS = 8;

/**
 * One query that was answered at its first asking, counted at its place on its flow. Attempts
 * before it in the lookup were counted before.
 */
export function countAnswered(
  counts: LossCounts,
  attempts: readonly Attempt[],
  index: number,
  resolver: ResolverName,
): void {
  const attempt = attempts[index] as Attempt;
  if (attempt.type === RR_TYPE.A) counts.askedA++;
  else if (attempt.type === RR_TYPE.AAAA) counts.askedAaaa++;
  if (attempt.transport !== 'udp') return;
  const before = onSameFlow(attempts, index);
  if (before === null) {
    counts.freshSent++;
    counts.flowsFine++;
    counts.loneSent++;
    counts.aloneSent++;
    return;
  }
  counts.followingSent++;
  if (!isPair(before, attempt, resolver)) {
    counts.loneSent++;
    return;
  }
  // The first was taken for a lone one until its twin came.
  counts.loneSent--;
  counts.aloneSent--;
  counts.pairsFine++;
}

function onSameFlow(attempts: readonly Attempt[], index: number): Attempt | null {
  const { clientPort, server } = attempts[index] as Attempt;
  for (let before = index - 1; before >= 0 && before >= index - NEIGHBOURS; before--) {
    const other = attempts[before] as Attempt;
    if (other.clientPort === clientPort && other.server === server && other.transport === 'udp') return other;
  }
  return null;
}
