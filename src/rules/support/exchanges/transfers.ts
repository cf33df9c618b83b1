import { endOf, nanoseconds, NANOSECONDS_PER_SECOND, type Duration, type Timestamp } from '../../../base/time.ts';
import type { Side } from '../../../model/connection.ts';
import { isResponded, LARGE_BODY, type Exchange } from '../../../model/exchange.ts';
import { Intervals } from '../intervals.ts';
import { stalledTime, stallsOf } from './stalls.ts';

// RULES: a download that fills its link is never slow. Pods' links carry a gigabit and more; a tenth
// of that is a limit somewhere. In bytes a second.
export const LINK_RATE = 12_500_000;
// Less of it at the way's own pace is something else's.
const MOSTLY = 0.8;
// A client’s last acknowledgments are always on their way; so much of an answer lies in a queue.
const QUEUED = 0.1;
// Stalls have their own causes.
const STALLED = 0.1;

/** The larger of a call's two bodies on its way. */
export interface Transfer {
  /** What passed in the time that it took. */
  readonly bytes: number;
  readonly sender: Side;
  /** From its first byte to its last, as seen. */
  readonly from: Timestamp;
  readonly until: Timestamp;
  /** How long it was on its way. */
  readonly took: Duration;
  /** The last part of it was on its way when all was sent. */
  readonly isQueued: boolean;
  /** How many bytes of an answer had passed the capture, and waited further on, when it was over. */
  readonly left: number;
}

/** Null where no body is large, or not all of it was seen, or it lasts by design. */
export function transferOf(exchange: Exchange): Transfer | null {
  if (exchange.requestBytes < LARGE_BODY && exchange.responseBytes < LARGE_BODY) return null;
  if (!isResponded(exchange) || exchange.outcome === 'incomplete') return null;
  if (exchange.shape !== 'call' && exchange.shape !== 'turn') return null;
  const { startedAt, requestedAt, firstByteAt, duration, requestBytes, responseBytes, roundTrip } = exchange;
  if (requestBytes <= responseBytes) {
    const until = endOf(exchange);
    const took = nanoseconds(until - firstByteAt);
    const left = exchange.undelivered;
    const isQueued = left >= QUEUED * responseBytes;
    return { bytes: responseBytes - left, sender: 'server', from: firstByteAt, until, took, isQueued, left };
  }
  const upload = { bytes: requestBytes, sender: 'client', from: startedAt, until: requestedAt, left: 0 } as const;
  const sent = nanoseconds(requestedAt - startedAt);
  if (sent >= MOSTLY * duration || !(roundTrip > 0)) return { ...upload, took: sent, isQueued: false };
  // At the sender its last byte is seen as it leaves, and its round trip is what the queue makes it.
  const queue = Math.max(0, Math.min(roundTrip, firstByteAt - requestedAt));
  return { ...upload, took: nanoseconds(sent + queue), isQueued: true };
}

/** In bytes a second. */
export const rateOf = ({ bytes, took }: Transfer): number => (bytes * NANOSECONDS_PER_SECOND) / took;

/** No large body, or as quick as links of pods are. */
export function isQuickTransfer(exchange: Exchange): boolean {
  const transfer = transferOf(exchange);
  const rate = transfer === null ? 0 : rateOf(transfer);
  return rate === 0 || rate >= LINK_RATE;
}

/** It went at the way's own pace, and nothing else held it up. */
export function isPaced(exchange: Exchange, { sender, from, until, took }: Transfer): boolean {
  const [paced, paused] = [new Intervals(), new Intervals()];
  for (const stall of exchange.stalls) {
    if (stall.from !== sender) continue;
    const [start, end] = [Math.max(from, stall.startedAt), Math.min(until, stall.startedAt + stall.duration)];
    if (stall.reason === 'path') paced.add(start, end);
    else if (stall.reason === 'sender-idle') paused.add(start, end);
  }
  if (paced.length() < MOSTLY * (until - from)) return false;
  const others = stalledTime(
    exchange,
    stallsOf(exchange, 'loss', 'zero-window', 'delayed-ack', 'flow-control', 'window'),
  );
  return others + paused.lengthWithout(paced) <= STALLED * took;
}
