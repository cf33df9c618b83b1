import { at, nanoseconds, type Duration, type Timestamp } from '../../../base/time.ts';
import type { Connection, Stall, StallReason } from '../../../model/connection.ts';
import type { Exchange } from '../../../model/exchange.ts';
import type { PacketId } from '../../../model/packet.ts';
import { Intervals } from '../intervals.ts';

/** What an exchange waited for, for one of these reasons. */
export const stallsOf = (exchange: Exchange, ...reasons: readonly StallReason[]): Stall[] =>
  exchange.stalls.filter(({ reason }) => reasons.includes(reason));

/**
 * How long its caller waited so: stalls that overlap count once, and only what lies within the exchange
 * and its deadline. A gRPC caller gets its error then, though the RST_STREAM that says so stands in line
 * behind what is lost.
 */
export function stalledTime(exchange: Exchange, stalls: readonly Stall[]): Duration {
  const { startedAt, duration, deadline } = exchange;
  const until = startedAt + (deadline > 0 ? Math.min(duration, deadline) : duration);
  const intervals = new Intervals();
  for (const stall of stalls) {
    intervals.add(Math.max(startedAt, stall.startedAt), Math.min(until, stall.startedAt + stall.duration));
  }
  return nanoseconds(intervals.length());
}

/** The exchange's own packets and those of its stalls, in order. */
export const stallPackets = (exchange: Exchange, stalls: readonly Stall[]): PacketId[] =>
  [...new Set([...exchange.packets, ...stalls.flatMap(({ packets }) => packets)])].toSorted((a, b) => a - b);

/** Until the caller gave up, where its FIN or reset shows it; the kernel goes on sending after that. */
export function waitedUntil(exchange: Exchange, { endedAt, endedBy }: Connection): Timestamp {
  const end = exchange.startedAt + exchange.duration;
  return at(endedBy === 'client' && endedAt > exchange.startedAt ? Math.min(end, endedAt) : end);
}
