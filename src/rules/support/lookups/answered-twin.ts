import { isAddressType, type Lookup } from '../../../model/lookup.ts';
import type { Timestamp } from '../../../base/time.ts';
import { isPair, mayAskOneByOne, PAIR_GAP } from './pair.ts';
import { SOONEST_RETRY, type Send } from './sends.ts';

/**
 * A and AAAA left together, and the capture has an answer to neither. Still one was answered
 * - where only the other is asked again: musl, c-ares and Go ask for what is missing;
 * - where both are, but the second after the answer to the first's resend: glibc falls back to one by one only
 *   where one was answered, and which one it was nobody sees (facts: res_send.c, `RES_SNGLKUP`). Others ask for
 *   each by a timer of its own, and the first answer may be there before the second timer is looked at.
 *
 * And one of them left before the capture has it, where it comes first together with the other's resend.
 *
 * Where glibc asks one by one, an answer alone lets it go on before its timer.
 */
export function settleTwins({ resolver }: Lookup, sends: readonly Send[], watchedUntil: Timestamp): void {
  for (const [index, first] of sends.entries()) {
    if (resolver === 'glibc' && first.fate === 'lost' && leadsOn(first, sends[index + 1])) {
      first.fate = 'unseen';
      first.ledOn = true;
      continue;
    }
    if (first.fate !== 'lost' || !first.isFirst || !isAddressType(first.attempt.type)) continue;
    const next = nextAsked(first, sends);
    const twin = sends.find((other, later) => later > index && isTwin(first, other));
    if (twin === undefined) {
      if (next !== undefined && comesLate(first, next, sends)) first.isPlaced = false;
      continue;
    }
    if (twin.fate !== 'lost') continue;
    const nextOfTwin = nextAsked(twin, sends);
    if (next === undefined || nextOfTwin === undefined) {
      const [alone, again] = next === undefined ? [first, nextOfTwin] : [twin, next];
      if (again !== undefined && isAfterAWait(alone, again) && !(watchedUntil - again.at < SOONEST_RETRY))
        alone.fate = 'unseen';
    } else if (
      mayAskOneByOne(resolver) &&
      isPair(first.attempt, twin.attempt, resolver) &&
      isAfterAWait(twin, nextOfTwin) &&
      nextOfTwin.at >= next.answeredAt
    ) {
      first.fate = 'unseen';
      twin.isPlaced = false;
    }
  }
}

/**
 * The other family follows at once, and from another port, or for the first time though this one is asked again:
 * glibc sends both at once from one port, or else the second after the answer to the first (facts: res_send.c).
 */
function leadsOn({ attempt, at, isFirst }: Send, next: Send | undefined): boolean {
  if (next === undefined || next.at - at >= SOONEST_RETRY || next.attempt.name !== attempt.name) return false;
  const isOther = next.attempt.type !== attempt.type && isAddressType(next.attempt.type) && isAddressType(attempt.type);
  const isAlone = next.attempt.clientPort !== attempt.clientPort || (next.isFirst && !isFirst);
  return isOther && isAlone && next.attempt.server === attempt.server;
}

/** From one port, or from two as Go asks. */
const isTwin = ({ attempt, at }: Send, other: Send): boolean =>
  other.isFirst &&
  other.at - at <= PAIR_GAP &&
  other.attempt.name === attempt.name &&
  other.attempt.type !== attempt.type &&
  isAddressType(other.attempt.type);

const isAfterAWait = (send: Send, next: Send): boolean => next.at - send.at >= SOONEST_RETRY;

const nextAsked = ({ attempt, at }: Send, sends: readonly Send[]): Send | undefined =>
  sends.find((other) => other.at > at && other.attempt.type === attempt.type && other.attempt.name === attempt.name);

/** The other family's first query is seen only after the wait, and before this one is asked again: it is a resend. */
function comesLate(send: Send, next: Send, sends: readonly Send[]): boolean {
  const { name, type, clientPort, server } = send.attempt;
  const twin = sends.find(
    ({ isFirst, attempt }) =>
      isFirst &&
      attempt.name === name &&
      attempt.type !== type &&
      isAddressType(attempt.type) &&
      attempt.clientPort === clientPort &&
      attempt.server === server,
  );
  return twin !== undefined && isAfterAWait(send, twin) && twin.at < next.at;
}
