import { milliseconds, type Timestamp } from '../base/time.ts';
import { isAddressType, RCODE, type Attempt } from '../model/lookup.ts';
import { isFirstWait } from './resolver-timers.ts';

/** The two families of one name, of which the second is first seen when it is sent again. */
export interface LateTwin {
  readonly seen: Attempt;
  readonly late: Attempt;
}

const NONE: readonly LateTwin[] = [];

// What is sent because of a reply, or of another query, is sent within this (a throttled pod stands still for 100 ms).
const FOLLOWS = milliseconds(250);

/**
 * Resolvers send A and AAAA at once, or the second as soon as the first is answered. One that is first seen when a
 * resolver's wait is over, although the other was answered at once, was sent before: it was lost before it came by.
 */
export function lateTwins(attempts: readonly Attempt[]): readonly LateTwin[] {
  const begun = (attempts[0] as Attempt).sentAt;
  if (!attempts.some(({ sentAt }) => sentAt - begun > FOLLOWS)) return NONE;
  const twins: LateTwin[] = [];
  for (const late of attempts) {
    const seen = attempts.find((other) => isTwin(other, late));
    if (seen !== undefined && isFirst(late, attempts) && isSentAgain(seen, late) && !goesOn(late, attempts)) {
      twins.push({ seen, late });
    }
  }
  return twins;
}

const isTwin = (one: Attempt, other: Attempt): boolean =>
  one.name === other.name && one.type !== other.type && isAddressType(one.type) && isAddressType(other.type);

/** Of its family, for its name. */
const isFirst = ({ name, type, sentAt, transport }: Attempt, attempts: readonly Attempt[]): boolean =>
  transport === 'udp' &&
  attempts.every((other) => other.name !== name || other.type !== type || other.sentAt >= sentAt);

/** By musl, c-ares and Go alone at its timer; by glibc after the answer to the other one, which is asked again first. */
function isSentAgain(seen: Attempt, { sentAt }: Attempt): boolean {
  const { at, rcode } = seen.earlierReplies[0] ?? { at: seen.repliedAt, rcode: seen.rcode };
  if ((rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) || !(at - seen.sentAt <= FOLLOWS)) return false;
  if (isFirstWait(sentAt - seen.sentAt)) return true;
  const again = seen.resends.find((resend) => resend.at > at);
  return again !== undefined && isFirstWait(again.at - seen.sentAt) && follows(sentAt, again.at, seen.repliedAt);
}

const follows = (sentAt: Timestamp, asked: Timestamp, answered: Timestamp): boolean =>
  sentAt >= asked && sentAt - Math.max(asked, answered <= sentAt ? answered : asked) <= FOLLOWS;

/** It comes after another name of its family, whose answer was long awaited: c-ares walks with each family by itself. */
const goesOn = ({ name, type, sentAt }: Attempt, attempts: readonly Attempt[]): boolean =>
  attempts.some(
    (other) =>
      other.type === type &&
      other.name !== name &&
      other.sentAt < sentAt &&
      sentAt - Math.max(other.sentAt, ...other.resends.map(({ at }) => at).filter((at) => at <= sentAt)) <= FOLLOWS,
  );
