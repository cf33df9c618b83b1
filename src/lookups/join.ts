import { milliseconds, seconds, type Timestamp } from '../base/time.ts';
import { isFirstWait, isTimer, MOST_TIMER, TIMER_EARLY } from '../knowledge/resolver-timers.ts';
import { lastSentAt, RCODE, RR_TYPE } from '../model/lookup.ts';
import { hasAddresses, isSameName, lastEventAt, type TrackedAttempt } from '../model/tracked-attempt.ts';
import { asksAnew, isAskedAnew } from './larger-buffer.ts';
import type { OpenLookup } from './open-lookup.ts';
import type { Walk, Walks } from './search-walk.ts';

/**
 * Whether a query that was not seen before belongs to a lookup that is under way, and how
 * surely: the highest of these wins, 0 is "no". What a resolver keeps (transaction id, port)
 * proves more than what merely fits in time.
 */
export const JOIN = {
  none: 0,
  /** The next suffix at a resolver's timer, after silence (Go): any moment may look like it. */
  timedWalk: 1,
  /** Another suffix that shares first labels only, at once after a negative answer. */
  weakWalk: 2,
  /** New id at a resolver's timer: from a new port (Go), or from the only one at the next server (Netty). */
  timedRetry: 3,
  /** The same for the other family, whose first query the capture lacks. */
  timedTwin: 4,
  /** After an error, with a new id, but some time later: another call that walks may ask for the name by then. */
  lateRetry: 5,
  /** The next suffix from a new port (glibc, musl, Go). */
  walk: 6,
  /** Another server at the same time, with a new id (hickory; c-ares looks whether a server is back). */
  besideAnother: 7,
  /** The other family from another port (Go; single-request-reopen). */
  otherPortPair: 8,
  /** At once after an error, with a new id (the next server). */
  retryAfterError: 9,
  /** The next suffix from the same port (c-ares). */
  samePortWalk: 10,
  /** All over again, since the answers did not fit (glibc). */
  largerBuffer: 11,
  samePortPair: 12,
  /** TCP after a truncated answer. */
  afterTruncation: 13,
  /** Same id from a new port or to the next server (glibc, musl, c-ares, Node). */
  sameId: 14,
} as const;

// A stub goes on within microseconds after a reply; a throttled pod may be stopped for a CFS
// period (100 ms) and a bit. Longer, and it is rather the application that asks anew.
export const FOLLOWS_REPLY = milliseconds(250);
// Two sends of one call from two ports: goroutines, p99 0.43 ms measured, on a loaded machine some ms.
const OTHER_PORT_PAIR = milliseconds(20);
// A parallel pair from one port: p99 0.23 ms measured; a process may be stopped in between.
const SAME_PORT_PAIR = milliseconds(250);
// What a resolver does in the same turn of its loop.
const AT_ONCE = milliseconds(5);
// An error is answered at once, too, but with a new query, and on a loaded machine some ms late.
const FOLLOWS_ERROR = milliseconds(25);
// Go waits 5 s (src/net/dnsconfig.go; measured up to 93 ms late where all processors are busy) unless
// `timeout:` says less; who wants it longer is not known.
const RETRY_TIMER = seconds(5);
const RETRY_LATE = milliseconds(100);
// At other whole seconds the next call is as likely, so what is usual for a retry must do.
const CHOSEN_TIMER_LATE = milliseconds(20);
const MOST_CHANCE = 0.3;
// Nine of ten retries come within this (Go, measured on a loaded machine).
const PROMPT = milliseconds(5);
// Go's default (`attempts:2`): a third try of one server is the application's own second lookup, but where somebody
// chose a shorter wait. Then tries may have been chosen, too, up to the most that resolv.conf(5) allows.
const TRIES_OF_ONE_SERVER = 2;
const CHOSEN_TRIES = 5;

/** @param newer lookups of the same client and first label that began later and are still open */
export function joinStrength(lookup: OpenLookup, attempt: TrackedAttempt, walks: Walks, newer: number): number {
  let best: number = JOIN.none;
  let asked = false;
  const attempts = lookup.attempts;
  for (let index = attempts.length - 1; index >= 0; index--) {
    const earlier = attempts[index] as TrackedAttempt;
    if (!isSameName(earlier, attempt)) continue;
    if (earlier.type === attempt.type) asked = true;
    const strength =
      earlier.type === attempt.type
        ? retryStrength(lookup, earlier, attempt, newer)
        : isPair(earlier.type, attempt.type)
          ? pairStrength(lookup, earlier, attempt, newer)
          : JOIN.none;
    if (strength > best) best = strength;
  }
  // A walk asks for each name once: the same name again is another call's.
  return best !== JOIN.none || asked ? best : walkStrength(lookup, attempt, walks);
}

/**
 * Whether the newest query of the lookup is rather this one's twin. It came late, as a second family's or a
 * retry's may, to a lookup that has an answer for this one's family: then nobody would ask for this one now but
 * another call, and a call asks for both at once. So one packet that the capture lacks shifts no pairs but its own.
 */
export function holdsTwinOf({ attempts }: OpenLookup, attempt: TrackedAttempt): boolean {
  const twin = attempts[attempts.length - 1] as TrackedAttempt;
  if (!isPair(twin.type, attempt.type) || attempt.sentAt - twin.sentAt > AT_ONCE) return false;
  if (twin.rcode >= 0 || twin.resends.length > 0 || !isSameName(twin, attempt)) return false;
  if (twin.server !== attempt.server || twin.transport !== attempt.transport) return false;
  const own = attempts.find((other) => other.type === attempt.type && isSameName(other, attempt));
  if (own === undefined || own.rcode < 0 || own.clientPort === twin.clientPort) return false;
  return twin.sentAt - lastEventAt(own) > AT_ONCE;
}

const isPair = (one: number, other: number): boolean =>
  (one === RR_TYPE.A && other === RR_TYPE.AAAA) || (one === RR_TYPE.AAAA && other === RR_TYPE.A);

function retryStrength(lookup: OpenLookup, earlier: TrackedAttempt, attempt: TrackedAttempt, newer: number): number {
  const waited = attempt.sentAt - lastEventAt(earlier);
  if (waited > MOST_TIMER) return JOIN.none;
  if (earlier.transactionId === attempt.transactionId) return JOIN.sameId;
  if (earlier.truncated && attempt.transport === 'tcp' && earlier.transport === 'udp') return JOIN.afterTruncation;
  if (asksAnew(lookup, attempt)) return JOIN.largerBuffer;
  if (isError(earlier) && waited <= FOLLOWS_ERROR && !hasWalkedOn(lookup, earlier)) {
    return waited <= AT_ONCE ? JOIN.retryAfterError : JOIN.lateRetry;
  }
  if (earlier.server !== attempt.server && attempt.sentAt - earlier.sentAt <= AT_ONCE) return JOIN.besideAnother;
  if (earlier.rcode >= 0 || !isCredible(lookup, waited)) return JOIN.none;
  if (!isRetryTimer(waited, newer) && !isRetryTimer(attempt.sentAt - pairSentAt(lookup, earlier), newer))
    return JOIN.none;
  if (earlier.clientPort === attempt.clientPort) {
    // Netty keeps its one socket, and asks each server once, always with a new id (DnsResolveContext.query; measured
    // with 4.1.118). Others have a socket for each server, or keep the id.
    return hasAskedServer(lookup, attempt) ? JOIN.none : JOIN.timedRetry;
  }
  // glibc, musl and c-ares keep the id; who resent it or sent its pair from one port is no Go.
  if (earlier.resends.length > 0 || hasPair(lookup, true)) return JOIN.none;
  if (attempt.ednsSize < 0 && !hasPair(lookup, false)) return JOIN.none;
  let tries = 0;
  let last = earlier;
  let before = earlier;
  for (const other of lookup.attempts) {
    if (other.name !== attempt.name || other.type !== attempt.type) continue;
    // Another server has answered: nobody waits for this one.
    if (other.rcode >= 0 && !isError(other)) return JOIN.none;
    if (other.server !== attempt.server) continue;
    tries++;
    before = last;
    last = other;
  }
  const most = isSameWait(before, last, attempt) ? CHOSEN_TRIES : TRIES_OF_ONE_SERVER;
  return tries < most ? JOIN.timedRetry : JOIN.none;
}

/**
 * When the first of its pair left. Where all processors are busy the other one leaves some milliseconds late, and its
 * timer, which began before, is over that much early.
 */
function pairSentAt({ attempts }: OpenLookup, { name, type, sentAt }: TrackedAttempt): Timestamp {
  let first = sentAt;
  for (const other of attempts) {
    const isTwin = isPair(other.type, type) && other.name === name && sentAt - other.sentAt <= OTHER_PORT_PAIR;
    if (isTwin && other.sentAt < first) first = other.sentAt;
  }
  return first;
}

/** Shorter than the default, and the same again. */
function isSameWait(before: TrackedAttempt, last: TrackedAttempt, attempt: TrackedAttempt): boolean {
  const waited = attempt.sentAt - last.sentAt;
  const isChosen = waited < RETRY_TIMER - TIMER_EARLY;
  return isChosen && Math.abs(waited - (last.sentAt - before.sentAt)) <= CHOSEN_TIMER_LATE;
}

/** Whether this name and type went to this server before. */
const hasAskedServer = ({ attempts }: OpenLookup, { name, type, server }: TrackedAttempt): boolean =>
  attempts.some((other) => other.server === server && other.name === name && other.type === type);

const isError = (attempt: TrackedAttempt): boolean =>
  (attempt.rcode > 0 && attempt.rcode !== RCODE.NXDOMAIN) || !Number.isNaN(attempt.unreachableAt);

/**
 * The same family has asked for another name since: nobody goes back. Where the name as it is was refused first
 * (`ndots`), and so was each with a suffix, who asks for it again is the next call.
 */
const hasWalkedOn = ({ attempts }: OpenLookup, earlier: TrackedAttempt): boolean =>
  attempts.some((other) => other.type === earlier.type && other.sentAt > earlier.sentAt && !isSameName(other, earlier));

/** Where others ask for the same all the time, one of them soon falls into the window of a timer. */
function isRetryTimer(waited: number, newer: number): boolean {
  const chosen = waited < RETRY_TIMER - TIMER_EARLY;
  const late = chosen ? CHOSEN_TIMER_LATE : RETRY_LATE;
  const byChance = (newer * (late + TIMER_EARLY)) / waited;
  return waited <= RETRY_TIMER + RETRY_LATE && isTimer(waited, byChance > MOST_CHANCE ? PROMPT : late);
}

/** Whether a query of the other family than the first one's left from the same port as that, or from another. */
const hasPair = (lookup: OpenLookup, samePort: boolean): boolean => {
  const first = lookup.attempts[0] as TrackedAttempt;
  return lookup.attempts.some(
    (other) => (other.clientPort === first.clientPort) === samePort && isPair(first.type, other.type),
  );
};

function pairStrength(lookup: OpenLookup, earlier: TrackedAttempt, attempt: TrackedAttempt, newer: number): number {
  for (const other of lookup.attempts) {
    // The lookup has its query of this family for this name: a second one is another caller's.
    if (other.type !== attempt.type || !isSameName(other, attempt)) continue;
    if (!isAskedAnew(lookup, earlier, attempt)) return JOIN.none;
  }
  const waited = attempt.sentAt - lastEventAt(earlier);
  if (earlier.clientPort === attempt.clientPort) {
    return waited <= SAME_PORT_PAIR || isSentAgain(earlier, attempt) ? JOIN.samePortPair : JOIN.none;
  }
  if (earlier.rcode >= 0) {
    if (waited <= FOLLOWS_REPLY) return JOIN.otherPortPair;
    return isTimedTwin(lookup, earlier, attempt, newer) ? JOIN.timedTwin : JOIN.none;
  }
  // Sequential glibc goes on to the other family when the first one's wait is over.
  if (waited <= OTHER_PORT_PAIR) return JOIN.otherPortPair;
  return isTimer(waited) && isCredible(lookup, waited) ? JOIN.otherPortPair : JOIN.none;
}

// Who asks for both in so many lookups asks for one alone for a reason.
const PAIRS_THAT_TELL = 3;

/** New port, new id: only a client that is known to ask for both families lacks one of them. */
function isTimedTwin(lookup: OpenLookup, earlier: TrackedAttempt, attempt: TrackedAttempt, newer: number): boolean {
  if (!lookup.isHalf || lookup.pairsBefore < PAIRS_THAT_TELL || earlier.ednsSize !== attempt.ednsSize) return false;
  const waited = attempt.sentAt - earlier.sentAt;
  return isFirstWait(waited) && isRetryTimer(waited, newer) && isCredible(lookup, waited);
}

/**
 * From another port with another id only the time tells. Where the capture lacks packets, what it has of two calls some
 * whole seconds apart looks the same, and only what resolvers do without being told is likelier than that.
 */
const isCredible = ({ mayLack }: OpenLookup, waited: number): boolean =>
  !mayLack || (waited >= RETRY_TIMER - TIMER_EARLY && waited <= RETRY_TIMER + RETRY_LATE);

/** Where its twin is answered the first one was sent with that, and the capture lacks it: it was lost on its way there. */
const isSentAgain = (earlier: TrackedAttempt, { sentAt }: TrackedAttempt): boolean =>
  earlier.rcode < 0 ? isTimer(sentAt - lastEventAt(earlier)) : isFirstWait(sentAt - earlier.sentAt);

function walkStrength(lookup: OpenLookup, attempt: TrackedAttempt, walks: Walks): number {
  const before = stageBefore(lookup, attempt);
  if (before === null || isSameName(before, attempt)) return JOIN.none;
  if (isAtEnd(lookup, before)) return JOIN.none;
  const walk = walks.between(before, attempt);
  const { step } = walk;
  if (step === 'none' || !keepsStem(lookup, walk)) return JOIN.none;
  const samePort = usesPort(lookup, attempt.clientPort);
  if (before.type !== attempt.type) {
    if (step === 'weak') return JOIN.none;
    // c-ares walks with each family by itself: the one that is not seen may be ahead.
    if (before.rcode < 0) return samePort && waitsBriefly(before, attempt) ? JOIN.samePortWalk : JOIN.none;
  }
  if (before.rcode < 0) {
    const waited = attempt.sentAt - lastSentAt(before);
    return step === 'strong' && isTimer(waited) ? JOIN.timedWalk : JOIN.none;
  }
  if (before.rcode === RCODE.NOERROR && hasAddresses(before)) return JOIN.none;
  const waited = attempt.sentAt - Math.max(before.repliedAt, lookup.lastEventAt);
  if (waited > FOLLOWS_REPLY) return JOIN.none;
  // With one family found only c-ares goes on for the other one, and that from its one socket.
  if (!samePort && isFound(lookup)) return JOIN.none;
  const proven = step === 'strong' || lookup.stem > 0;
  if (!proven && waited > AT_ONCE) return JOIN.none;
  if (samePort) return JOIN.samePortWalk;
  return proven ? JOIN.walk : JOIN.weakWalk;
}

const waitsBriefly = (before: TrackedAttempt, { sentAt }: TrackedAttempt): boolean =>
  sentAt - lastSentAt(before) <= FOLLOWS_REPLY;

/** The newest query of the same family; of the other one where the capture lacks all of this one so far. */
function stageBefore({ attempts }: OpenLookup, { type }: TrackedAttempt): TrackedAttempt | null {
  for (let index = attempts.length - 1; index >= 0; index--) {
    const candidate = attempts[index] as TrackedAttempt;
    if (candidate.type === type) return candidate;
  }
  const last = attempts[attempts.length - 1] as TrackedAttempt;
  return isPair(last.type, type) ? last : null;
}

/** The name as it is stands before all suffixes or behind them (resolv.conf(5), `ndots`). */
function isAtEnd({ attempts, stem }: OpenLookup, before: TrackedAttempt): boolean {
  return before.name.length === stem && (attempts[0] as TrackedAttempt).name !== before.name;
}

function isFound(lookup: OpenLookup): boolean {
  for (const attempt of lookup.attempts) {
    if (attempt.rcode === RCODE.NOERROR && hasAddresses(attempt)) return true;
  }
  return false;
}

/** All names of one walk have the same stem. */
const keepsStem = ({ stem }: OpenLookup, walk: Walk): boolean => stem < 0 || walk.stem >= stem;

function usesPort(lookup: OpenLookup, port: number): boolean {
  for (const attempt of lookup.attempts) if (attempt.clientPort === port) return true;
  return false;
}

/**
 * The stem after `attempt` joined: what all names share, or -1 while there is one name only. The
 * second name tells it: what joins later has a name that was asked for, or keeps the stem.
 */
export function stemWith(lookup: OpenLookup, attempt: TrackedAttempt, walks: Walks): number {
  if (lookup.stem >= 0) return lookup.stem;
  const first = lookup.attempts[0] as TrackedAttempt;
  if (isSameName(first, attempt)) return -1;
  return walks.between(first, attempt).stem;
}
