import { endOf, nanoseconds, type Duration } from '../../../base/time.ts';
import { isOfProgram, isUnderWay, type Stall } from '../../../model/connection.ts';
import { isResponded, type Exchange } from '../../../model/exchange.ts';
import { Intervals } from '../intervals.ts';

// gRPC's own code for a deadline that the server saw, too, is a reset of the stream.
const RESET_BY_STREAM = 0;

/** What an exchange waited for the server's program, and not for the connection. */
export interface UpstreamWait {
  /** From the request's last byte to the answer's first, or to when the client gave up; NaN where it can't be told. */
  firstByte: Duration;
  /** Pauses within the answer's body, with all acknowledged and the window open. */
  pauses: Duration;
}

/** Its server paused in the midst of the answer, or wrote it in parts. */
export const isPause = (stall: Stall): boolean => isOfProgram(stall) && stall.from === 'server';

// Once a request was sent whole, a rest of its client's lies between others that go over the same connection
// (a pipeline of Redis or Kafka), and holds up no answer.
const isRest = (stall: Stall): boolean => isOfProgram(stall) && stall.from === 'client';

const isLossless = ({ retransmissions, stalls }: Exchange): boolean =>
  retransmissions === 0 && stalls.every(({ reason }) => reason !== 'loss');

/** The client gave up, or its deadline ended the stream, while nothing was amiss on the way. */
const isGivenUp = (exchange: Exchange): boolean => {
  const { outcome, resetCode, deadline } = exchange;
  const isEnded = outcome === 'cancelled' || (outcome === 'reset' && (resetCode >= RESET_BY_STREAM || deadline > 0));
  return isEnded && isLossless(exchange);
};

/** An answer may come after the client gave up; where the capture lost bytes, the end is not known. */
const isAnsweredInTime = (exchange: Exchange): boolean =>
  isResponded(exchange) && (exchange.firstByteAt <= endOf(exchange) || exchange.outcome === 'incomplete');

/** The client waited for an answer until it gave up. */
export const isGivenUpUnanswered = (exchange: Exchange): boolean => !isAnsweredInTime(exchange) && isGivenUp(exchange);

/** How long the client waited until the server closed the connection without an answer (a worker that is killed); else NaN. */
export function closedAfter(exchange: Exchange): Duration {
  const { outcome, endedBy, resetCode, requestedAt } = exchange;
  const isClosed = outcome === 'closed' || (outcome === 'reset' && resetCode < RESET_BY_STREAM);
  const isByServer = isClosed && endedBy === 'server' && !isResponded(exchange) && isLossless(exchange);
  return nanoseconds(isByServer ? endOf(exchange) - requestedAt : Number.NaN);
}

/** When the answer began; when the client gave up, where none came in time; NaN where neither can be told. */
export function answeredAt(exchange: Exchange): number {
  if (isAnsweredInTime(exchange)) return exchange.firstByteAt;
  return isGivenUp(exchange) ? endOf(exchange) : Number.NaN;
}

/** Its first part alone, without an object for it: nearly all exchanges know no stall. */
export function firstByteWait(exchange: Exchange): Duration {
  if (exchange.stalls.length > 0) return upstreamWait(exchange).firstByte;
  const wait = answeredAt(exchange) - exchange.requestedAt;
  return nanoseconds(wait >= 0 ? wait : Number.NaN);
}

/** How long it took but for the stalls of its connection: of what is inside TLS no more is known. */
export function unstalled({ startedAt, duration, stalls }: Exchange): Duration {
  if (stalls.length === 0) return duration;
  const [whole, stalled] = [new Intervals(), new Intervals()];
  whole.add(startedAt, startedAt + duration);
  for (const stall of stalls) if (!isPause(stall)) stalled.add(stall.startedAt, stall.startedAt + stall.duration);
  return whole.lengthWithout(stalled);
}

/** What the server's program took of an exchange: stalls of the connection are taken off. */
export function upstreamWait(exchange: Exchange): UpstreamWait {
  const { requestedAt, stalls } = exchange;
  const until = answeredAt(exchange);
  if (!(until >= requestedAt)) return { firstByte: nanoseconds(Number.NaN), pauses: nanoseconds(0) };
  if (stalls.length === 0) return { firstByte: nanoseconds(until - requestedAt), pauses: nanoseconds(0) };
  const waited = new Intervals();
  const stalled = new Intervals();
  const paused = new Intervals();
  const busy = new Intervals();
  waited.add(requestedAt, until);
  for (const stall of stalls) {
    const end = stall.startedAt + stall.duration;
    if (isPause(stall)) paused.add(Math.max(until, stall.startedAt), Math.min(endOf(exchange), end));
    else if (isUnderWay(stall)) busy.add(stall.startedAt, end);
    else if (!isRest(stall)) stalled.add(stall.startedAt, end);
  }
  const firstByte = waited.lengthWithout(stalled);
  // While other data went to the same host at the way's own pace, this one stood in its queue.
  stalled.addAll(busy);
  return { firstByte, pauses: paused.lengthWithout(stalled) };
}
