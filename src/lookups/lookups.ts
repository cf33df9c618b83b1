import { LinkedQueue } from '../base/linked-queue.ts';
import { milliseconds, seconds, type Timestamp } from '../base/time.ts';
import { RCODE, type Lookup } from '../model/lookup.ts';
import { type AttemptSink, type TrackedAttempt } from '../model/tracked-attempt.ts';
import { createCandidates } from './candidates.ts';
import type { Verdict } from './evidence.ts';
import { settleEnd } from './ending.ts';
import type { Horizon } from './waits.ts';
import { addEvidence, createEvidence, kindOf } from './fingerprint.ts';
import { FOLLOWS_REPLY, stemWith } from './join.ts';
import { createOpenLookup, type OpenLookup, type Profile, type Timer, type Wait } from './open-lookup.ts';
import { judgeResolver } from './resolver.ts';

// The longest wait within one lookup is c-ares's last, 40 s.
const LONGEST_WAIT = seconds(42);
// When all is answered and an address is found, only c-ares goes on (the other family's walk), and
// glibc that asks for both again after a loss: within the same turn of their loops.
const GOES_ON_WITHIN = milliseconds(8);
// Rows wait to come in order of start, and for better knowledge of their resolver: until so many
// lookups of its kind were seen, or so many rows wait. A small capture is judged as a whole.
const KNOWN_WELL = 1024;
const HELD_BACK = 2048;
const LONGEST: Record<Wait, number> = { brief: GOES_ON_WITHIN, soon: FOLLOWS_REPLY, long: LONGEST_WAIT };
// A million half-open lookups must not eat the memory: about 30 MB.
const MAX_OPEN = 1 << 15;
// Clients of a cluster times kinds of lookups; beyond, the resolver stays unknown.
const MAX_PROFILES = 1 << 14;
const KINDS = 64;

export interface LookupCounts {
  started: number;
  emitted: number;
  /** Given up unfinished because too many were open at once. */
  evicted: number;
}

export interface LookupsOptions {
  emit(lookup: Lookup): void;
  /** Told before a lookup is emitted, and after: the attempt's own room may finish and take it back. */
  settle(attempt: TrackedAttempt): void;
  release(attempt: TrackedAttempt): void;
  horizon: Horizon;
}

/** Puts queries together to what one call of a resolver sent, and tells which resolver it was. */
export function createLookups(options: LookupsOptions) {
  const counts: LookupCounts = { started: 0, emitted: 0, evicted: 0 };
  const slots: OpenLookup[] = [];
  const free: OpenLookup[] = [];
  const candidates = createCandidates();
  const inOrder = new LinkedQueue<OpenLookup>();
  const passedOver = new LinkedQueue<OpenLookup>();
  const waits: Record<Wait, LinkedQueue<Timer>> = {
    brief: new LinkedQueue(),
    soon: new LinkedQueue(),
    long: new LinkedQueue(),
  };
  const profiles = new Map<number, Profile>();
  let closedAndHeld = 0;

  const sink: AttemptSink = { sent, resent, replied, unreachable };

  function sent(attempt: TrackedAttempt): void {
    attempt.holders++;
    let lookup = candidates.find(attempt);
    if (lookup === null) lookup = start(attempt);
    else {
      lookup.stem = stemWith(lookup, attempt);
      lookup.attempts.push(attempt);
    }
    attempt.slot = lookup.slot;
    lookup.lastEventAt = attempt.sentAt;
    candidates.waiting(lookup);
    arm(lookup, 'long', attempt.sentAt);
  }

  function resent(attempt: TrackedAttempt): void {
    const lookup = lookupOf(attempt);
    if (lookup === null) return;
    lookup.lastEventAt = (attempt.resends.at(-1) as { at: Timestamp }).at;
    candidates.waiting(lookup);
    arm(lookup, 'long', lookup.lastEventAt);
  }

  function replied(attempt: TrackedAttempt): void {
    const lookup = lookupOf(attempt);
    if (lookup === null) return;
    lookup.lastEventAt = attempt.repliedAt;
    if (!isAnswered(lookup)) return;
    if (!isComplete(lookup)) return arm(lookup, 'soon', attempt.repliedAt);
    candidates.lingering(lookup);
    arm(lookup, 'brief', attempt.repliedAt);
  }

  function unreachable(attempt: TrackedAttempt): void {
    const lookup = lookupOf(attempt);
    if (lookup !== null) lookup.lastEventAt = attempt.unreachableAt;
  }

  const lookupOf = (attempt: TrackedAttempt): OpenLookup | null => {
    const lookup = attempt.slot < 0 ? undefined : slots[attempt.slot];
    return lookup === undefined || lookup.state !== 'open' ? null : lookup;
  };

  function start(attempt: TrackedAttempt): OpenLookup {
    if (inOrder.size + passedOver.size - closedAndHeld > MAX_OPEN) evictOldest();
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
    lookup.state = 'open';
    inOrder.append(lookup);
    return lookup;
  }

  function newSlot(): OpenLookup {
    const lookup = createOpenLookup(slots.length);
    slots.push(lookup);
    return lookup;
  }

  /** The lookup ends when nothing follows for as long as its last event lets expect. */
  function arm(lookup: OpenLookup, queue: Wait, from: Timestamp): void {
    const timer = lookup.timer;
    disarm(timer);
    timer.due = (from + LONGEST[queue]) as Timestamp;
    timer.queue = queue;
    waits[queue].append(timer);
  }

  function disarm(timer: Timer): void {
    if (timer.queue !== 'none') waits[timer.queue].remove(timer);
    timer.queue = 'none';
  }

  function advance(time: Timestamp): void {
    expire(waits.brief, time);
    expire(waits.soon, time);
    expire(waits.long, time);
    emitReady();
  }

  function expire(queue: LinkedQueue<Timer>, time: Timestamp): void {
    for (let timer = queue.first; timer !== null && timer.due < time; timer = queue.first) close(timer.lookup);
  }

  function close(lookup: OpenLookup): void {
    disarm(lookup.timer);
    candidates.remove(lookup);
    lookup.state = 'closed';
    closedAndHeld++;
    lookup.profile = profileOf(lookup);
    if (lookup.profile !== null) addEvidence(lookup.profile.evidence, lookup, options.horizon.endsAt);
  }

  function profileOf(lookup: OpenLookup): Profile | null {
    const key = lookup.clientId * KINDS + kindOf(lookup);
    const known = profiles.get(key);
    if (known !== undefined) return known;
    if (profiles.size >= MAX_PROFILES) return null;
    const profile: Profile = { evidence: createEvidence(lookup), verdict: null, renewAt: 0 };
    profiles.set(key, profile);
    return profile;
  }

  /** In order of start; one that waits for its timers while too many follow is passed over and comes late. */
  function emitReady(): void {
    for (let lookup = inOrder.first; lookup !== null; lookup = inOrder.first) {
      const full = inOrder.size > HELD_BACK;
      if (!full && (lookup.state !== 'closed' || !isKnownWell(lookup.profile))) break;
      inOrder.remove(lookup);
      if (lookup.state === 'closed') emit(lookup);
      else passedOver.append(lookup);
    }
    for (let lookup = passedOver.first; lookup !== null && lookup.state === 'closed'; lookup = passedOver.first) {
      passedOver.remove(lookup);
      emit(lookup);
    }
  }

  function evictOldest(): void {
    const oldest = passedOver.first ?? inOrder.first;
    if (oldest === null) return;
    counts.evicted++;
    (passedOver.first === oldest ? passedOver : inOrder).remove(oldest);
    if (oldest.state === 'open') close(oldest);
    emit(oldest);
  }

  function emit(lookup: OpenLookup): void {
    closedAndHeld--;
    counts.emitted++;
    describe(lookup);
    options.emit(lookup);
    recycle(lookup);
  }

  function describe(lookup: OpenLookup): void {
    const profile = lookup.profile ?? (lookup.state === 'open' ? profileOf(lookup) : null);
    const verdict = profile === null ? null : verdictOf(profile);
    lookup.resolver = verdict?.resolver ?? 'unknown';
    lookup.resolverDetail = verdict?.detail ?? null;
    lookup.resolverConfidence = verdict?.confidence ?? 'possible';
    lookup.resolverBecause = verdict?.because ?? 'too many clients to follow each';
    const first = lookup.attempts[0] as TrackedAttempt;
    lookup.name = lookup.stem > 0 ? first.name.slice(0, lookup.stem) : first.name;
    for (const attempt of lookup.attempts) options.settle(attempt);
    settleEnd(lookup, options.horizon);
  }

  function recycle(lookup: OpenLookup): void {
    for (const attempt of lookup.attempts) {
      attempt.slot = -1;
      options.release(attempt);
    }
    // One stays: an array that was empty once gets a new store with its next element.
    while (lookup.attempts.length > 1) lookup.attempts.pop();
    lookup.state = 'free';
    free.push(lookup);
  }

  /** The lookups that are still held, as they stand now; for an answer while the capture runs. */
  function* snapshot(): Generator<Lookup> {
    for (const queue of [passedOver, inOrder]) {
      for (let lookup = queue.first; lookup !== null; lookup = lookup.later) {
        describe(lookup);
        yield lookup;
      }
    }
  }

  /** No more packets: what is open ends as its resolver would have, or with the capture. */
  function finish(): void {
    for (const queue of [passedOver, inOrder]) {
      for (let lookup = queue.first; lookup !== null; lookup = lookup.later) if (lookup.state === 'open') close(lookup);
    }
    const rest: OpenLookup[] = [];
    for (const queue of [passedOver, inOrder]) {
      for (let lookup = queue.first; lookup !== null; lookup = queue.first) {
        queue.remove(lookup);
        rest.push(lookup);
      }
    }
    rest.sort((one, other) => one.startedAt - other.startedAt || one.ordinal - other.ordinal);
    for (const lookup of rest) emit(lookup);
  }

  return { counts, sink, advance, finish, snapshot };
}

export type Lookups = ReturnType<typeof createLookups>;

function isAnswered(lookup: OpenLookup): boolean {
  for (const attempt of lookup.attempts) if (attempt.rcode < 0) return false;
  return true;
}

function verdictOf(profile: Profile): Verdict {
  const { evidence } = profile;
  if (profile.verdict === null || evidence.lookups >= profile.renewAt) {
    profile.verdict = judgeResolver(evidence);
    profile.renewAt = Math.ceil(evidence.lookups * 1.5) + 1;
  }
  return profile.verdict;
}

const isKnownWell = (profile: Profile | null): boolean => profile === null || profile.evidence.lookups >= KNOWN_WELL;

/** Both families have their answer for the last name, and one of them is an address. */
function isComplete(lookup: OpenLookup): boolean {
  const attempts = lookup.attempts;
  if (attempts.length < 2) return false;
  const last = attempts[attempts.length - 1] as TrackedAttempt;
  const before = attempts[attempts.length - 2] as TrackedAttempt;
  if (last.name !== before.name || last.type === before.type || last.truncated || before.truncated) return false;
  if (last.rcode !== RCODE.NOERROR || before.rcode !== RCODE.NOERROR) return false;
  return last.addresses.length + before.addresses.length > 0;
}
