import type { Timestamp } from '../base/time.ts';
import type { Connection } from './connection.ts';
import type { AddressId, Layers } from './packet.ts';

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
  /** The last packet of either side that carried data; NaN before. */
  lastDataAt: Timestamp;
}
