import { endOf, seconds, type Duration, type Timestamp } from '../../../base/time.ts';
import { RR_TYPE, type Attempt, type Lookup } from '../../../model/lookup.ts';
import type { PacketId } from '../../../model/packet.ts';
import { settleTwins } from './answered-twin.ts';
import { familyFault, isHalf, refusedTime, type FamilyFault } from './family-fault.ts';
import { countFlow, flowsOf, type FlowShape } from './flow-shape.ts';
import { Intervals } from '../intervals.ts';
import { createLossCounts, type LossCounts } from './loss-counts.ts';
import { settleUnreceived } from './unreceived.ts';
import { sendsOf, type Send, type SendContext } from './sends.ts';

/**
 * How the unanswered queries of one lookup lie, at the server that cost the most:
 * - `second`: each is the second of an A/AAAA pair whose first was answered;
 * - `second-past-dnat`: the same, but one was seen behind the DNAT, so the race spared it;
 * - `silent`: not one query of the lookup was answered by that server;
 * - `flows`: each port that lost something lost everything;
 * - `prefix`: each port that lost something lost all until its first answer, and nothing after it;
 * - `other`: anything else;
 * - `unreachable`: ICMP said that nobody listens;
 * - `late`: nothing was lost, an answer came after the question was asked again;
 * - `unreceived`: nothing was lost before the capture, and an answer after it;
 * - `unheard`: a server did not answer, and nobody waited for it: others did;
 * - `answered`: nothing was lost.
 */
export type LossShape =
  | 'second'
  | 'second-past-dnat'
  | 'silent'
  | 'flows'
  | 'prefix'
  | 'other'
  | 'unreachable'
  | 'late'
  | 'unreceived'
  | 'unheard'
  | 'answered';

/** One lookup that is not plain, taken apart. */
export interface LossAnalysis {
  shape: LossShape;
  /** The server that cost the most. */
  server: string;
  /** Where the DNAT sent all that was lost there; null where it differs or can't be seen. */
  backend: string | null;
  sends: readonly Send[];
  counts: LossCounts;
  family: FamilyFault | null;
  /** Time that the caller waited for answers that did not come, with nothing useful under way. */
  lostTime: Duration;
  /** Time that the caller waited for answers that came after a resend. */
  lateTime: Duration;
  /** Time from the other family's answer to the end, where one family is refused. */
  refusedTime: Duration;
  /** The capture ends while it may still ask again, or be answered. */
  pending: boolean;
  /** Lost queries, and those of them that were seen before the DNAT only. */
  lost: number;
  lostBeforeDnat: number;
  /** Until when the capture must go on to tell what was lost; negative infinity where it is told. */
  toldAt: Timestamp;
  /** The lookup got no answer, and unanswered queries are why. */
  failed: boolean;
  /** The lookup got no answer although one family had one: the other's errors are why. */
  familyFailed: boolean;
}

// A slow server's answers: CoreDNS waits 2 s for its upstream, and most resolvers ask again by then.
const MAY_BE_LATE = seconds(3);

const NEVER = Number.NEGATIVE_INFINITY as Timestamp;

export function analyseLosses(lookup: Lookup, context: SendContext): LossAnalysis {
  const sends = sendsOf(lookup, context);
  settleTwins(lookup, sends, context.watchedUntil);
  settleUnreceived(lookup, sends);
  const server = guiltyServer(lookup, sends);
  const counts = createLossCounts();
  countFamilies(counts, lookup);
  const shapes = new Set<FlowShape>();
  for (const flow of flowsOf(sends)) {
    const shape = countFlow(flow, counts, lookup.resolver, isHalf(lookup));
    if (shape !== null && flow.server === server) shapes.add(shape);
  }
  const end = endOf(lookup);
  const useful = new Intervals();
  const waits = new Intervals();
  const lates = new Intervals();
  for (const send of sends) {
    if (send.fate === 'lost' || send.fate === 'unreachable') waits.add(send.at, send.waitedUntil);
    else if (send.fate === 'unreceived') waits.add(send.answeredAt, send.waitedUntil);
    else if (send.fate === 'answered') useful.add(send.at, send.answeredAt);
    else if (send.fate === 'late') lates.add(send.at, Math.min(send.answeredAt, end));
  }
  const family = familyFault(lookup, sends);
  const lost = sends.filter((send) => send.fate === 'lost');
  return {
    shape: shapeOf(sends, lost, shapes, server),
    server,
    backend: backendOf(lost, server),
    sends,
    counts,
    family,
    lostTime: waits.lengthWithout(useful),
    lateTime: lates.lengthWithout(useful),
    refusedTime: refusedTime(sends, family, end),
    pending: lookup.endBecause === 'captureEnd' && sends.every(({ at }) => context.watchedUntil - at < MAY_BE_LATE),
    lost: lost.length,
    lostBeforeDnat: lost.filter((send) => send.behindDnat === 'before').length,
    toldAt: sends.reduce((last, send) => (send.toldAt > last ? send.toldAt : last), NEVER),
    failed: hasFailed(lookup, sends),
    familyFailed: family?.how === 'refused' && isFailure(lookup),
  };
}

function countFamilies(counts: LossCounts, { attempts }: Lookup): void {
  for (const { type } of attempts) {
    if (type === RR_TYPE.A) counts.askedA++;
    else if (type === RR_TYPE.AAAA) counts.askedAaaa++;
  }
}

const isFailure = ({ outcome }: Lookup): boolean =>
  outcome === 'servfail' || outcome === 'refused' || outcome === 'timeout';

/**
 * An NXDOMAIN is the loss's doing only where a whole stage stayed unanswered: glibc then skips
 * the other suffixes and asks for the bare name (facts §3).
 */
function hasFailed(lookup: Lookup, sends: readonly Send[]): boolean {
  const unanswered = sends.filter(({ fate }) => fate === 'lost' || fate === 'unreachable' || fate === 'late');
  if (isFailure(lookup)) return unanswered.length > 0;
  return (
    lookup.outcome === 'nxdomain' &&
    unanswered.some(({ attempt }) =>
      sends.every((send) => send.attempt.name !== attempt.name || send.attempt.rcode < 0),
    )
  );
}

/** Of several servers the one whose silence, and failing that whose lateness, lasted longest. */
function guiltyServer(lookup: Lookup, sends: readonly Send[]): string {
  const waits = new Map<string, number>();
  for (const send of sends) {
    const { fate, attempt, at, answeredAt, waitedUntil } = send;
    if (fate === 'answered' || fate === 'unseen' || (fate === 'unknown' && !isUnheard(send, sends))) continue;
    const { server } = attempt;
    // Asked beside others, never heard: it cost nothing, and is told only where nothing else is.
    const wait = fate === 'unknown' ? 0 : (fate === 'late' ? answeredAt : waitedUntil) - at;
    waits.set(server, (waits.get(server) ?? 0) + wait);
  }
  let guilty = lookup.server;
  let longest = -1;
  for (const [server, wait] of waits) if (wait > longest) [guilty, longest] = [server, wait];
  return guilty;
}

function backendOf(lost: readonly Send[], server: string): string | null {
  const backends = new Set<string | null>();
  for (const { attempt, behindDnat } of lost) {
    if (attempt.server === server) backends.add(behindDnat === 'both' ? attempt.backend : null);
  }
  const [only = null, ...others] = backends;
  return others.length === 0 ? only : null;
}

function shapeOf(
  sends: readonly Send[],
  lost: readonly Send[],
  shapes: ReadonlySet<FlowShape>,
  server: string,
): LossShape {
  if (lost.length === 0) {
    if (sends.some((send) => send.fate === 'unreachable')) return 'unreachable';
    if (sends.some((send) => send.fate === 'late')) return 'late';
    if (sends.some((send) => send.fate === 'unreceived')) return 'unreceived';
    return sends.some((send) => send.fate === 'unknown' && isUnheard(send, sends)) ? 'unheard' : 'answered';
  }
  const own = sends.filter((send) => send.attempt.server === server);
  if (own.every((send) => send.fate !== 'answered' && send.fate !== 'late')) return 'silent';
  const [only, ...others] = shapes;
  if (only === undefined) return 'other';
  if (others.length === 0) return SHAPE_OF_FLOWS[only];
  if ([...shapes].every((shape) => shape === 'seconds' || shape === 'seconds-past-dnat')) return 'second-past-dnat';
  return [...shapes].every((shape) => shape === 'whole' || shape === 'prefix') ? 'prefix' : 'other';
}

const SHAPE_OF_FLOWS = {
  seconds: 'second',
  'seconds-past-dnat': 'second-past-dnat',
  whole: 'flows',
  prefix: 'prefix',
  other: 'other',
} as const satisfies Record<FlowShape, LossShape>;

/** The same question was answered by another server, and nothing came from this one. */
const isUnheard = ({ attempt }: Send, sends: readonly Send[]): boolean =>
  attempt.transport === 'udp' &&
  attempt.rcode < 0 &&
  sends.some((send) => send.fate === 'answered' && isSameQuestion(send.attempt, attempt)) &&
  sends.every((send) => send.attempt.server !== attempt.server || send.attempt.rcode < 0);

const isSameQuestion = (one: Attempt, other: Attempt): boolean => one.type === other.type && one.name === other.name;

// A finding shows a handful; a walk through many servers would fill the screen.
const MAX_PACKETS = 24;

/** The packets that prove it: the lost queries, their next askings and the answers in the end. */
export function lossPackets(analysis: LossAnalysis): PacketId[] {
  const questions = new Set<Attempt>();
  const names = new Set<string>();
  for (const { fate, attempt } of analysis.sends)
    if (fate !== 'answered' && fate !== 'unknown' && fate !== 'unseen') names.add(attempt.name);
  const packets = new Set<PacketId>();
  for (const send of analysis.sends) {
    if (!names.has(send.attempt.name)) continue;
    packets.add(send.packet);
    questions.add(send.attempt);
  }
  for (const attempt of questions) {
    for (const other of [...attempt.earlierReplies, ...attempt.lateReplies]) packets.add(other.packet);
    if (attempt.rcode >= 0) packets.add(attempt.replyPacket);
  }
  return [...packets].toSorted((a, b) => a - b).slice(0, MAX_PACKETS);
}
