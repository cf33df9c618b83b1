import { Distribution } from '../../../base/distribution.ts';
import { at, nanoseconds, type Duration, type Timestamp } from '../../../base/time.ts';
import type { Connection } from '../../../model/connection.ts';
import { connectionPackets } from '../evidence.ts';
import type { PeerGroup } from '../peer-groups.ts';
import { noRefusals, type Refusals } from './ended-behind.ts';
import type { GivenUp } from './given-up-early.ts';
import { wasAskedAgain } from './late-openings.ts';
import { noteSilence, type Answers, type Silences } from './silent-backends.ts';
import { isAnswered, synExtent, type SynWait } from './syn-waits.ts';

/** How a server answers SYNs, counted as connections come. */
export interface Answering {
  readonly answers: Answers;
  /** Connections of which a SYN was answered. */
  heard: number;
  /** Connections that opened at once, and whose server's data was lost. */
  lossy: number;
  readonly refusals: Refusals;
}

export const createAnswering = (): Answering => ({ answers: new Map(), heard: 0, lossy: 0, refusals: noRefusals() });

/** Connections of one client and server that waited for their SYN, of which the end tells how long. */
export type SynGroup = ReturnType<typeof synGroupOf>;

/** A copy, as more rows may follow. */
export const synGroupOf = (group: PeerGroup<Connection> & Answering) => ({
  ...group,
  tally: group.tally.copy(),
  unanswered: 0,
  silentSince: at(Number.POSITIVE_INFINITY),
  atLeast: 0,
  early: 0,
  full: 0,
  /** Until the SYN was answered, without what the first data waited. */
  waits: new Distribution(),
  vain: new Distribution(),
  silences: new Map() as Silences,
});

/** @param firstWait what its first data waited besides */
export function addWaited(
  group: SynGroup,
  connection: Connection,
  { wait, isAtLeast }: SynWait,
  firstWait: Duration,
): void {
  const cost = nanoseconds(wait + firstWait);
  group.waits.add(wait);
  if (wasAskedAgain(connection)) group.full++;
  group.tally.add(connection, cost, connectionPackets, synExtent(connection, cost));
  if (isAnswered(connection)) return;
  group.unanswered++;
  group.silentSince = Math.min(group.silentSince, connection.startedAt) as Timestamp;
  if (isAtLeast) group.atLeast++;
  group.vain.add(wait);
  noteSilence(group.silences, connection);
}

export function addGivenUp(group: SynGroup, own: readonly GivenUp[]): void {
  group.early += own.length;
  group.unanswered += own.length;
  for (const { connection, wait } of own) {
    group.tally.add(connection, wait, connectionPackets, synExtent(connection, wait));
    group.vain.add(wait);
    group.waits.add(wait);
  }
}
