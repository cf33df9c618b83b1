import { milliseconds, nanoseconds, seconds, type Duration, type Timestamp } from '../../base/time.ts';
import { RCODE, RR_TYPE, type Attempt, type DnatSight, type Lookup, type Resend } from '../../model/lookup.ts';
import type { PacketId } from '../../model/packet.ts';

/**
 * No resolver asks an unanswered question again sooner: c-ares's least is 250 ms (facts §2, since
 * 1.32). What is asked again sooner had an error for an answer.
 */
const SOONEST_RETRY = milliseconds(200);

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

/** `unreachable`: ICMP said that nobody listens. `unknown`: nobody waited for it long enough to tell. */
export type Fate = 'answered' | 'late' | 'lost' | 'unreachable' | 'unknown';

/** One query packet and what became of it. */
export interface Send {
  attempt: Attempt;
  at: Timestamp;
  packet: PacketId;
  behindDnat: DnatSight;
  fate: Fate;
  /** When its answer came, NaN where none did. */
  answeredAt: Timestamp;
  /** When the same question was next asked, anywhere, or when the caller stopped waiting. */
  waitedUntil: Timestamp;
}

/** Every attempt was answered at the first asking, with an answer and not an error. */
export function isPlain(lookup: Lookup): boolean {
  const { attempts } = lookup;
  for (let index = 0; index < attempts.length; index++) {
    const attempt = attempts[index] as Attempt;
    if (attempt.rcode !== RCODE.NOERROR && attempt.rcode !== RCODE.NXDOMAIN) return false;
    if (attempt.resends.length > 0) return false;
  }
  return true;
}

export const isAddressType = (type: number): boolean => type === RR_TYPE.A || type === RR_TYPE.AAAA;

export const endOf = (lookup: Lookup): Timestamp => (lookup.startedAt + lookup.duration) as Timestamp;

/**
 * All query packets of a lookup in order of time, each with its fate.
 * @param usual how long answers of this server usually take, 0 where not known
 */
export function sendsOf(lookup: Lookup, usual: (server: string) => Duration): Send[] {
  const sends: Send[] = [];
  for (const attempt of lookup.attempts) sends.push(...sendsOfAttempt(attempt, usual(attempt.server)));
  sends.sort((a, b) => a.at - b.at);
  settle(lookup, sends);
  return sends;
}

function sendsOfAttempt(attempt: Attempt, usual: Duration): Send[] {
  const { sentAt: at, sentPacket: packet, behindDnat } = attempt;
  const sends: Send[] = [sendOf(attempt, { at, packet, behindDnat })];
  for (const resend of attempt.resends) sends.push(sendOf(attempt, resend));
  // Replies before the last one stand apart; each was followed by a resend.
  let reply = 0;
  const replyTimes = attempt.earlierReplies.map((earlier) => earlier.at);
  if (attempt.rcode >= 0) replyTimes.push(attempt.repliedAt);
  let waiting: Send[] = [];
  for (const [index, send] of sends.entries()) {
    const next = sends[index + 1]?.at ?? Number.POSITIVE_INFINITY;
    let answer = Number.NaN;
    while (reply < replyTimes.length && (replyTimes[reply] as number) < next) {
      if (Number.isNaN(answer)) answer = replyTimes[reply] as number;
      reply++;
    }
    if (Number.isNaN(answer)) {
      waiting.push(send);
      continue;
    }
    const first = waiting[0];
    if (first !== undefined && isLate(first, send, answer, usual)) {
      first.fate = 'late';
      first.answeredAt = answer as Timestamp;
    } else {
      for (const lost of waiting) lost.fate = 'lost';
      send.fate = 'answered';
      send.answeredAt = answer as Timestamp;
    }
    // Whatever else was under way to this answer is not waited for any more.
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

const sendOf = (attempt: Attempt, { at, packet, behindDnat }: Resend): Send => ({
  attempt,
  at,
  packet,
  behindDnat,
  fate: 'unknown',
  answeredAt: Number.NaN as Timestamp,
  waitedUntil: at,
});

function isLate(first: Send, last: Send, answer: number, usual: Duration): boolean {
  const wait = last.at - first.at;
  // Asked again at once: an error was answered that the capture does not show.
  if (wait < SOONEST_RETRY) return false;
  return answer - last.at > Math.max(LATE_TIMES_USUAL * usual, LATE_PART_OF_WAIT * wait);
}

/** How long each was waited for, and which of the unanswered were waited for long enough to be lost. */
function settle(lookup: Lookup, sends: readonly Send[]): void {
  const end = endOf(lookup);
  const nextAsked = new Map<string, Timestamp>();
  const enough = lookup.endBecause === 'captureEnd' ? LOST_AT_CAPTURE_END : SOONEST_RETRY;
  for (let index = sends.length - 1; index >= 0; index--) {
    const send = sends[index] as Send;
    const { attempt } = send;
    const question = `${attempt.type} ${attempt.name}`;
    const next = nextAsked.get(question);
    nextAsked.set(question, send.at);
    send.waitedUntil = next !== undefined && next < end ? next : (Math.max(end, send.at) as Timestamp);
    // TCP resends by itself; what a missing answer means there, these rules don't judge.
    if (send.fate !== 'unknown' || attempt.transport !== 'udp') continue;
    if (attempt.rcode >= 0 && attempt.repliedAt >= send.at) continue;
    if (next !== undefined ? next - send.at >= SOONEST_RETRY || end - send.at >= enough : end - send.at >= enough) {
      send.fate = 'lost';
    }
  }
}

/** From the query that was answered to its answer. */
export const answerTime = (send: Send): Duration => nanoseconds(send.answeredAt - send.at);
