import { nanoseconds, type Duration } from '../../base/time.ts';
import { RCODE, RR_TYPE, type Attempt, type Lookup } from '../../model/lookup.ts';
import type { PacketId } from '../../model/packet.ts';
import { Intervals } from './intervals.ts';
import { createLossCounts, type LossCounts } from './loss-counts.ts';
import { isPair, type PairContext } from './pair.ts';
import { isAddressType, sendsOf, type Send } from './sends.ts';

/**
 * How the unanswered queries of one lookup lie:
 * - `second`: on each port that lost something, the second of an A/AAAA pair and nothing else;
 * - `second-past-dnat`: the same, but the query was seen behind the DNAT, so the race spared it;
 * - `first`: likewise the first of a pair;
 * - `silent`: not one query of the lookup was answered by that server;
 * - `prefix`: with pairs, each port lost everything until its first answer, and nothing after it;
 * - `other`: lone queries, resends, several of these;
 * - `unreachable`: ICMP said that nobody listens;
 * - `late`: nothing was lost, an answer came after the question was asked again;
 * - `answered`: nothing was lost.
 */
export type LossShape =
  | 'second'
  | 'second-past-dnat'
  | 'first'
  | 'silent'
  | 'prefix'
  | 'other'
  | 'unreachable'
  | 'late'
  | 'answered';

/** One family got no (good) answer at any try, the other did. */
export interface FamilyFault {
  type: number;
  name: string;
  how: 'unanswered' | 'refused';
}

/** One lookup that is not plain, taken apart. */
export interface LossAnalysis {
  shape: LossShape;
  /** The server that cost the most. */
  server: string;
  sends: readonly Send[];
  counts: LossCounts;
  family: FamilyFault | null;
  /** Time that the caller waited for answers that did not come, with nothing useful under way. */
  lostTime: Duration;
  /** Time that the caller waited for answers that came after a resend. */
  lateTime: Duration;
  /** Time that only the refused family's queries took. */
  refusedTime: Duration;
  /** Lost queries that were seen before the DNAT only. */
  lostBeforeDnat: number;
  /** The lookup got no answer, and unanswered queries are why. */
  failed: boolean;
}

interface Flow {
  server: string;
  sends: Send[];
}

/**
 * @param usual how long answers of a server take at most, usually
 * @param lostBefore the client lost something in an earlier lookup
 */
export function analyseLosses(lookup: Lookup, usual: (server: string) => Duration, lostBefore: boolean): LossAnalysis {
  const sends = sendsOf(lookup, usual);
  const flows = flowsOf(sends);
  const server = guiltyServer(lookup, sends);
  const counts = createLossCounts();
  const shapes = new Set<LossShape>();
  for (const flow of flows) {
    const shape = countFlow(flow, counts, { resolver: lookup.resolver, lostBefore });
    if (shape !== null && flow.server === server) shapes.add(shape);
  }
  const lost = sends.filter((send) => send.fate === 'lost');
  const useful = new Intervals();
  const waits = new Intervals();
  const lates = new Intervals();
  for (const send of sends) {
    if (send.fate === 'lost' || send.fate === 'unreachable') waits.add(send.at, send.waitedUntil);
    else if (send.fate === 'answered') useful.add(send.at, send.answeredAt);
    else if (send.fate === 'late') lates.add(send.at, send.answeredAt);
  }
  const family = familyFault(sends);
  return {
    shape: shapeOf(sends, lost, shapes, server),
    server,
    sends,
    counts,
    family,
    lostTime: waits.lengthWithout(useful),
    lateTime: lates.length(),
    refusedTime: refusedTime(sends, family),
    lostBeforeDnat: lost.filter((send) => send.behindDnat === 'before').length,
    failed: hasFailed(lookup, sends),
  };
}

/**
 * An NXDOMAIN is the loss's doing only where a whole stage stayed unanswered: glibc then skips
 * the other suffixes and asks for the bare name (facts §3).
 */
function hasFailed(lookup: Lookup, sends: readonly Send[]): boolean {
  const { outcome } = lookup;
  if (outcome === 'ok' || outcome === 'nodata' || outcome === 'incomplete') return false;
  const unanswered = sends.filter(({ fate }) => fate === 'lost' || fate === 'unreachable' || fate === 'late');
  if (outcome !== 'nxdomain') return unanswered.length > 0;
  return unanswered.some(({ attempt }) =>
    sends.every((send) => send.attempt.name !== attempt.name || send.attempt.rcode < 0),
  );
}

function flowsOf(sends: readonly Send[]): Flow[] {
  const flows = new Map<string, Flow>();
  for (const send of sends) {
    const { attempt } = send;
    if (attempt.transport !== 'udp') continue;
    const key = `${attempt.clientPort} ${attempt.server}`;
    let flow = flows.get(key);
    if (flow === undefined) flows.set(key, (flow = { server: attempt.server, sends: [] }));
    flow.sends.push(send);
  }
  return [...flows.values()];
}

/** Of several servers the one whose silence, and failing that whose lateness, lasted longest. */
function guiltyServer(lookup: Lookup, sends: readonly Send[]): string {
  const waits = new Map<string, number>();
  for (const send of sends) {
    const until = send.fate === 'late' ? send.answeredAt : send.waitedUntil;
    if (send.fate === 'answered' || send.fate === 'unknown') continue;
    const { server } = send.attempt;
    waits.set(server, (waits.get(server) ?? 0) + until - send.at);
  }
  let guilty = lookup.server;
  let longest = 0;
  for (const [server, wait] of waits) if (wait > longest) [guilty, longest] = [server, wait];
  return guilty;
}

const isLost = (send: Send | undefined): boolean => send !== undefined && send.fate === 'lost';

const wasForwarded = (send: Send): boolean => send.behindDnat === 'both';

/** Counts one flow; says how its losses lie, or null where it has none. */
function countFlow(flow: Flow, counts: LossCounts, context: PairContext): LossShape | null {
  const sends = flow.sends.filter((send) => send.fate === 'answered' || send.fate === 'late' || send.fate === 'lost');
  const [first, second] = sends;
  if (first === undefined) return null;
  let answered = false;
  let lostAfterAnswer = 0;
  let lost = 0;
  for (const send of sends) {
    if (answered) counts.followingSent++;
    else counts.freshSent++;
    if (send.fate !== 'lost') {
      answered = true;
      continue;
    }
    lost++;
    if (answered) {
      counts.followingLost++;
      lostAfterAnswer++;
    } else {
      counts.freshLost++;
    }
  }
  const paired =
    second !== undefined && first.attempt !== second.attempt && isPair(first.attempt, second.attempt, context);
  if (paired) {
    if (isLost(first)) {
      if (isLost(second)) counts.bothLost++;
      else counts.firstLost++;
    } else if (isLost(second)) counts.secondLost++;
    else counts.pairsFine++;
  }
  const rest = paired ? sends.slice(2) : sends;
  counts.loneSent += rest.length;
  counts.loneLost += rest.filter(isLost).length;
  if (!answered && sends.length >= 2) counts.deadFlows++;
  if (!answered && sends.length >= 3) counts.longDeadFlows++;
  if (answered && paired && isLost(first) && isLost(second)) counts.recoveredFlows++;
  if (lost === 0) return null;
  if (!paired) return 'other';
  if (lost === 1 && isLost(second)) return wasForwarded(second) ? 'second-past-dnat' : 'second';
  if (lost === 1 && isLost(first)) return 'first';
  return lostAfterAnswer === 0 ? 'prefix' : 'other';
}

function shapeOf(
  sends: readonly Send[],
  lost: readonly Send[],
  shapes: ReadonlySet<LossShape>,
  server: string,
): LossShape {
  if (lost.length === 0) {
    if (sends.some((send) => send.fate === 'unreachable')) return 'unreachable';
    return sends.some((send) => send.fate === 'late') ? 'late' : 'answered';
  }
  const own = sends.filter((send) => send.attempt.server === server);
  if (own.every((send) => send.fate !== 'answered' && send.fate !== 'late')) return 'silent';
  const [only, ...others] = shapes;
  if (only !== undefined && others.length === 0) return only;
  return [...shapes].every((shape) => shape === 'first' || shape === 'prefix') ? 'prefix' : 'other';
}

export const isError = (rcode: number): boolean =>
  rcode === RCODE.SERVFAIL || rcode === RCODE.REFUSED || rcode === RCODE.NOTIMP || rcode === RCODE.FORMERR;

/** Looks for a name that has an answer for one family and none, or only errors, for the other. */
function familyFault(sends: readonly Send[]): FamilyFault | null {
  const faults = new Map<string, { answered: Set<number>; lost: Set<number>; refused: Set<number> }>();
  for (const { attempt, fate } of sends) {
    if (!isAddressType(attempt.type)) continue;
    let fault = faults.get(attempt.name);
    if (fault === undefined) {
      faults.set(attempt.name, (fault = { answered: new Set(), lost: new Set(), refused: new Set() }));
    }
    if (attempt.rcode >= 0) {
      if (isError(attempt.rcode)) fault.refused.add(attempt.type);
      else fault.answered.add(attempt.type);
    } else if (fate === 'lost') fault.lost.add(attempt.type);
  }
  for (const [name, { answered, lost, refused }] of faults) {
    if (answered.size !== 1) continue;
    const type = answered.has(RR_TYPE.A) ? RR_TYPE.AAAA : RR_TYPE.A;
    if (lost.has(type) && !refused.has(type)) return { type, name, how: 'unanswered' };
    if (refused.has(type)) return { type, name, how: 'refused' };
  }
  return null;
}

function refusedTime(sends: readonly Send[], family: FamilyFault | null): Duration {
  if (family === null || family.how !== 'refused') return nanoseconds(0);
  const own = new Intervals();
  const others = new Intervals();
  for (const send of sends) {
    if (send.fate !== 'answered' && send.fate !== 'late') continue;
    const { attempt } = send;
    const side = attempt.type === family.type && attempt.name === family.name ? own : others;
    side.add(send.at, send.answeredAt);
  }
  return own.lengthWithout(others);
}

// A finding shows a handful; a walk through many servers would fill the screen.
const MAX_PACKETS = 24;

/** The packets that prove it: the lost queries, their next askings and the answers in the end. */
export function lossPackets(analysis: LossAnalysis): PacketId[] {
  const questions = new Set<Attempt>();
  const names = new Set<string>();
  for (const { fate, attempt } of analysis.sends)
    if (fate !== 'answered' && fate !== 'unknown') names.add(attempt.name);
  const packets = new Set<PacketId>();
  for (const send of analysis.sends) {
    if (!names.has(send.attempt.name)) continue;
    packets.add(send.packet);
    questions.add(send.attempt);
  }
  for (const attempt of questions) {
    for (const earlier of attempt.earlierReplies) packets.add(earlier.packet);
    if (attempt.rcode >= 0) packets.add(attempt.replyPacket);
  }
  return [...packets].toSorted((a, b) => a - b).slice(0, MAX_PACKETS);
}
