import type { Timestamp } from '../../src/base/time.ts';
import type { Connection } from '../../src/model/connection.ts';
import type { Exchange } from '../../src/model/exchange.ts';
import type { Rows } from './reading.ts';

interface Span {
  startedAt: Timestamp;
  duration: number;
}

const holds = ({ startedAt, duration }: Span, time: Timestamp): boolean =>
  time >= startedAt && time <= startedAt + duration;

/**
 * It happened during the exchange: its end may be a FIN or a reset that is none of its packets. A turn inside
 * TLS is told from all that its connection says, handshake and closing included: each packet of it is its own.
 */
function spans(exchange: Exchange, connections: readonly Connection[], time: Timestamp): boolean {
  if (holds(exchange, time)) return true;
  if (exchange.shape !== 'turn') return false;
  return connections.some((connection) => connection.id === exchange.connection && holds(connection, time));
}

/** An answer without a length is whole when its connection ends: without that packet it is there, and incomplete. */
const sameCall = (one: Exchange, other: Exchange): boolean =>
  one.startedAt === other.startedAt &&
  (one.duration === other.duration || !one.keepsConnection) &&
  (one.clientPort === other.clientPort || one.clientPort === other.serverPort);

/** Exchanges that are gone though the packet that is missing, which came at that time, was not of them. */
export function lostOthers(before: Rows, after: Rows, missing: Timestamp): Exchange[] {
  return before.exchanges.filter(
    (exchange) =>
      !spans(exchange, before.connections, missing) && !after.exchanges.some((left) => sameCall(exchange, left)),
  );
}
