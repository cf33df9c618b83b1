import { endOf, milliseconds, nanoseconds, seconds, type Duration, type Timestamp } from '../../../base/time.ts';
import { lateTwins, type LateTwin } from '../../../knowledge/late-twins.ts';
import { timersOf } from '../../../knowledge/resolver-timers.ts';
import {
  copyAttempt,
  RCODE,
  RR_TYPE,
  type Attempt,
  type DnatSight,
  type Lookup,
  type OtherReply,
  type Resend,
} from '../../../model/lookup.ts';
import { UNKNOWN_PORT, type PacketId } from '../../../model/packet.ts';

/**
 * No resolver asks an unanswered question again sooner: c-ares's least is 250 ms (facts §2, since
 * 1.32). What is asked again sooner had an error for an answer.
 */
export const SOONEST_RETRY = milliseconds(200);

/**
 * Where the capture ends, a query that has waited so long is lost: the slowest usual answers
 * (recursion over several continents) take well under a second.
 */
const LOST_AT_CAPTURE_END = seconds(1);

/**
 * A reply that comes after a resend belongs to the resend if it comes as soon as answers usually
 * do, and to the query before it otherwise. Late answers fall anywhere between two sendings: the
 * chance that one falls into the first twenty-fifth of the wait is small. In time: 200 ms after
 * a wait of 5 s, 10 ms after c-ares's shortest.
 */
const LATE_PART_OF_WAIT = 0.04;
const LATE_TIMES_USUAL = 4;
/**
 * A server that is out of CPU stands still for most of a CFS period of 100 ms, and for a scheduler's turn more,
 * whatever its answers usually take. Beside a short wait that is much: there it counts for this part of it only.
 */
const HELD_UP = milliseconds(120);
const HELD_UP_PART_OF_WAIT = 0.06;

/**
 * `unreachable`: ICMP said that nobody listens. `unknown`: nobody waited for it long enough to tell.
 * `unreceived`: answered, and asked again all the same (unreceived.ts).
 * `unseen`: nobody asked again although it was time to: it was answered, and the capture lacks that.
 */
export type Fate = 'answered' | 'late' | 'lost' | 'unreceived' | 'unreachable' | 'unknown' | 'unseen';

/** One query packet and what became of it. */
export interface Send {
  attempt: Attempt;
  at: Timestamp;
  packet: PacketId;
  behindDnat: DnatSight;
  fate: Fate;
  /** When its answer came, NaN where none did, and which packet that was. */
  answeredAt: Timestamp;
  answerPacket: PacketId;
  /** Until when the capture must go on to tell that it is lost; NaN where its fate is told. */
  toldAt: Timestamp;
  /** When the same question was next asked, anywhere, or when the caller stopped waiting. */
  waitedUntil: Timestamp;
  /** False where the capture lacks it: it was lost before, as what was sent at its timer shows. */
  isSeen: boolean;
  /** The first sending of its question, to any server. */
  isFirst: boolean;
  /** The first of them that went to its server. */
  isFirstThere: boolean;
  /** The same question was asked once more, after a wait: proof that no answer had come. */
  askedAgain: boolean;
  /** Its answer was not seen, and its client went on with what it asks only then. */
  ledOn: boolean;
  /** False where the capture does not tell which place of its pair it had. */
  isPlaced: boolean;
}

/** Every attempt was answered at the first asking, with an answer and not an error, and the capture lacks none. */
export function isPlain(lookup: Lookup): boolean {
  const { attempts } = lookup;
  for (let index = 0; index < attempts.length; index++) {
    const attempt = attempts[index] as Attempt;
    if (attempt.rcode !== RCODE.NOERROR && attempt.rcode !== RCODE.NXDOMAIN) return false;
    if (attempt.resends.length > 0) return false;
  }
  return lookup.duration < SOONEST_RETRY || lateTwins(attempts).length === 0;
}

/** What else must be known to tell a lookup's losses. */
export interface SendContext {
  /** How long answers of a server usually take, and how long at most so far; 0 where not known. */
  usual(server: string): Duration;
  slowest(server: string): Duration;
  /** Until when the capture would have shown a reply; NaN where that is not known. */
  watchedUntil: Timestamp;
  /** The capture lacks packets, and the client got answers since: of what nobody asked again, the answer may be among them. */
  mayBeLacking: boolean;
  /** Its client is known to send A and AAAA from one port. */
  asksFromOnePort: boolean;
}

/** All query packets of a lookup in order of time, each with its fate. */
export function sendsOf(lookup: Lookup, context: SendContext): Send[] {
  const sends: Send[] = [];
  for (const attempt of lookup.attempts) sends.push(...sendsOfAttempt(attempt, context.usual(attempt.server)));
  for (const twin of lateTwins(lookup.attempts)) sends.push(unseenSend(twin, context.asksFromOnePort));
  const first = lookup.resolverDetail === GRPC ? RR_TYPE.AAAA : RR_TYPE.A;
  sends.sort((a, b) => a.at - b.at || (a.isSeen && b.isSeen ? 0 : a.attempt.type === first ? -1 : 1));
  settle(lookup, sends, context);
  if (waitsOutErrors(lookup)) {
    // Had it come, it would have been the error that all its other sendings got, and waited out as well.
    for (const send of sends) if (send.fate === 'lost' && isError(send.attempt.rcode)) send.fate = 'unknown';
  }
  for (const send of sends) {
    if (send.fate !== 'lost') continue;
    // From a server that is known to answer so late, the answer may come after the capture's end.
    const told = send.at + latest(context, send.attempt);
    if (!(context.watchedUntil < told)) continue;
    send.fate = 'unknown';
    send.toldAt = told as Timestamp;
  }
  if (nobodyWaited(lookup, sends, context.watchedUntil)) for (const send of sends) send.fate = 'unseen';
  return sends;
}

const waitsOutErrors = ({ resolver, resolverDetail }: Lookup): boolean =>
  timersOf(resolver, resolverDetail)?.waitsOutErrors === true;

export const isError = (rcode: number): boolean =>
  rcode === RCODE.SERVFAIL || rcode === RCODE.REFUSED || rcode === RCODE.NOTIMP || rcode === RCODE.FORMERR;

// The first wait of every stub resolver is over by then (gRPC's 6 s is the longest).
const ASKED_AGAIN_BY = seconds(10);

/**
 * A stub resolver asks again. Where an unknown sender did not, for longer than any of them waits,
 * and got no answer at all, the capture rather lacks the answer (hand-picked packets, one
 * direction, another path) than that it was lost.
 */
function nobodyWaited(lookup: Lookup, sends: readonly Send[], watchedUntil: Timestamp): boolean {
  if (lookup.resolver !== 'unknown' || sends.some(({ fate }) => fate !== 'lost')) return false;
  const asked = new Set(sends.map(({ attempt }) => `${attempt.type} ${attempt.name}`));
  const last = Math.max(...sends.map(({ at }) => at));
  return asked.size === sends.length && watchedUntil - last > ASKED_AGAIN_BY;
}

// One answer that came after half a minute must not make every loss of a short capture doubtful.
const MOST_LATE = seconds(10);

/** How long an answer may still come; 0 where the server was never seen to answer after a resolver's timer. */
function latest(context: Pick<SendContext, 'slowest'>, { server }: Attempt): Duration {
  const slowest = context.slowest(server);
  return slowest < SOONEST_RETRY ? nanoseconds(0) : nanoseconds(Math.min(MOST_LATE, slowest));
}

function sendsOfAttempt(attempt: Attempt, usual: Duration): Send[] {
  const { sentAt: at, sentPacket: packet, behindDnat } = attempt;
  const sends: Send[] = [sendOf(attempt, { at, packet, behindDnat })];
  for (const resend of attempt.resends) sends.push(sendOf(attempt, resend));
  const replies = repliesOf(attempt);
  let waiting: Send[] = [];
  for (const [index, send] of sends.entries()) {
    const next = sends[index + 1]?.at ?? Number.POSITIVE_INFINITY;
    const heard = replies.filter((reply) => (reply.at >= send.at || index === 0) && reply.at < next);
    waiting.push(send);
    if (heard.length === 0) continue;
    giveReplies(waiting, heard, usual);
    waiting = [];
  }
  for (const [index, send] of sends.entries()) {
    const next = sends[index + 1];
    if (send.fate === 'lost' && next !== undefined && next.at - send.at < SOONEST_RETRY) send.fate = 'unknown';
  }
  if (attempt.rcode < 0 && !Number.isNaN(attempt.unreachableAt)) {
    for (const send of waiting) send.fate = 'unreachable';
  }
  return sends;
}

type Reply = Pick<OtherReply, 'at' | 'packet'>;

/** All that came back, in order of time. */
function repliesOf(attempt: Attempt): Reply[] {
  const replies: Reply[] = [...attempt.earlierReplies, ...attempt.lateReplies];
  if (attempt.rcode >= 0) replies.push({ at: attempt.repliedAt, packet: attempt.replyPacket });
  return replies.toSorted((a, b) => a.at - b.at);
}

/**
 * Which of the sendings got which of the replies that came after the last of them. A sending that
 * is left without one while a later one is answered is lost.
 */
function giveReplies(waiting: readonly Send[], replies: readonly Reply[], usual: Duration): void {
  const last = waiting.at(-1) as Send;
  const [oldest, ...between] = waiting.slice(0, -1);
  const [reply, ...later] = replies as [Reply, ...Reply[]];
  if (oldest === undefined) {
    hand(last, 'answered', reply);
    return;
  }
  if (isLate(oldest, last, reply.at, usual)) {
    hand(oldest, 'late', reply);
    // Whatever else was under way to this answer is not waited for any more.
    const [own] = later;
    if (own !== undefined) hand(last, 'answered', own);
    return;
  }
  hand(last, 'answered', reply);
  // One reply for each sending: what comes now was meant for those before, and is late unless they were all sent at
  // once: times that are rounded do not tell which came first.
  const fate = last.at - oldest.at < SOONEST_RETRY ? 'answered' : 'late';
  for (const [index, earlier] of [oldest, ...between].entries()) {
    const own = later[index];
    if (own === undefined) earlier.fate = 'lost';
    else hand(earlier, fate, own);
  }
}

function hand(send: Send, fate: 'answered' | 'late', { at, packet }: Reply): void {
  send.fate = fate;
  send.answeredAt = at;
  send.answerPacket = packet;
}

const sendOf = (attempt: Attempt, { at, packet, behindDnat }: Resend): Send => ({
  attempt,
  at,
  packet,
  behindDnat,
  fate: 'unknown',
  answeredAt: Number.NaN as Timestamp,
  answerPacket: 0,
  toldAt: Number.NaN as Timestamp,
  waitedUntil: at,
  isSeen: true,
  isFirst: false,
  isFirstThere: false,
  askedAgain: false,
  ledOn: false,
  isPlaced: true,
});

// Asks for AAAA before A; all others whose order can be told ask for A first.
const GRPC = 'gRPC';

/** It left with its twin, and what is seen of it is the resend. */
function unseenSend({ seen, late }: LateTwin, fromOnePort: boolean): Send {
  const { sentAt: at, sentPacket: packet } = seen;
  // Which one it left from, where each family has its own, nobody knows.
  const clientPort = fromOnePort || seen.clientPort === late.clientPort ? seen.clientPort : UNKNOWN_PORT;
  const attempt: Attempt = {
    ...copyAttempt(late),
    ...UNANSWERED,
    sentAt: at,
    sentPacket: packet,
    clientPort,
    server: seen.server,
    behindDnat: null,
    backend: null,
  };
  return { ...sendOf(attempt, { at, packet, behindDnat: null }), isSeen: false };
}

const UNANSWERED = {
  resends: [],
  earlierReplies: [],
  lateReplies: [],
  repliedAt: Number.NaN as Timestamp,
  replyPacket: 0,
  rcode: -1,
  truncated: false,
  answerCount: 0,
  addresses: [],
} as const;

function isLate(first: Send, last: Send, answer: number, usual: Duration): boolean {
  const wait = last.at - first.at;
  // Asked again at once: an error was answered that the capture does not show.
  if (wait < SOONEST_RETRY) return false;
  return answer - last.at > soonAfter(wait, usual);
}

/** Within this after a wait comes the answer to the resend that ended it. */
export const soonAfter = (wait: number, usual: Duration): number =>
  Math.max(LATE_TIMES_USUAL * usual, LATE_PART_OF_WAIT * wait, Math.min(HELD_UP, HELD_UP_PART_OF_WAIT * wait));

/** How long each was waited for, and which of the unanswered were waited for long enough to be lost. */
function settle(
  lookup: Lookup,
  sends: readonly Send[],
  { watchedUntil, mayBeLacking }: Pick<SendContext, 'watchedUntil' | 'mayBeLacking'>,
): void {
  const end = endOf(lookup);
  const nextAsked = new Map<string, Timestamp>();
  const lastAsked = new Map(sends.map((send) => [questionOf(send), send.at]));
  const firstAsked = new Map(sends.toReversed().map((send) => [questionOf(send), send.at]));
  const firstAskedThere = new Map(sends.toReversed().map((send) => [questionThere(send), send.at]));
  const open = lookup.endBecause === 'captureEnd';
  const heard = new Set(sends.filter(({ attempt }) => attempt.rcode >= 0).map(questionOf));
  const wentOn = open && goesOnAfter(lookup, end, watchedUntil);
  const tries = triesOf(lookup);
  // Of an open one nobody knows how long the caller waits on; the capture knows how long no reply came,
  // and the timer of one that gave up may be over only after the capture's end. Who asked in vain before
  // waits in vain until then.
  const heardUntil = open ? Math.max(watchedUntil || end, end) : Math.min(watchedUntil || end, end);
  const enough = open ? LOST_AT_CAPTURE_END : SOONEST_RETRY;
  for (let index = sends.length - 1; index >= 0; index--) {
    const send = sends[index] as Send;
    const { attempt } = send;
    const question = questionOf(send);
    const next = nextAsked.get(question);
    nextAsked.set(question, send.at);
    send.isFirst = firstAsked.get(question) === send.at;
    send.isFirstThere = firstAskedThere.get(questionThere(send)) === send.at;
    send.askedAgain = (lastAsked.get(question) as Timestamp) - send.at >= SOONEST_RETRY;
    send.waitedUntil = next !== undefined && next < end ? next : (Math.max(end, send.at) as Timestamp);
    // TCP resends by itself; what a missing answer means there, these rules don't judge.
    if (send.fate !== 'unknown' || attempt.transport !== 'udp') continue;
    if (attempt.rcode >= 0 && attempt.repliedAt >= send.at) continue;
    if (wentOn && !send.askedAgain && !heard.has(question) && askedBefore(send, sends) < tries) send.fate = 'unseen';
    else if (open && mayBeLacking && !send.askedAgain) continue;
    else if (
      (open || send.isFirst ? heardUntil : end) - send.at >= enough ||
      (next !== undefined && next - send.at >= SOONEST_RETRY)
    )
      send.fate = 'lost';
    else if (open) send.toldAt = (send.at + LOST_AT_CAPTURE_END) as Timestamp;
  }
}

const questionOf = ({ attempt }: Send): string => `${attempt.type} ${attempt.name}`;
const questionThere = (send: Send): string => `${send.attempt.server} ${questionOf(send)}`;

/**
 * The capture went on after what it calls the lookup's end for want of packets: its resolver did not
 * ask again although it was time to. When it is time for one that is not known, no row says.
 */
const goesOnAfter = ({ resolver }: Lookup, end: Timestamp, watchedUntil: Timestamp): boolean =>
  resolver !== 'unknown' && watchedUntil - end >= LOST_AT_CAPTURE_END;

/** How often it may ask one question: the last time nobody asks again, whether or not an answer comes. */
function triesOf({ resolver, resolverDetail, attempts }: Lookup): number {
  const timers = timersOf(resolver, resolverDetail);
  const servers = new Set(attempts.map(({ server }) => server)).size;
  return timers === null ? 1 : Math.max(timers.tries, timers.triesOfMissingFamily) * servers;
}

const askedBefore = (send: Send, sends: readonly Send[]): number =>
  sends.filter((other) => other.at <= send.at && questionOf(other) === questionOf(send)).length;

/** From the query that was answered to its answer. */
export const answerTime = (send: Send): Duration => nanoseconds(send.answeredAt - send.at);

/** The server answered it. */
export const isAnswer = ({ fate }: Send): boolean => fate === 'answered' || fate === 'late' || fate === 'unreceived';
