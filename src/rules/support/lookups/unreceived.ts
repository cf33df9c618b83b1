import { isFirstWait, timersOf } from '../../../knowledge/resolver-timers.ts';
import { RCODE, type Lookup } from '../../../model/lookup.ts';
import { mayAskOneByOne } from './pair.ts';
import { SOONEST_RETRY, type Send } from './sends.ts';

// glibc sends a question four times at the most where one family does not come (facts: res_send.c); a client that
// takes the same port and id for ever is no resolver.
const MOST_SENDINGS = 4;

/**
 * An answer came by and its question was sent again all the same, long after and at the resolver's timer: it was lost
 * between the capture and the client. glibc asks for both families again when it lacks one, so nothing else of that name
 * may be lost or refused.
 */
export function settleUnreceived({ resolver, resolverDetail }: Lookup, sends: readonly Send[]): void {
  const isKnown = timersOf(resolver, resolverDetail) !== null;
  for (const send of sends) {
    const { attempt, answeredAt, at } = send;
    if (send.fate !== 'answered' || attempt.transport !== 'udp' || attempt.resends.length >= MOST_SENDINGS) continue;
    const next = attempt.resends.find((resend) => resend.at > answeredAt);
    if (next === undefined || next.at - answeredAt < SOONEST_RETRY || !(isKnown || isFirstWait(next.at - at))) continue;
    const others = mayAskOneByOne(resolver) ? sends.filter((other) => other.attempt.name === attempt.name) : [send];
    if (!others.every(isWell)) continue;
    send.fate = 'unreceived';
    send.waitedUntil = next.at;
  }
}

function isWell({ attempt, fate }: Send): boolean {
  if (attempt.truncated || (fate !== 'answered' && fate !== 'unreceived')) return false;
  return isGood(attempt.rcode) && attempt.earlierReplies.every(({ rcode }) => isGood(rcode));
}

const isGood = (rcode: number): boolean => rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN;
