import { microseconds, milliseconds, type Timestamp } from '../base/time.ts';
import { EDNS_SIZE_UNKNOWN } from '../model/dns-message.ts';
import { isAddressType, RR_TYPE } from '../model/lookup.ts';
import { isSameName, type TrackedAttempt } from '../model/tracked-attempt.ts';
import type { Evidence, PortUse } from './evidence.ts';
import { lateTwins } from '../knowledge/late-twins.ts';
import type { OpenLookup, Profile } from './open-lookup.ts';
import { EDNS_NETTY } from './resolver.ts';
import type { Horizon } from './waits.ts';

const EDNS_SIZES_TOLD_APART = 8;
// c-ares from 1.32 waits no shorter; those that ask for a lost family again wait longer.
const SOONEST_TIMER = milliseconds(250);
/** One more than the greatest that {@link kindOf} gives. */
export const KINDS = 4 * EDNS_SIZES_TOLD_APART;

/**
 * Which of a client's lookups are alike enough to be one resolver's. One whose second family was first seen when
 * it was sent again does not show how both are sent: it is of the kind of most others.
 */
export function kindOf(lookup: OpenLookup, others: readonly (Profile | undefined)[]): number {
  const first = lookup.attempts[0] as TrackedAttempt;
  if (hasLateTwin(lookup)) return usualKind(others, sizeClass(first.ednsSize));
  const ports = portUse(lookup, twinOf(lookup, first));
  const use = ports === 'single' ? 0 : ports === 'different' ? 1 : first.type === RR_TYPE.AAAA ? 3 : 2;
  return use * EDNS_SIZES_TOLD_APART + sizeClass(first.ednsSize);
}

/** Early out: most lookups take no time. */
const hasLateTwin = ({ attempts, startedAt, lastEventAt }: OpenLookup): boolean =>
  lastEventAt - startedAt >= SOONEST_TIMER && lateTwins(attempts).length > 0;

function usualKind(others: readonly (Profile | undefined)[], size: number): number {
  let usual = size;
  let most = 0;
  for (const [kind, profile] of others.entries()) {
    if (profile === undefined || asksAlone(kind) || kind % EDNS_SIZES_TOLD_APART !== size) continue;
    if (profile.evidence.lookups <= most) continue;
    most = profile.evidence.lookups;
    usual = kind;
  }
  return usual;
}

/** Whether lookups of this kind ask for one family only. */
export const asksAlone = (kind: number): boolean => kind < EDNS_SIZES_TOLD_APART;

/** A first query that a closed port refused is asked anew from another port, and its twin leaves from there. */
function portUse(lookup: OpenLookup, twin: TrackedAttempt | null): PortUse {
  if (twin === null) return 'single';
  if ((lookup.attempts[0] as TrackedAttempt).clientPort === twin.clientPort) return 'same';
  for (const one of lookup.attempts) {
    if (one.type === twin.type || !isSameName(one, twin)) continue;
    for (const other of lookup.attempts) {
      if (other.type === twin.type && other.clientPort === one.clientPort && isSameName(other, twin)) return 'same';
    }
  }
  return 'different';
}

const SIZES = [-1, 512, 1200, 1232, 1280, 1472, 4096];

function sizeClass(size: number): number {
  if (size < 0) return 0;
  const known = SIZES.indexOf(size);
  return known < 0 ? EDNS_SIZES_TOLD_APART - 1 : known;
}

/** The other family's first query for the first name. */
export function twinOf(lookup: OpenLookup, first: TrackedAttempt): TrackedAttempt | null {
  if (!isAddressType(first.type)) return null;
  for (const attempt of lookup.attempts) {
    if (attempt.type !== first.type && isSameName(attempt, first) && isAddressType(attempt.type)) return attempt;
  }
  return null;
}

export function createEvidence(lookup: OpenLookup): Evidence {
  const first = lookup.attempts[0] as TrackedAttempt;
  const twin = twinOf(lookup, first);
  const evidence: Evidence = {
    lookups: 0,
    ports: portUse(lookup, twin),
    ednsSize: first.ednsSize,
    aaaaFirst: first.type === RR_TYPE.AAAA,
    pairs: 0,
    muslIds: 0,
    glibcIds: 0,
    nearIds: 0,
    bothIds: 0,
    sameHighOctet: 0,
    sequential: 0,
    aaaaBeforeA: 0,
    recentPorts: [],
    portKept: 0,
    walksOnOnePort: 0,
    walksOnNewPorts: 0,
    cookies: 0,
    delays: Number.NaN,
    delayed: 0,
    authenticData: 0,
    resentAfter: { quarter: 0, twoPointFive: 0, two: 0, twoLate: 0, polled: 0, three: 0, five: 0, six: 0, other: 0 },
    samePortAgain: 0,
    timed: 0,
    timedLate: Number.NaN,
    sameIdNewPort: 0,
    doubledWaits: 0,
    constantWaits: 0,
    serversInTurn: 0,
    gaveUpMissing: 0,
    onlyMissingAgain: 0,
    twinAgain: 0,
  };
  // Doubles from the start: a field that began with a small integer would cost all compiled code later.
  evidence.delays = 0;
  evidence.timedLate = 0;
  return evidence;
}

/**
 * Adds one closed lookup. Nothing is allocated for plain ones.
 * @param horizon what can be seen so far: who has asked no more by then has given up
 */
export function addEvidence(evidence: Evidence, lookup: OpenLookup, horizon: Horizon): void {
  evidence.lookups++;
  const attempts = lookup.attempts;
  const first = attempts[0] as TrackedAttempt;
  if (evidence.ednsSize === EDNS_NETTY || evidence.ednsSize === EDNS_SIZE_UNKNOWN) addPort(evidence, first.clientPort);
  if (hasLateTwin(lookup)) return;
  if (first.cookie) evidence.cookies++;
  if (first.rcode >= 0 && first.resends.length === 0) {
    evidence.delays += first.repliedAt - first.sentAt;
    evidence.delayed++;
  }
  if (first.authenticData) evidence.authenticData++;
  if (attempts.length === 2 && isPlainPair(first, attempts[1] as TrackedAttempt)) {
    addPair(evidence, first, attempts[1] as TrackedAttempt);
    return;
  }
  addAll(evidence, lookup, horizon);
}

// So many processes of one pod are told apart by their ports.
const RECENT_PORTS = 8;

function addPort(evidence: Evidence, port: number): void {
  const { recentPorts } = evidence;
  if (recentPorts.includes(port)) {
    evidence.portKept++;
    return;
  }
  recentPorts.push(port);
  if (recentPorts.length > RECENT_PORTS) recentPorts.shift();
}

/** What most lookups are: there is no more to be learned of them. */
const isPlainPair = (first: TrackedAttempt, second: TrackedAttempt): boolean =>
  first.rcode >= 0 &&
  second.rcode >= 0 &&
  first.resends.length === 0 &&
  second.resends.length === 0 &&
  isPairOf(first, second);

/** Of all queries of a lookup: how they were paired, sent again, walked and waited for. */
function addAll(evidence: Evidence, lookup: OpenLookup, horizon: Horizon): void {
  const attempts = lookup.attempts;
  const first = attempts[0] as TrackedAttempt;
  let resent = false;
  let retried = false;
  for (let index = 0; index < attempts.length; index++) {
    const attempt = attempts[index] as TrackedAttempt;
    if (attempt.resends.length > 0) {
      resent = true;
      addResend(evidence, attempt);
    }
    if (index === 0) continue;
    const before = attempts[index - 1] as TrackedAttempt;
    if (!isFirst(attempts, index)) {
      retried = true;
      continue;
    }
    if (isPairOf(before, attempt)) addPair(evidence, before, attempt);
    else if (index >= 2 && isPairOf(attempts[index - 2] as TrackedAttempt, attempt)) {
      addPair(evidence, attempts[index - 2] as TrackedAttempt, attempt);
    }
    if (attempt.type === first.type && !isSameName(attempt, first)) {
      if (attempt.clientPort === first.clientPort) evidence.walksOnOnePort++;
      else evidence.walksOnNewPorts++;
    }
  }
  if (retried) addRetries(evidence, lookup);
  if (resent && attempts.length > 1) addLoss(evidence, lookup);
  const lost = firstUnanswered(attempts);
  if (lost !== null) {
    addWaits(evidence, lookup, lost);
    addGivenUp(evidence, lookup, horizon.endsAt);
  }
}

function firstUnanswered(attempts: readonly TrackedAttempt[]): TrackedAttempt | null {
  for (const attempt of attempts) if (attempt.rcode < 0) return attempt;
  return null;
}

/** The first query of its type for its name: later ones carry the same ids again or belong to a retry. */
function isFirst(attempts: readonly TrackedAttempt[], index: number): boolean {
  const attempt = attempts[index] as TrackedAttempt;
  for (let before = 0; before < index; before++) {
    const earlier = attempts[before] as TrackedAttempt;
    if (earlier.type === attempt.type && isSameName(earlier, attempt)) return false;
  }
  return true;
}

const isPairOf = (one: TrackedAttempt, other: TrackedAttempt): boolean =>
  one.type !== other.type && isSameName(one, other) && isAddressType(one.type) && isAddressType(other.type);

function addPair(evidence: Evidence, first: TrackedAttempt, second: TrackedAttempt): void {
  evidence.pairs++;
  const a = first.type === RR_TYPE.A ? first : second;
  const aaaa = a === first ? second : first;
  const musl = ((aaaa.transactionId - a.transactionId) & 0xffff) < 1024;
  const octets = (a.transactionId ^ aaaa.transactionId) & 0xff;
  if (musl && octets < 32) evidence.bothIds++;
  else if (musl) evidence.muslIds++;
  else if (octets < 8) evidence.glibcIds++;
  else if (octets < 32) evidence.nearIds++;
  if (a.transactionId >> 8 === aaaa.transactionId >> 8) evidence.sameHighOctet++;
  if (first.rcode >= 0 && first.repliedAt <= second.sentAt) evidence.sequential++;
  if (first === aaaa) evidence.aaaaBeforeA++;
}

// Timers fire late, by up to some ms on a loaded machine.
const isAbout = (waited: number, wanted: number): boolean => waited > wanted - 3e6 && waited < wanted + 80e6;

function addResend(evidence: Evidence, attempt: TrackedAttempt): void {
  const first = attempt.resends[0];
  if (first === undefined || (attempt.rcode >= 0 && attempt.repliedAt < first.at)) return;
  if (attempt.earlierReplies.length > 0) return;
  evidence.samePortAgain++;
  addWait(evidence, first.at - attempt.sentAt);
}

// c-ares fires on time, some ms late on a loaded machine; Node, which looks once a second, mostly later.
const TWO_AT_ONCE = 2.02e9;
// Where processors are busy c-ares is up to some 200 ms late.
const TWO_LATE = 2.25e9;

function addWait(evidence: Evidence, waited: number): void {
  const seen = evidence.resentAfter;
  if (isAbout(waited, 0.25e9)) seen.quarter++;
  else if (isAbout(waited, 2.5e9)) {
    seen.twoPointFive++;
    addTimed(evidence, waited / 2.5e9);
  } else if (isAbout(waited, 5e9)) {
    seen.five++;
    addTimed(evidence, waited / 5e9);
  } else if (isAbout(waited, 2e9) && waited < TWO_AT_ONCE) {
    seen.two++;
    addTimed(evidence, waited / 2e9);
  } else if (isAbout(waited, 2.94e9)) seen.three++;
  else if (waited >= TWO_AT_ONCE && waited < TWO_LATE) seen.twoLate++;
  else if (waited >= TWO_LATE && waited < 3e9) seen.polled++;
  else if (waited > 5.9e9 && waited < 6.1e9) seen.six++;
  else seen.other++;
}

function addTimed(evidence: Evidence, late: number): void {
  evidence.timed++;
  evidence.timedLate += late;
}

// musl's queries to all servers leave in one loop of system calls.
const MUSL_BURST = microseconds(100);
// The first wait of all resolvers is shorter, gRPC's 6 s included.
const FIRST_WAIT_OVER = milliseconds(6500);

function addGivenUp(evidence: Evidence, lookup: OpenLookup, endsAt: Timestamp): void {
  for (const lost of lookup.attempts) {
    if (lost.rcode >= 0 || lost.resends.length > 0 || endsAt - lost.sentAt < FIRST_WAIT_OVER) continue;
    const twin = twinOf(lookup, lost);
    if (twin === null || twin.rcode < 0 || twin.clientPort !== lost.clientPort) continue;
    const again = lookup.attempts.some(
      (other) => other !== lost && other.type === lost.type && other.name === lost.name,
    );
    if (!again) evidence.gaveUpMissing++;
  }
}

// Sends of one name and type closer than this are one round (several servers at once, bursts).
const ROUND = milliseconds(200);

/** Whether the waits grow: with n servers, the wait after each has been asked once against the first. */
function addWaits(evidence: Evidence, lookup: OpenLookup, first: TrackedAttempt): void {
  const servers = new Set<string>();
  const rounds: number[] = [];
  for (const attempt of lookup.attempts) {
    if (attempt.type !== first.type || attempt.name !== first.name) continue;
    if (attempt.rcode >= 0) return;
    servers.add(attempt.server);
    rounds.push(attempt.sentAt, ...attempt.resends.map((resend) => resend.at));
  }
  rounds.sort((one, other) => one - other);
  const times = rounds.filter((time, index) => index === 0 || time - (rounds[index - 1] as number) > ROUND);
  const later = times[servers.size + 1];
  if (later === undefined) return;
  const grown = (later - (times[servers.size] as number)) / ((times[1] as number) - (times[0] as number));
  if (grown > 1.6 && grown < 2.4) evidence.doubledWaits++;
  else if (grown > 0.9 && grown < 1.1) evidence.constantWaits++;
}

/** After a loss glibc asks for both families again, also for the one it has; others only for the missing one. */
function addLoss(evidence: Evidence, lookup: OpenLookup): void {
  for (const lost of lookup.attempts) {
    const again = lost.resends[0];
    if (again === undefined || lost.earlierReplies.length > 0 || (lost.rcode >= 0 && lost.repliedAt < again.at))
      continue;
    const twin = twinOf(lookup, lost);
    if (twin === null || twin.clientPort !== lost.clientPort) continue;
    const firstReply = twin.earlierReplies[0]?.at ?? twin.repliedAt;
    if (Number.isNaN(firstReply) || firstReply > again.at) continue;
    if (twin.resends.length > 0) evidence.twinAgain++;
    else evidence.onlyMissingAgain++;
  }
}

function addRetries(evidence: Evidence, lookup: OpenLookup): void {
  for (let index = 1; index < lookup.attempts.length; index++) {
    const attempt = lookup.attempts[index] as TrackedAttempt;
    for (let before = index - 1; before >= 0; before--) {
      const earlier = lookup.attempts[before] as TrackedAttempt;
      if (earlier.type !== attempt.type || earlier.name !== attempt.name) continue;
      if (earlier.server !== attempt.server && attempt.sentAt - earlier.sentAt > MUSL_BURST) evidence.serversInTurn++;
      if (earlier.rcode >= 0 || attempt.sentAt - earlier.sentAt < ROUND) break;
      if (earlier.resends.length > 0) break;
      if (earlier.server !== attempt.server) {
        // The next server is asked when the wait for the first is over.
        if (earlier.transactionId === attempt.transactionId) addWait(evidence, attempt.sentAt - earlier.sentAt);
        break;
      }
      if (earlier.clientPort === attempt.clientPort) break;
      if (earlier.transactionId === attempt.transactionId) evidence.sameIdNewPort++;
      break;
    }
  }
}
