import { between, nanoseconds, plus, seconds, type Duration, type Timestamp } from '../base/time.ts';
import { timersOf, type ResolverTimers } from '../knowledge/resolver-timers.ts';
import { lastSentAt, RCODE, RR_TYPE, type Outcome } from '../model/lookup.ts';
import type { TrackedAttempt } from '../model/tracked-attempt.ts';
import type { OpenLookup } from './open-lookup.ts';

/** Where the capture ends: what would come later can't be seen. */
export interface Horizon {
  endsAt: Timestamp;
}

// A resend may come this much later than its timer and still be it (measured up to 20 ms; load).
const TIMER_SLACK = seconds(0.25);
// Two sends closer than this are one burst (several servers at once, SERVFAIL), not a timer.
const BURST = seconds(0.2);

type FamilyEnd =
  | { kind: 'reply'; at: Timestamp; outcome: Outcome }
  | { kind: 'timer'; at: Timestamp; wait: Duration; source: string; lowerBound: boolean; outcome: Outcome }
  | { kind: 'captureEnd'; at: Timestamp };

/**
 * Fills in when a lookup ended, why, and with what: the last reply its caller waited for, or
 * the resolver's own timer where no packet marks the end. Its resolver must be known before.
 */
export function settleEnd(lookup: OpenLookup, horizon: Horizon): void {
  const attempts = lookup.attempts;
  const last = attempts[attempts.length - 1] as TrackedAttempt;
  if (attempts.length <= 2 && settlePlain(lookup, last)) return;
  const timers = timersOf(lookup.resolver, lookup.resolverDetail);
  const types = [...new Set(attempts.map((attempt) => attempt.type))];
  const answered = types.some((type) => familyAnswers(lookup, type).length > 0);
  const ends = types.map((type) => familyEnd(lookup, type, timers, answered, horizon));
  lookup.answers = types.flatMap((type) => familyAnswers(lookup, type));
  let end = ends[0] as FamilyEnd;
  for (const other of ends) if (other.at > end.at || (other.at === end.at && other.kind === 'captureEnd')) end = other;
  // One family that the capture leaves open leaves the lookup open, whatever the other did.
  const open = ends.find((other) => other.kind === 'captureEnd');
  if (open !== undefined) end = { kind: 'captureEnd', at: Math.max(end.at, open.at) as Timestamp };
  finishWith(lookup, end);
  lookup.outcome = open === undefined ? outcomeOf(ends, timers) : 'incomplete';
}

/** The usual case without a detour: one or two queries, each sent once and answered well. */
function settlePlain(lookup: OpenLookup, last: TrackedAttempt): boolean {
  const first = lookup.attempts[0] as TrackedAttempt;
  if (first.rcode !== RCODE.NOERROR || last.rcode !== RCODE.NOERROR || first.truncated || last.truncated) return false;
  if (first.type === last.type && first !== last) return false;
  lookup.duration = between(lookup.startedAt, Math.max(first.repliedAt, last.repliedAt) as Timestamp);
  lookup.endBecause = 'reply';
  lookup.endTimer = null;
  lookup.durationIsLowerBound = false;
  lookup.answers =
    first === last || last.addresses.length === 0
      ? first.addresses
      : first.addresses.length === 0
        ? last.addresses
        : [...first.addresses, ...last.addresses];
  const found = lookup.answers.length > 0 || isFound(first) || isFound(last);
  lookup.outcome = found ? 'ok' : 'nodata';
  return true;
}

function finishWith(lookup: OpenLookup, end: FamilyEnd): void {
  lookup.duration = nanoseconds(Math.max(0, end.at - lookup.startedAt));
  lookup.endBecause = end.kind;
  lookup.endTimer = end.kind === 'timer' ? { value: end.wait, source: end.source } : null;
  lookup.durationIsLowerBound = end.kind === 'captureEnd' || (end.kind === 'timer' && end.lowerBound);
}

const isAddressType = (type: number): boolean => type === RR_TYPE.A || type === RR_TYPE.AAAA;

const isFound = (attempt: TrackedAttempt): boolean =>
  attempt.rcode === RCODE.NOERROR &&
  !attempt.truncated &&
  (isAddressType(attempt.type) ? attempt.addresses.length > 0 : attempt.answerCount > 0);

function familyAnswers(lookup: OpenLookup, type: number): readonly string[] {
  for (let index = lookup.attempts.length - 1; index >= 0; index--) {
    const attempt = lookup.attempts[index] as TrackedAttempt;
    if (attempt.type === type && attempt.rcode === RCODE.NOERROR && attempt.addresses.length > 0)
      return attempt.addresses;
  }
  return [];
}

/** When one family (record type) of the lookup was done. */
function familyEnd(
  lookup: OpenLookup,
  type: number,
  timers: ResolverTimers | null,
  otherAnswered: boolean,
  horizon: Horizon,
): FamilyEnd {
  const tried = lookup.attempts.filter((attempt) => attempt.type === type);
  const last = tried.at(-1) as TrackedAttempt;
  const sameName = tried.filter((attempt) => attempt.name === last.name);
  const reply = finalReply(sameName, timers);
  const lastSend = Math.max(...sameName.map(lastSentAt)) as Timestamp;
  if (reply !== null && (reply.repliedAt >= lastSend || sameName.every((attempt) => attempt.rcode >= 0))) {
    return { kind: 'reply', at: reply.repliedAt, outcome: replyOutcome(reply) };
  }
  // The reply to an earlier send came while a resend was on its way: it ended the wait.
  if (reply !== null && replyEndsWait(reply, sameName)) {
    return { kind: 'reply', at: reply.repliedAt, outcome: replyOutcome(reply) };
  }
  const refusedAt = Math.max(...sameName.map((attempt) => attempt.unreachableAt));
  if (!Number.isNaN(refusedAt) && timers?.heedsIcmp !== false) {
    return { kind: 'reply', at: refusedAt as Timestamp, outcome: 'refused' };
  }
  return timerEnd(lookup, sameName, lastSend, timers, otherAnswered, horizon);
}

/** The reply that counts for this resolver: the last positive one, else the last. */
function finalReply(sameName: readonly TrackedAttempt[], timers: ResolverTimers | null): TrackedAttempt | null {
  let final: TrackedAttempt | null = null;
  for (const attempt of sameName) {
    if (attempt.rcode < 0) continue;
    if (timers?.waitsOutErrors === true && attempt.rcode !== RCODE.NOERROR && attempt.rcode !== RCODE.NXDOMAIN)
      continue;
    if (final === null || attempt.repliedAt >= final.repliedAt) final = attempt;
  }
  return final;
}

/** A late answer on the socket that also sent the resend is accepted (glibc, musl, c-ares; measured). */
const replyEndsWait = (reply: TrackedAttempt, sameName: readonly TrackedAttempt[]): boolean =>
  sameName.every((attempt) => attempt === reply || attempt.sentAt <= reply.repliedAt);

function replyOutcome(reply: TrackedAttempt): Outcome {
  if (reply.rcode === RCODE.NXDOMAIN) return 'nxdomain';
  if (reply.rcode === RCODE.REFUSED) return 'refused';
  if (reply.rcode !== RCODE.NOERROR) return 'servfail';
  return isFound(reply) ? 'ok' : 'nodata';
}

function timerEnd(
  lookup: OpenLookup,
  sameName: readonly TrackedAttempt[],
  lastSend: Timestamp,
  timers: ResolverTimers | null,
  otherAnswered: boolean,
  horizon: Horizon,
): FamilyEnd {
  const rounds = sendRounds(sameName);
  const seenWait = seenInterval(rounds);
  const servers = new Set(sameName.map((attempt) => attempt.server)).size;
  if (timers === null) {
    if (seenWait === null || horizon.endsAt < lastSend + seenWait) return { kind: 'captureEnd', at: lastSend };
    return {
      kind: 'timer',
      at: plus(lastSend, seenWait),
      wait: seenWait,
      source: 'the wait between its own resends; the resolver is not known',
      lowerBound: true,
      outcome: 'timeout',
    };
  }
  const tries = (otherAnswered ? triesOfMissing(lookup, timers) : timers.tries) * servers;
  const [wait, isSeen] = lastWait(timers, rounds.length, servers, seenWait);
  const lastRound = rounds.at(-1) as Timestamp;
  const due = timers.totalFromFirst
    ? plus(rounds[0] as Timestamp, nanoseconds(wait * rounds.length))
    : plus(lastRound, wait);
  if (rounds.length < tries && horizon.endsAt < due + TIMER_SLACK) return { kind: 'captureEnd', at: lastSend };
  return {
    kind: 'timer',
    at: due,
    wait,
    source: isSeen ? `the wait between its own resends (${timers.resolver})` : timers.source,
    lowerBound: timers.growth === 'jittered' && rounds.length > 1,
    outcome: 'timeout',
  };
}

/**
 * glibc that already asks one after the other from new ports (an option, or what an earlier loss
 * left in that thread) gives a family up after one wait (res_send.c; measured).
 */
function triesOfMissing(lookup: OpenLookup, timers: ResolverTimers): number {
  const [first, second] = lookup.attempts;
  if (timers.resolver !== 'glibc' || first === undefined || second === undefined) return timers.triesOfMissingFamily;
  return first.type !== second.type && first.clientPort !== second.clientPort ? 1 : timers.triesOfMissingFamily;
}

/** Times at which the query left, several servers at once or a burst counted as one. */
function sendRounds(sameName: readonly TrackedAttempt[]): Timestamp[] {
  const times = sameName
    .flatMap((attempt) => [attempt.sentAt, ...attempt.resends.map((resend) => resend.at)])
    .toSorted((one, other) => one - other);
  return times.filter((time, index) => index === 0 || time - (times[index - 1] as Timestamp) > BURST);
}

/** The shortest wait between two rounds: growth and load only lengthen the others. */
function seenInterval(rounds: readonly Timestamp[]): Duration | null {
  let shortest: number | null = null;
  for (let index = 1; index < rounds.length; index++) {
    const wait = (rounds[index] as number) - (rounds[index - 1] as number);
    if (shortest === null || wait < shortest) shortest = wait;
  }
  return shortest === null ? null : nanoseconds(shortest);
}

/** How long the resolver waits after its `count`-th send, and whether that was seen rather than looked up. */
function lastWait(timers: ResolverTimers, count: number, servers: number, seen: Duration | null): [Duration, boolean] {
  const step = seen === null ? timers.firstWait : nearestStep(seen);
  // Jitter, and timers that are looked at once a second only, lengthen what was seen.
  const first = timers.growth === 'jittered' && step > timers.firstWait ? timers.firstWait : step;
  const isSeen = seen !== null && Math.abs(first - timers.firstWait) > TIMER_SLACK;
  const base = isSeen ? first : timers.firstWait;
  if (timers.growth === 'constant') {
    if (timers.resolver === 'glibc' && servers > 2 && !isSeen) return [glibcWait(base, count, servers), false];
    return [base, isSeen];
  }
  // With n servers the wait doubles after each round of all of them.
  const doublings = Math.floor((count - 1) / Math.max(1, servers));
  const wait = base * 2 ** doublings;
  return [nanoseconds(timers.growth === 'jittered' && count > 1 ? wait / 2 : wait), isSeen];
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

const WORST_FIRST: readonly Outcome[] = ['timeout', 'servfail', 'refused', 'nxdomain', 'nodata'];

function outcomeOf(ends: readonly FamilyEnd[], timers: ResolverTimers | null): Outcome {
  const outcomes = ends.map((end) => (end.kind === 'captureEnd' ? 'incomplete' : end.outcome));
  const failed = outcomes.filter((outcome) => outcome === 'timeout' || outcome === 'servfail');
  if (outcomes.includes('ok') && (failed.length === 0 || timers?.succeedsWithOneFamily !== false)) return 'ok';
  return WORST_FIRST.find((outcome) => outcomes.includes(outcome)) ?? 'incomplete';
}
