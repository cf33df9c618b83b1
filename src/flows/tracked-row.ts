import type { AddressTable } from '../base/addresses.ts';
import { at, nanoseconds } from '../base/time.ts';
import type { Connection, ConnectionEnd, PerSide, Side, Sighting, Stall } from '../model/connection.ts';
import { packetId, type AddressId, type Layers } from '../model/packet.ts';
import type { Arrival, TrackedConnection } from '../model/tracked-connection.ts';

const NEVER = at(Number.NaN);
const UNKNOWN = nanoseconds(Number.NaN);
const UNSEEN = -1;
const none = (): PerSide => ({ client: 0, server: 0 });

/** A connection on its way, as those see it who write its lists. */
export interface TrackedRow extends TrackedConnection {
  syns: Sighting[];
  synAcks: Sighting[];
  stalls: Stall[];
  clientId: AddressId;
  serverId: AddressId;
  /** A packet that only acknowledges was seen: the capture does not hold those with payload alone. */
  showsAcknowledgments: boolean;
}

export interface Ends {
  client: AddressId;
  clientPort: number;
  server: AddressId;
  serverPort: number;
}

/** A connection of which one packet was seen, and nothing is counted yet. */
export function trackedRow(
  ordinal: number,
  ends: Ends,
  rolesFrom: Connection['rolesFrom'],
  first: Layers,
  addresses: AddressTable,
): TrackedRow {
  const packet = packetId(first.input, first.number);
  return {
    id: `${first.input}.c${ordinal}`,
    input: first.input,
    client: addresses.text(ends.client),
    clientPort: ends.clientPort,
    server: addresses.text(ends.server),
    serverPort: ends.serverPort,
    backend: null,
    rolesFrom,
    startedAt: first.time,
    duration: nanoseconds(0),
    syns: [],
    synAcks: [],
    connectDuration: UNKNOWN,
    roundTrip: UNKNOWN,
    minRoundTrip: UNKNOWN,
    tls: null,
    protocol: null,
    exchanges: 0,
    unanswered: 0,
    goaway: null,
    pings: null,
    bytes: none(),
    packets: none(),
    retransmissions: none(),
    spurious: none(),
    largestAcknowledged: none(),
    keepalives: none(),
    zeroWindows: none(),
    tooBig: 0,
    stalls: [],
    stallCount: 0,
    stallTime: nanoseconds(0),
    ending: 'captureEnd',
    endedBy: null,
    endedAt: NEVER,
    endPacket: UNSEEN,
    firstPacket: packet,
    lastPacket: packet,
    clientId: ends.client,
    serverId: ends.server,
    establishedAt: NEVER,
    lastDataAt: NEVER,
    previousDataAt: NEVER,
    undelivered: false,
    unacknowledged: 0,
    repairing: false,
    showsAcknowledgments: false,
    openExchanges: 0,
    heldExchanges: 0,
    heldFrom: 0,
    isTurned: false,
    reader: null,
  };
}

/** The first FIN or reset of a connection, or its refusal: what comes later ends it no more. */
export function noteEnd(row: TrackedRow, ending: ConnectionEnd, endedBy: Side | null, arrival: Arrival): void {
  if (row.ending !== 'captureEnd') return;
  row.ending = ending;
  row.endedBy = endedBy;
  row.endedAt = arrival.time;
  row.endPacket = packetId(arrival.input, arrival.number);
}
