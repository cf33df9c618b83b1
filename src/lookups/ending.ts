import { emptyList } from '../base/lists.ts';
import { milliseconds, nanoseconds, type Timestamp } from '../base/time.ts';
import { timersOf, type ResolverTimers } from '../knowledge/resolver-timers.ts';
import { isAddressType, lastSentAt, RCODE, type Outcome } from '../model/lookup.ts';
import { hasAddresses, isSameName, type TrackedAttempt } from '../model/tracked-attempt.ts';
import type { OpenLookup } from './open-lookup.ts';
import { gaveUpBefore, timerEnd, type FamilyEnd, type Horizon } from './waits.ts';

// Before the first timer of any resolver (c-ares from 1.32, 250 ms) a reply always counts.
const SHORTEST_TIMER = milliseconds(240);
const NO_ANSWERS: readonly string[] = emptyList();

/**
 * Fills in when a lookup ended, why, and with what: the last reply its caller waited for, or
 * the resolver's own timer where no packet marks the end. Its resolver must be known before.
 */
export function settleEnd(lookup: OpenLookup, horizon: Horizon): void {
  const attempts = lookup.attempts;
  if (settlePlain(lookup)) return;
  const timers = timersOf(lookup.resolver, lookup.resolverDetail);
  const types = [...new Set(attempts.map((attempt) => attempt.type))];
  const answered = types.some((type) => attempts.some((attempt) => attempt.type === type && isAnswered(attempt)));
  const ends = types.map((type) => familyEnd(lookup, type, timers, answered, horizon));
  const answers = types.flatMap((type) => familyAnswers(lookup, type));
  lookup.answersOfOne = answers.length === 0 ? NO_ANSWERS : answers;
  lookup.answersOfOther = NO_ANSWERS;
  let end = ends[0] as FamilyEnd;
  for (const other of ends) if (other.at > end.at || (other.at === end.at && other.kind === 'captureEnd')) end = other;
  // One family that the capture leaves open leaves the lookup open, whatever the other did.
  const open = ends.find((other) => other.kind === 'captureEnd');
  if (open !== undefined) end = { kind: 'captureEnd', at: Math.max(end.at, open.at) as Timestamp };
  finishWith(lookup, end);
  lookup.outcome = open === undefined ? outcomeOf(ends, timers) : 'incomplete';
  if (lookup.outcome === 'nxdomain' && lookup.resolver === 'glibc') lookup.outcome = asItIs(lookup) ?? 'nxdomain';
  if (isNegative(lookup.outcome) && endsApart(lookup, types)) lookup.outcome = 'incomplete';
}

/**
 * The error of a name that was asked for as it is, before all suffixes: that is what glibc tells its caller, whatever
 * the suffixes said (res_query.c, `saved_herrno`). Null where there is none.
 */
function asItIs({ attempts, name }: OpenLookup): Outcome | null {
  const [first] = attempts;
  if (first === undefined || first.name !== name || !isOtherError(first.rcode)) return null;
  return replyOutcome(first, first.rcode);
}

const isNegative = (outcome: Outcome): boolean => outcome === 'nxdomain' || outcome === 'nodata';

/** Both families walk to the same end: where one did not, the capture lacks its last question. */
function endsApart({ attempts }: OpenLookup, types: readonly number[]): boolean {
  const ends = types
    .filter(isAddressType)
    .map((type) => attempts.findLast((attempt) => attempt.type === type) as TrackedAttempt);
  const [one, other] = ends;
  return one !== undefined && other !== undefined && !isSameName(one, other);
}

/**
 * The usual case without a detour, and without an allocation: each query sent once and answered
 * in time, with an answer or "no such name". The last answer of either family ends it.
 */
function settlePlain(lookup: OpenLookup): boolean {
  const { attempts } = lookup;
  const last = attempts[attempts.length - 1] as TrackedAttempt;
  let twin: TrackedAttempt | null = null;
  for (let index = attempts.length - 1; index >= 0; index--) {
    const attempt = attempts[index] as TrackedAttempt;
    if (attempt.rcode !== RCODE.NOERROR && attempt.rcode !== RCODE.NXDOMAIN) return false;
    if (attempt.resends.length > 0 || attempt.truncated) return false;
    if (attempt.type !== last.type && twin === null) twin = attempt;
    // Asked twice for one name: a retry.
    if (index > 0 && (attempts[index - 1] as TrackedAttempt).type === attempt.type && repeatsName(attempts, index))
      return false;
  }
  const end = twin === null || twin.repliedAt < last.repliedAt ? last.repliedAt : twin.repliedAt;
  // Below zero where the capture's clock was set back in between.
  const duration = nanoseconds(Math.max(0, end - lookup.startedAt));
  if (duration > SHORTEST_TIMER) return false;
  lookup.duration = duration;
  lookup.endBecause = 'reply';
  lookup.endTimer = null;
  lookup.durationIsLowerBound = false;
  lookup.answersOfOne = last.addresses;
  lookup.answersOfOther = twin === null || twin.addresses === last.addresses ? NO_ANSWERS : twin.addresses;
  if (
    lookup.answersOfOne.length + lookup.answersOfOther.length > 0 ||
    isFound(last) ||
    (twin !== null && isFound(twin))
  )
    lookup.outcome = 'ok';
  // As where it is not plain ({@link endsApart}).
  else if (twin !== null && !isSameName(last, twin)) lookup.outcome = 'incomplete';
  else lookup.outcome = last.rcode === RCODE.NXDOMAIN || twin?.rcode === RCODE.NXDOMAIN ? 'nxdomain' : 'nodata';
  return true;
}

const repeatsName = (attempts: readonly TrackedAttempt[], index: number): boolean =>
  (attempts[index - 1] as TrackedAttempt).name === (attempts[index] as TrackedAttempt).name;

function finishWith(lookup: OpenLookup, end: FamilyEnd): void {
  lookup.duration = nanoseconds(Math.max(0, end.at - lookup.startedAt));
  lookup.endBecause = end.kind;
  lookup.endTimer = end.kind === 'timer' ? { value: end.wait, source: end.source } : null;
  lookup.durationIsLowerBound = end.kind === 'captureEnd' || (end.kind === 'timer' && end.lowerBound);
}

const isFound = (attempt: TrackedAttempt): boolean =>
  attempt.rcode === RCODE.NOERROR &&
  !attempt.truncated &&
  (isAddressType(attempt.type) ? hasAddresses(attempt) : attempt.answerCount > 0);

const isAnswered = (attempt: TrackedAttempt): boolean => attempt.rcode === RCODE.NOERROR && hasAddresses(attempt);

function familyAnswers(lookup: OpenLookup, type: number): readonly string[] {
  for (let index = lookup.attempts.length - 1; index >= 0; index--) {
    const attempt = lookup.attempts[index] as TrackedAttempt;
    if (attempt.type === type && attempt.rcode === RCODE.NOERROR && attempt.addresses.length > 0)
      return attempt.addresses;
  }
  return NO_ANSWERS;
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
  const lastSend = Math.max(...sameName.map(lastSentAt)) as Timestamp;
  const reply = endingReply(sameName, lastSend, timers);
  if (reply !== null) {
    const gaveUp =
      otherAnswered && timers?.triesOfMissingFamily === 1 && sameName.length === 1 && lastSend === last.sentAt;
    if (gaveUp) {
      const timer = timerEnd(lookup, sameName, lastSend, timers, otherAnswered, horizon);
      if (timer.kind === 'timer' && timer.at < reply.at) return timer;
    }
    if (timers !== null && gaveUpBefore(reply.at, lookup, sameName, timers, otherAnswered)) {
      return timerEnd(lookup, sameName, lastSend, timers, otherAnswered, horizon);
    }
    return { kind: 'reply', at: reply.at, outcome: replyOutcome(reply.attempt, reply.rcode) };
  }
  const refusedAt = Math.max(...sameName.map((attempt) => attempt.unreachableAt));
  if (!Number.isNaN(refusedAt) && timers?.heedsIcmp !== false) {
    return { kind: 'reply', at: refusedAt as Timestamp, outcome: 'refused' };
  }
  return timerEnd(lookup, sameName, lastSend, timers, otherAnswered, horizon);
}

interface Heard {
  at: Timestamp;
  rcode: number;
  attempt: TrackedAttempt;
}

/**
 * The reply that ended the wait: the first after the last send, also one to an earlier send
 * whose socket is still open (glibc, musl and c-ares take it; measured). Null where none did.
 */
function endingReply(
  sameName: readonly TrackedAttempt[],
  lastSend: Timestamp,
  timers: ResolverTimers | null,
): Heard | null {
  const heard: Heard[] = [];
  for (const attempt of sameName) {
    if (attempt.rcode < 0 || isClosed(attempt, attempt.repliedAt, sameName)) continue;
    if (timers?.waitsOutErrors === true && isOtherError(attempt.rcode)) continue;
    // What was truncated is asked for over TCP, perhaps before the truncated answer itself is there.
    // Who has gone on to TCP hears no more of what he asked over UDP.
    if (sameName.some(({ transport, sentAt }) => transport === 'tcp' && isPast(attempt, sentAt))) continue;
    heard.push({ at: attempt.repliedAt, rcode: attempt.rcode, attempt });
  }
  heard.sort((one, other) => one.at - other.at);
  return heard.find((reply) => reply.at >= lastSend || isBesideOthers(reply, sameName, lastSend)) ?? null;
}

/** musl asks all servers in one loop, and a busy machine may stop it there: the first one's answer ends the wait. */
const isBesideOthers = (
  { at, rcode, attempt }: Heard,
  sameName: readonly TrackedAttempt[],
  lastSend: Timestamp,
): boolean =>
  lastSend - at < SHORTEST_TIMER &&
  !isOtherError(rcode) &&
  !attempt.truncated &&
  sameName.every((other) => other.server !== attempt.server || lastSentAt(other) <= at);

/** Asked over UDP before that moment, and cut or not answered until then. */
const isPast = ({ transport, truncated, sentAt, repliedAt }: TrackedAttempt, moment: Timestamp): boolean =>
  transport === 'udp' && sentAt < moment && (truncated || repliedAt > moment);

const isOtherError = (rcode: number): boolean => rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN;

/** A retry from a new port to the same server means that the old socket is closed: nobody hears its replies. */
const isClosed = (attempt: TrackedAttempt, at: Timestamp, sameName: readonly TrackedAttempt[]): boolean =>
  sameName.some(
    (newer) =>
      newer.sentAt > attempt.sentAt &&
      newer.sentAt <= at &&
      newer.clientPort !== attempt.clientPort &&
      newer.server === attempt.server &&
      newer.transport === attempt.transport,
  );

function replyOutcome(reply: TrackedAttempt, rcode: number): Outcome {
  if (rcode === RCODE.NXDOMAIN) return 'nxdomain';
  if (rcode === RCODE.REFUSED) return 'refused';
  if (rcode !== RCODE.NOERROR) return 'servfail';
  return isFound(reply) ? 'ok' : 'nodata';
}

const WORST_FIRST: readonly Outcome[] = ['timeout', 'servfail', 'refused', 'nxdomain', 'nodata'];

function outcomeOf(ends: readonly FamilyEnd[], timers: ResolverTimers | null): Outcome {
  const outcomes = ends.map((end) => (end.kind === 'captureEnd' ? 'incomplete' : end.outcome));
  const failed = outcomes.filter((outcome) => outcome === 'timeout' || outcome === 'servfail');
  if (outcomes.includes('ok') && (failed.length === 0 || timers?.succeedsWithOneFamily !== false)) return 'ok';
  return WORST_FIRST.find((outcome) => outcomes.includes(outcome)) ?? 'incomplete';
}
