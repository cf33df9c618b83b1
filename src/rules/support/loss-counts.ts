const COUNTS = [
  /** Pairs that left one port at once, the first answer still outstanding. */
  'pairsFine',
  'secondLost',
  'firstLost',
  'bothLost',
  /** Queries that are no part of such a pair: alone on their port, or later on it. */
  'loneSent',
  'loneLost',
  /** Sent where nothing that was sent before on the flow was answered. */
  'freshSent',
  'freshLost',
  /** Sent after one that was answered, on the same flow. */
  'followingSent',
  'followingLost',
  /** Flows of two queries or more without any answer. */
  'deadFlows',
  /** The same of three or more: the resends were lost as well. */
  'longDeadFlows',
  /** Flows that lost a whole pair and later got an answer. */
  'recoveredFlows',
] as const;

/** What happened to queries, by their place on their flow (client port and server). */
export type LossCounts = Record<(typeof COUNTS)[number], number>;

export const createLossCounts = (): LossCounts => Object.fromEntries(COUNTS.map((name) => [name, 0])) as LossCounts;

export function addLossCounts(sum: LossCounts, other: LossCounts): void {
  for (const name of COUNTS) sum[name] += other[name];
}

export const pairsOf = (counts: LossCounts): number =>
  counts.pairsFine + counts.secondLost + counts.firstLost + counts.bothLost;

export const lostOf = (counts: LossCounts): number => counts.freshLost + counts.followingLost;

export const sentOf = (counts: LossCounts): number => counts.freshSent + counts.followingSent;
