import type { Timestamp } from '../../src/base/time.ts';
import type { Exchange } from '../../src/model/exchange.ts';

/** It happened during the exchange: its end may be a FIN or a reset that is none of its packets. */
const spans = ({ startedAt, duration }: Exchange, time: Timestamp): boolean =>
  time >= startedAt && time <= startedAt + duration;

/** An answer without a length is whole when its connection ends: without that packet it is there, and incomplete. */
const sameCall = (one: Exchange, other: Exchange): boolean =>
  one.startedAt === other.startedAt &&
  (one.duration === other.duration || !one.keepsConnection) &&
  (one.clientPort === other.clientPort || one.clientPort === other.serverPort);

/** Exchanges that are gone though the packet that is missing, which came at that time, was not of them. */
export function lostOthers(before: readonly Exchange[], after: readonly Exchange[], missing: Timestamp): Exchange[] {
  return before.filter((exchange) => !spans(exchange, missing) && !after.some((left) => sameCall(exchange, left)));
}
