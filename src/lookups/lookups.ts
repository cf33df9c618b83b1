import { Fifo } from '../base/fifo.ts';
import { LinkedQueue } from '../base/linked-queue.ts';
import { at, milliseconds, plus, seconds, type Timestamp } from '../base/time.ts';
import { lastSentAt, type Lookup } from '../model/lookup.ts';
import { lastEventAt, type AttemptSink, type TrackedAttempt } from '../model/tracked-attempt.ts';
import { createCandidates } from './candidates.ts';
import { addFirstWait, createChosenWait } from './chosen-wait.ts';
import type { Verdict } from './evidence.ts';
import { settleEnd } from './ending.ts';
import type { Horizon } from './waits.ts';
import { addEvidence, asksAlone, createEvidence, KINDS, kindOf } from './fingerprint.ts';
import { FOLLOWS_REPLY, stemWith } from './join.ts';
import { HeldLookups } from './held-lookups.ts';
import { createIpFamilies } from './ip-families.ts';
import { createOpenLookup, type OpenLookup, type Profile } from './open-lookup.ts';
import { judgeResolver } from './resolver.ts';
import { createWalks } from './search-walk.ts';
import { isComplete, isHalf } from './stages.ts';

// The longest wait within one lookup is c-ares's last, 40 s.
const LONGEST_WAIT = seconds(42);
// When all is answered and an address is found, only c-ares goes on (the other family's walk), and
// glibc that asks for both again after a loss: within the same turn of their loops.
const GOES_ON_WITHIN = milliseconds(5);
// Where one family is answered and the other not seen, that one was lost before it came by, perhaps, and is asked
// for again: the longest first wait is gRPC's, 6 s. Halves are few where both are asked for, and no more are kept.
const HALF_COMES_WITHIN = seconds(6.5);
const MAX_HALVES = 1024;
// What a resend was for may still be answered: a server that is late is so by less than this, or no cause.
const LATE_REPLY = seconds(1);
// Rows wait to come in order of start, and for better knowledge of their resolver: until so many
// lookups of its kind were seen, or so many rows wait. A small capture is judged as a whole.
const KNOWN_WELL = 1024;
const HELD_BACK = 2048;
// Once the resolvers are known, only order is left to wait for, and one lost answer would hold
// back all that follow: so many rows stay in the processor's cache.
const HELD_BACK_LATER = 128;
// What waits for its longest timer is few: looked through once in so much capture time.
const SWEEP_EVERY = seconds(1);
// A million half-open lookups must not eat the memory: about 10 MB.
const MAX_OPEN = 1 << 14;
// Clients of a cluster times kinds of lookups; beyond, the resolver stays unknown.
const MAX_PROFILES = 1 << 13;

export interface LookupCounts {
  started: number;
  emitted: number;
  /** Given up unfinished because too many were open at once. */
  evicted: number;
}

export interface LookupsOptions {
  emit(lookup: Lookup): void;
  /** Told before a lookup is emitted, and after: the attempts' own room may finish and take them back. */
  settle(attempts: readonly TrackedAttempt[]): void;
  release(attempts: readonly TrackedAttempt[]): void;
  horizon: Horizon;
}

/** Puts queries together to what one call of a resolver sent, and tells which resolver it was. */
export function createLookups(options: LookupsOptions) {
  const counts: LookupCounts = { started: 0, emitted: 0, evicted: 0 };
  const slots: OpenLookup[] = [];
  const free: OpenLookup[] = [];
  const walks = createWalks();
  const candidates = createCandidates(walks);
  const ipFamilies = createIpFamilies();
  const held = new HeldLookups();
  const brief = new Fifo<OpenLookup>();
  const soon = new LinkedQueue<OpenLookup>();
  /** By client, then by kind of lookup. */
  const profiles: ((Profile | undefined)[] | undefined)[] = [];
  let profileCount = 0;
  let halves = 0;
  let sweptAt = at(-Infinity);
  let closedAndHeld = 0;

  const sink: AttemptSink = { sent, resent, replied, unreachable };

  function sent(attempt: TrackedAttempt): void {
    attempt.holders++;
    let lookup = candidates.find(attempt) ?? candidates.findOfOther(attempt, ipFamilies.othersOf(attempt));
    if (lookup === null) {
      const holder = candidates.holderOfTwin(attempt);
      if (holder !== null) lookup = put(takeNewest(holder), null);
    }
    put(attempt, lookup);
  }

  /** @param into null where it begins a lookup */
  function put(attempt: TrackedAttempt, into: OpenLookup | null): OpenLookup {
    const lookup = into ?? start(attempt);
    if (into !== null) {
      lookup.stem = stemWith(lookup, attempt, walks);
      lookup.attempts.push(attempt);
    }
    lookup.unanswered++;
    attempt.slot = lookup.slot;
    lookup.lastEventAt = attempt.sentAt;
    waits(lookup);
    return lookup;
  }

  /** The newest query is another lookup's; who has all its answers is not under way any more. */
  function takeNewest(lookup: OpenLookup): TrackedAttempt {
    const newest = lookup.attempts.pop() as TrackedAttempt;
    lookup.unanswered--;
    lookup.lastEventAt = at(Math.max(...lookup.attempts.map(lastEventAt)));
    if (lookup.unanswered === 0) close(lookup);
    else waits(lookup);
    return newest;
  }

  function resent(attempt: TrackedAttempt): void {
    const lookup = lookupOf(attempt) ?? reopened(attempt);
    if (lookup === null) return;
    lookup.lastEventAt = lastSentAt(attempt);
    lookup.resent = true;
    waits(lookup);
  }

  /**
   * All seemed to be answered, and the same query is sent again: its answer was lost behind the capture, or (glibc,
   * which asks for both families again) the other family's query before it.
   */
  function reopened(attempt: TrackedAttempt): OpenLookup | null {
    const lookup = attempt.slot < 0 ? undefined : slots[attempt.slot];
    if (lookup === undefined || lookup.state !== 'closed' || isComplete(lookup)) return null;
    lookup.state = 'open';
    closedAndHeld--;
    return lookup;
  }

  function replied(attempt: TrackedAttempt): void {
    const lookup = lookupOf(attempt);
    if (lookup === null) return;
    lookup.lastEventAt = attempt.repliedAt;
    if (attempt.earlierReplies.length === 0) lookup.unanswered--;
    if (lookup.unanswered > 0) return;
    const complete = isComplete(lookup);
    if (!complete && mayBeHalf(lookup)) {
      lookup.due = plus(attempt.repliedAt, HALF_COMES_WITHIN);
      if (!lookup.isHalf) halves++;
      lookup.isHalf = true;
      return;
    }
    if (complete && lookup.resent) {
      // An answer to the first sending may still come: slow, not lost. Nobody goes on but glibc, from a new port.
      lookup.due = plus(attempt.repliedAt, LATE_REPLY);
      return;
    }
    lookup.due = plus(attempt.repliedAt, complete ? GOES_ON_WITHIN : FOLLOWS_REPLY);
    if (complete) candidates.lingering(lookup);
    linger(lookup, complete ? 'brief' : 'soon');
  }

  function unreachable(attempt: TrackedAttempt): void {
    const lookup = lookupOf(attempt);
    if (lookup !== null) lookup.lastEventAt = attempt.unreachableAt;
  }

  /** One family of its last name has all its answers, and its client asks for both. */
  function mayBeHalf(lookup: OpenLookup): boolean {
    if (halves >= MAX_HALVES || !isHalf(lookup)) return false;
    let alone = 0;
    let paired = 0;
    for (const [kind, profile] of (profiles[lookup.clientId] ?? []).entries()) {
      if (profile === undefined) continue;
      if (asksAlone(kind)) alone += profile.evidence.lookups;
      else paired += profile.evidence.lookups;
    }
    lookup.pairsBefore = paired;
    return alone <= paired;
  }

  const lookupOf = (attempt: TrackedAttempt): OpenLookup | null => {
    const lookup = attempt.slot < 0 ? undefined : slots[attempt.slot];
    return lookup === undefined || lookup.state !== 'open' ? null : lookup;
  };

  function start(attempt: TrackedAttempt): OpenLookup {
    if (held.size - closedAndHeld > MAX_OPEN) evictOldest();
    const lookup = free.pop() ?? newSlot();
    lookup.ordinal = ++counts.started;
    lookup.input = attempt.input;
    lookup.client = attempt.client;
    lookup.clientId = attempt.clientId;
    lookup.server = attempt.server;
    lookup.startedAt = attempt.sentAt;
    lookup.labelHash = attempt.labelHash;
    lookup.attempts[0] = attempt;
    lookup.profile = null;
    lookup.stem = -1;
    lookup.unanswered = 0;
    lookup.resent = false;
    lookup.isHalf = false;
    lookup.mayLack = options.horizon.lacksPackets === true;
    lookup.state = 'open';
    lookup.queued = 'none';
    held.append(lookup);
    return lookup;
  }

  function newSlot(): OpenLookup {
    const lookup = createOpenLookup(slots.length);
    slots.push(lookup);
    return lookup;
  }

  /** All is answered for now: what could still follow does so within this time. */
  function linger(lookup: OpenLookup, queue: 'brief' | 'soon'): void {
    if (lookup.queued === 'brief') return;
    if (lookup.queued === 'soon') soon.remove(lookup);
    lookup.queued = queue;
    lookup.queuedUntil = lookup.due;
    if (queue === 'brief') brief.push(lookup);
    else soon.append(lookup);
  }

  /** It goes on. The ring of those that linger briefly lets it go when its turn comes. */
  function waits(lookup: OpenLookup): void {
    lookup.due = plus(lookup.lastEventAt, LONGEST_WAIT);
    if (lookup.isHalf) leaveHalves(lookup);
    if (lookup.queued === 'soon') {
      soon.remove(lookup);
      lookup.queued = 'none';
    }
    candidates.waiting(lookup);
  }

  function leaveHalves(lookup: OpenLookup): void {
    lookup.isHalf = false;
    halves--;
  }

  /** Nothing before `time` follows: lookups end whose last event lets expect no more by now. */
  function advance(time: Timestamp): void {
    for (let lookup = brief.first; lookup !== undefined && lookup.queuedUntil < time; lookup = brief.first) {
      brief.shift();
      lookup.queued = 'none';
      if (lookup.state !== 'open') continue;
      if (lookup.due < time) close(lookup);
      else if (lookup.unanswered === 0) linger(lookup, 'soon');
    }
    for (let lookup = soon.first; lookup !== null && lookup.due < time; lookup = soon.first) close(lookup);
    if (time > sweptAt + SWEEP_EVERY) sweep(time);
    emitReady();
  }

  /** Ends what has waited as long as the longest timer. */
  function sweep(time: Timestamp): void {
    sweptAt = time;
    for (let lookup = held.first; lookup !== null; lookup = lookup.heldAfter) {
      if (lookup.state === 'open' && lookup.due < time) close(lookup);
    }
    for (const lookup of held) {
      if (!lookup.passedOver) break;
      if (lookup.due < time) close(lookup);
    }
  }

  function close(lookup: OpenLookup): void {
    candidates.remove(lookup);
    if (lookup.isHalf) leaveHalves(lookup);
    if (lookup.queued === 'soon') {
      soon.remove(lookup);
      lookup.queued = 'none';
    }
    lookup.state = 'closed';
    closedAndHeld++;
    const before = lookup.profile;
    lookup.profile = profileOf(lookup);
    // One that was closed before told what it has to tell, but where it turned out to be of another kind.
    if (lookup.profile !== null && lookup.profile !== before) {
      addEvidence(lookup.profile.evidence, lookup, options.horizon);
      if (lookup.resent || lookup.attempts.length > 2) addFirstWait(lookup.profile.chosenWait, lookup.attempts);
    }
    if (lookup.passedOver) emit(lookup);
  }

  function profileOf(lookup: OpenLookup): Profile | null {
    const kind = kindOf(lookup, profiles[lookup.clientId] ?? []);
    const known = profiles[lookup.clientId]?.[kind];
    if (known !== undefined) return known;
    if (profileCount >= MAX_PROFILES) return null;
    profileCount++;
    const ofClient = profiles[lookup.clientId];
    const chosenWait = ofClient?.find((other) => other !== undefined)?.chosenWait ?? createChosenWait();
    const profile: Profile = { evidence: createEvidence(lookup), chosenWait, verdict: null, renewAt: 0 };
    if (ofClient === undefined)
      profiles[lookup.clientId] = Array.from({ length: KINDS }, (_, index) => (index === kind ? profile : undefined));
    else ofClient[kind] = profile;
    return profile;
  }

  /** In order of start; one that waits for its timers while too many follow is passed over and comes late. */
  function emitReady(): void {
    for (let lookup = held.first; lookup !== null; lookup = held.first) {
      const full = held.inOrder > (counts.emitted < HELD_BACK ? HELD_BACK : HELD_BACK_LATER);
      if (!full && (lookup.state !== 'closed' || !isKnownWell(lookup.profile))) break;
      if (lookup.state === 'closed') emit(lookup);
      else held.passOver();
    }
  }

  function evictOldest(): void {
    counts.evicted++;
    const late = held.oldestPassedOver;
    if (late !== null) return close(late);
    const oldest = held.first;
    if (oldest === null) return;
    if (oldest.state === 'open') close(oldest);
    emit(oldest);
  }

  function emit(lookup: OpenLookup): void {
    closedAndHeld--;
    counts.emitted++;
    held.remove(lookup);
    describe(lookup);
    options.emit(lookup);
    recycle(lookup);
  }

  function describe(lookup: OpenLookup): void {
    const profile = lookup.profile ?? (lookup.state === 'open' ? profileOf(lookup) : null);
    const verdict = profile === null ? null : verdictOf(profile, profiles[lookup.clientId] ?? []);
    lookup.resolver = verdict?.resolver ?? 'unknown';
    lookup.resolverDetail = verdict?.detail ?? null;
    lookup.resolverConfidence = verdict?.confidence ?? 'possible';
    lookup.resolverBecause = verdict?.because ?? 'too many clients to follow each';
    lookup.name = nameOf(lookup);
    options.settle(lookup.attempts);
    settleEnd(lookup, options.horizon);
  }

  function recycle(lookup: OpenLookup): void {
    for (const attempt of lookup.attempts) attempt.slot = -1;
    options.release(lookup.attempts);
    // One stays: an array that was empty once gets a new store with its next element.
    while (lookup.attempts.length > 1) lookup.attempts.pop();
    lookup.state = 'free';
    // A queue that still holds it (it was ended for want of room) must not meet it in another life.
    if (lookup.queued === 'none') free.push(lookup);
  }

  /** The lookups that are still held, as they stand now; for an answer while the capture runs. */
  function* snapshot(): Generator<Lookup> {
    for (const lookup of held) {
      describe(lookup);
      yield lookup;
    }
  }

  /** No more packets: what is open ends as its resolver would have, or with the capture. */
  function finish(): void {
    const rest = [...held];
    // None is passed over any more: to close is not to emit.
    for (const lookup of rest) {
      held.remove(lookup);
      held.append(lookup);
    }
    // All are closed first: what each tells of its resolver counts for the others.
    for (const lookup of rest) if (lookup.state === 'open') close(lookup);
    rest.sort((one, other) => one.startedAt - other.startedAt || one.ordinal - other.ordinal);
    for (const lookup of rest) emit(lookup);
  }

  return { counts, sink, advance, finish, snapshot };
}

/** What all its names have in common; that very string where it was asked for as it is, as it mostly was. */
function nameOf({ attempts, stem }: OpenLookup): string {
  const first = attempts[0] as TrackedAttempt;
  if (stem <= 0) return first.name;
  for (let index = attempts.length - 1; index >= 0; index--) {
    const { name } = attempts[index] as TrackedAttempt;
    if (name.length === stem) return name;
  }
  return first.name.slice(0, stem);
}

function verdictOf(profile: Profile, ofClient: readonly (Profile | undefined)[]): Verdict {
  const { evidence } = profile;
  if (profile.verdict === null || evidence.lookups >= profile.renewAt) {
    profile.verdict = judgeResolver(
      evidence,
      ofClient.flatMap((other) => other?.evidence ?? []),
    );
    profile.renewAt = Math.ceil(evidence.lookups * 1.5) + 1;
  }
  return profile.verdict;
}

const isKnownWell = (profile: Profile | null): boolean => profile === null || profile.evidence.lookups >= KNOWN_WELL;
