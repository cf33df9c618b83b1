import type { Timestamp } from '../base/time.ts';
import type { Connection } from './connection.ts';
import type { Exchange } from './exchange.ts';
import type { AddressId, Layers, PacketId } from './packet.ts';

/** The packet that something came with. A `Layers` is one. */
export type Arrival = Pick<Layers, 'input' | 'number' | 'time'>;

/**
 * A connection on its way: `flows` owns it and keeps what TCP tells, `protocols` add what they
 * read (`tls`, `protocol`, `exchanges`, `unanswered`, `goaway`, `pings`) and read its stalls.
 */
export interface TrackedConnection extends Connection {
  readonly clientId: AddressId;
  readonly serverId: AddressId;
  /** The handshake's last packet was seen, or data; NaN before. */
  establishedAt: Timestamp;
  /** The last packet of either side that carried new data, the one at hand included; NaN before. */
  lastDataAt: Timestamp;
  /** The one before it: how long the connection had been idle when the packet at hand came. */
  previousDataAt: Timestamp;
  /** Data of the server was seen that its client has not acknowledged yet. */
  undelivered: boolean;
  /** How many bytes that are. */
  unacknowledged: number;
  /** Some of it was lost, and not all is repaired. */
  repairing: boolean;
  /** Exchanges that have begun and not ended. */
  openExchanges: number;
  /** Exchanges that ended, and their client has not shown to have the answer. */
  heldExchanges: number;
  /** The place of the first of them among those of all connections. */
  heldFrom: number;
  /**
   * Only ports told client from server, and what is said tells that they were wrong: a protocol
   * says so before its first exchange. Until the row is complete its sides keep the names that
   * they had; exchanges name them right.
   */
  isTurned: boolean;
  /** Who reads what it carries, kept here as each segment asks for it; `protocols` alone look inside. */
  reader: object | null;
}

/** An exchange on its way, with what only `protocols` need. */
export interface OpenExchange extends Exchange {
  requestFirst: PacketId;
  requestLast: PacketId;
  responseFirst: PacketId;
  responseLast: PacketId;
  /** The response's last byte so far; NaN before. */
  answeredAt: Timestamp;
  /** The connection's retransmissions when it began. */
  retransmittedBefore: number;
}
