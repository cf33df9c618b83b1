import type { AddressId } from './packet.ts';
import { lastSentAt, type Attempt, type Resend } from './lookup.ts';
import type { Timestamp } from '../base/time.ts';

/**
 * An attempt on its way from the DNS protocol to the lookups, with what only those two rooms
 * need. The records are pooled: `holders` says who still uses one, and the protocol takes it
 * back when nobody does.
 */
export interface TrackedAttempt extends Attempt {
  type: number;
  clientId: AddressId;
  client: string;
  input: number;
  nameHash: number;
  labelHash: number;
  /** IPv4 identification of the first sending, -1 unknown. */
  ipId: number;
  authenticData: boolean;
  ednsSize: number;
  cookie: boolean;
  /** The reply ends before its records do. */
  cutReply: boolean;
  resends: readonly Resend[];
  /** Slot of its lookup in the lookups' own store, -1 while it has none. */
  slot: number;
  holders: number;
}

/** Both ask for one name: hashes first, since most differ. */
export const isSameName = (one: TrackedAttempt, other: TrackedAttempt): boolean =>
  one.nameHash === other.nameHash && one.name === other.name;

/** It was answered with addresses, though a snap length may have cut them off. */
export const hasAddresses = ({ addresses, cutReply, answerCount }: TrackedAttempt): boolean =>
  addresses.length > 0 || (cutReply && answerCount > 0);

/** When the query was last sent or answered, whichever came later. */
export function lastEventAt(attempt: Attempt): Timestamp {
  const sent = lastSentAt(attempt);
  return attempt.rcode >= 0 && attempt.repliedAt > sent ? attempt.repliedAt : sent;
}

/** Who follows the queries as they go out and come back. */
export interface AttemptSink {
  /** A query that was not seen before. */
  sent(attempt: TrackedAttempt): void;
  /** The same query once more: the last of `attempt.resends`. */
  resent(attempt: TrackedAttempt): void;
  /** Its reply: the first, or the first after an error was answered by a resend. */
  replied(attempt: TrackedAttempt): void;
  unreachable(attempt: TrackedAttempt): void;
}
