import { milliseconds, nanoseconds, plus, seconds, type Duration, type Timestamp } from '../base/time.ts';
import { isTimer, type ResolverTimers } from '../knowledge/resolver-timers.ts';
import type { Outcome } from '../model/lookup.ts';
import type { TrackedAttempt } from '../model/tracked-attempt.ts';
import type { OpenLookup } from './open-lookup.ts';
import { roundsOf, seenInterval } from './rounds.ts';

/** What of the traffic can be seen. */
export interface Horizon {
  /** Where the capture ends: what would come later can't be. */
  endsAt: Timestamp;
  /** It is known to lack packets: halves of two calls may look like one that asks again. */
  lacksPackets?: boolean;
}

/** How one family (record type) of a lookup was done. */
export type FamilyEnd =
  | { kind: 'reply'; at: Timestamp; outcome: Outcome }
  | { kind: 'timer'; at: Timestamp; wait: Duration; source: string; lowerBound: boolean; outcome: Outcome }
  | { kind: 'captureEnd'; at: Timestamp };

// A resend may come this much later than its timer and still be it (measured up to 20 ms; load).
const TIMER_SLACK = seconds(0.25);
// A last wait may end so late that a reply was still heard: the kernel rounds 5 s up by 5 to 50 ms.
const FIRES_LATE = milliseconds(60);
// Later than this is no rounding: another timer.
const MOST_LATE = 1.03;
// Linux wakes who waits in poll, select or epoll later by a part of the wait, a thousandth unless the process is
// nice, and by a tenth of a second at most (fs/select.c, select_estimate_accuracy; measured 2 ms of 2 s, 25 ms of 5 s
// of a nice one, 100 ms of 40 s).
const ROUNDED_UP = 1.001;
const MOST_ROUNDED_UP = milliseconds(100);

// c-ares from 1.32 (ares_metrics.c): five times a server's mean delay, 250 ms at the least.
const ADAPTED_FACTOR = 5;
const ADAPTED = milliseconds(250);
// Timers that an event loop looks at once a second (gRPC, Node) end on the next look.
const POLLED = seconds(1);
// The last packet mostly ends the capture, before the last wait is over: a tenth of it is more than answers take.
const PART_OF_WAIT = 0.1;
// Where a server takes its time, silence is longer than that.
const TIMES_DELAY = 3;
// Whoever it is asks again by then: gRPC's 6 s are the longest first wait of all.
const ASKED_AGAIN_BY = seconds(10);

/** Where no reply ended the wait: the resolver's own timer after the last query, as far as it is known. */
export function timerEnd(
  lookup: OpenLookup,
  sameName: readonly TrackedAttempt[],
  lastSend: Timestamp,
  timers: ResolverTimers | null,
  otherAnswered: boolean,
  horizon: Horizon,
): FamilyEnd {
  const rounds = roundsOf(lookup, sameName, timers);
  const seenWait = seenInterval(rounds);
  const servers = new Set(sameName.map((attempt) => attempt.server)).size;
  if (timers === null) {
    if (seenWait === null && horizon.endsAt >= lastSend + ASKED_AGAIN_BY) return unseenEnd(lastSend);
    if (seenWait === null || horizon.endsAt < lastSend + seenWait) {
      // Whoever it is waited so long at least, or the capture ended before.
      return { kind: 'captureEnd', at: Math.min(horizon.endsAt, lastSend + ADAPTED) as Timestamp };
    }
    return {
      kind: 'timer',
      at: plus(lastSend, seenWait),
      wait: seenWait,
      source: 'the wait between its own resends; the resolver is not known',
      lowerBound: true,
      outcome: 'timeout',
    };
  }
  const late = lateness(lookup, timers, rounds, servers, seenWait);
  const tries = (otherAnswered ? triesOfMissing(lookup, timers) : timers.tries) * servers;
  const [wait, isSeen] = lastWait(lookup, timers, rounds.length, servers, seenWait);
  const lastRound = rounds.at(-1) as Timestamp;
  const due = timers.totalFromFirst
    ? plus(rounds[0] as Timestamp, roundedUp(wait * rounds.length, late))
    : plus(lastRound, roundedUp(wait, late));
  const ends: FamilyEnd = { kind: 'captureEnd', at: Math.max(lastSend, horizon.endsAt) as Timestamp };
  // Of who never asks again only silence tells that he waits in vain.
  const isSilent = horizon.endsAt - lastRound >= Math.max(wait * PART_OF_WAIT, usualDelay(lookup) * TIMES_DELAY);
  if (rounds.length === 1 && timers.triesOfMissingFamily === 1 && !isSilent) return ends;
  if (rounds.length < tries) {
    if (horizon.endsAt < Math.max(due, lastRound + timers.firstWait) + TIMER_SLACK) return ends;
    // Who has an option for the wait may have one for the tries.
    if (!isSeen) return unseenEnd(lastSend);
  }
  return {
    kind: 'timer',
    at: due,
    wait,
    source: sourceOf(lookup, timers, isSeen),
    lowerBound: timers.growth === 'jittered' && rounds.length > 1,
    outcome: 'timeout',
  };
}

function sourceOf(lookup: OpenLookup, timers: ResolverTimers, isSeen: boolean): string {
  if (isSeen) return `the wait between its own resends (${timers.resolver})`;
  const chosen = readsTimeout(timers) ? chosenWait(lookup) : null;
  return chosen === null || chosen === timers.firstWait
    ? timers.source
    : `the wait between this client's other resends (${timers.resolver})`;
}

/** Whose waits are `timeout` of resolv.conf(5), each of them. */
const readsTimeout = ({ growth, totalFromFirst }: ResolverTimers): boolean => growth === 'constant' && !totalFromFirst;

function chosenWait({ chosenWait: chosen }: OpenLookup): Duration | null {
  return chosen !== null && isTimer(chosen) ? chosen : null;
}

/**
 * Nobody asked again although it was time to: there was an answer, and the capture does not have it.
 * The lookup ends for the tool with the last that is seen of it.
 */
const unseenEnd = (lastSend: Timestamp): FamilyEnd => ({ kind: 'captureEnd', at: lastSend });

/**
 * Whether the caller had given up when a reply came: all tries were made, and the wait after the
 * last was over at its longest. One wait at least must be seen: options change the timers.
 */
export function gaveUpBefore(
  reply: Timestamp,
  lookup: OpenLookup,
  sameName: readonly TrackedAttempt[],
  timers: ResolverTimers,
  otherAnswered: boolean,
): boolean {
  const rounds = roundsOf(lookup, sameName, timers);
  const servers = new Set(sameName.map((attempt) => attempt.server)).size;
  const tries = (otherAnswered ? triesOfMissing(lookup, timers) : timers.tries) * servers;
  if (rounds.length < Math.max(2, tries)) return false;
  const [wait] = lastWait(lookup, timers, rounds.length, servers, seenInterval(rounds));
  const longest = timers.growth === 'jittered' ? wait * 2 : wait;
  const until = timers.totalFromFirst
    ? (rounds[0] as Timestamp) + wait * rounds.length
    : (rounds.at(-1) as Timestamp) + longest;
  return reply > until + FIRES_LATE;
}

// Of glibc's three tries: at once, one after the other, then each from a new port.
const ONE_BY_ONE = 2;
const ONE_BY_ONE_REOPENED = 1;

/**
 * glibc that already asks one after the other (an option, or what an earlier loss left in that thread) has fewer
 * tries left before it gives a family up (res_send.c; measured).
 */
function triesOfMissing(lookup: OpenLookup, timers: ResolverTimers): number {
  const [first, second] = lookup.attempts;
  if (timers.resolver !== 'glibc' || first === undefined || second === undefined) return timers.triesOfMissingFamily;
  if (first.type === second.type) return timers.triesOfMissingFamily;
  if (first.clientPort !== second.clientPort) return ONE_BY_ONE_REOPENED;
  const isInTurn = (first.earlierReplies[0]?.at ?? first.repliedAt) <= second.sentAt;
  return isInTurn ? ONE_BY_ONE : timers.triesOfMissingFamily;
}

const roundedUp = (wait: number, late: number): Duration =>
  nanoseconds(Math.round(Math.min(wait * late, wait + MOST_ROUNDED_UP)));

/**
 * By how much this client's timers are late: the kernel rounds waits up, and a loaded node adds to it. Told
 * from its waits that ended with a resend, in this lookup or else in others.
 */
function lateness(
  lookup: OpenLookup,
  timers: ResolverTimers,
  rounds: readonly Timestamp[],
  servers: number,
  seen: Duration | null,
): number {
  const evidence = lookup.profile?.evidence;
  const usual = firstWait(lookup, timers, seen);
  let factor = evidence !== undefined && evidence.timed > 0 ? evidence.timedLate / evidence.timed : ROUNDED_UP;
  if (timers.growth !== 'jittered' && seen !== null && Math.abs(seen - usual) < TIMER_SLACK) {
    let nominal = 0;
    for (let wait = 1; wait < rounds.length; wait++) {
      nominal += timers.growth === 'doubling' ? usual * 2 ** Math.floor((wait - 1) / Math.max(1, servers)) : usual;
    }
    factor = ((rounds.at(-1) as number) - (rounds[0] as number)) / nominal;
  }
  return factor > 1 && factor < MOST_LATE ? factor : ROUNDED_UP;
}

/** How long the resolver waits after its `count`-th send, and whether that was seen rather than looked up. */
function lastWait(
  lookup: OpenLookup,
  timers: ResolverTimers,
  count: number,
  servers: number,
  seen: Duration | null,
): [Duration, boolean] {
  const usual = firstWait(lookup, timers, seen);
  const step = seen === null ? usual : nearestStep(seen);
  // Jitter, and timers that are looked at once a second only, lengthen what was seen.
  const first = timers.growth === 'jittered' && step > usual ? usual : step;
  const isSeen = seen !== null && Math.abs(first - usual) > TIMER_SLACK;
  const base = isSeen ? first : usual;
  if (timers.growth === 'constant') {
    if (timers.resolver === 'glibc' && servers > 2 && !isSeen) return [glibcWait(base, count, servers), false];
    return [base, isSeen];
  }
  // With n servers the wait doubles after each round of all of them.
  const doubled = base * 2 ** Math.floor((count - 1) / Math.max(1, servers));
  const least = timers.growth === 'jittered' && count > 1 ? doubled / 2 : doubled;
  return [nanoseconds(timers.resolver === 'node' ? Math.max(POLLED, least) : least), isSeen];
}

/**
 * The wait after the first query. c-ares from 1.32 adapts it to a server's usual delay, 250 ms
 * at the least, once a channel knows the server. Such a channel sends no cookie any more to a
 * server that answered without one (from 1.33), a new channel does.
 */
function firstWait(lookup: OpenLookup, timers: ResolverTimers, seen: Duration | null): Duration {
  const [first] = lookup.attempts;
  const evidence = lookup.profile?.evidence;
  if (timers.resolver === 'node') return seen !== null && seen < timers.firstWait ? ADAPTED : timers.firstWait;
  if (readsTimeout(timers)) return chosenWait(lookup) ?? timers.firstWait;
  if (timers.resolver !== 'c-ares' || timers.growth !== 'jittered' || evidence === undefined) return timers.firstWait;
  const knowsServer = evidence.cookies > 0 && first?.cookie === false;
  const adapted =
    evidence.resentAfter.quarter > 0 || (knowsServer && evidence.resentAfter.two + evidence.resentAfter.polled === 0);
  if (!adapted || first?.cookie === true) return timers.firstWait;
  return nanoseconds(Math.min(seconds(5), Math.max(ADAPTED, usualDelay(lookup) * ADAPTED_FACTOR)));
}

/** What its client's first queries take that are answered without a second sending. */
function usualDelay({ profile }: OpenLookup): number {
  return profile === null ? 0 : profile.evidence.delays / Math.max(1, profile.evidence.delayed);
}

/** res_send.c: server i > 0 waits (timeout << i) / servers, in whole seconds. */
function glibcWait(timeout: Duration, count: number, servers: number): Duration {
  const server = (count - 1) % servers;
  if (server === 0) return timeout;
  return seconds(Math.max(1, Math.floor(((timeout / 1e9) << server) / servers)));
}

/** Timers fire late, never early: the configured value is the step just below. */
function nearestStep(seen: Duration): Duration {
  const step = seconds(1);
  const below = Math.floor((seen + seconds(0.003)) / step) * step;
  return below > 0 && seen - below < TIMER_SLACK ? nanoseconds(below) : seen;
}
