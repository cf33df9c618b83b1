import { at, milliseconds, nanoseconds } from '../../base/time.ts';
import type { Arrival, TrackedConnection } from '../../model/tracked-connection.ts';

const NEVER = at(Number.NaN);
const none = () => ({ client: 0, server: 0 });

/** A connection that was opened within the capture, on which nothing was said yet. */
export function trackedConnection(changes: Partial<TrackedConnection> = {}): TrackedConnection {
  return {
    id: '0.c0',
    input: 0,
    client: '10.0.0.1',
    clientPort: 40_000,
    server: '10.0.0.2',
    serverPort: 8080,
    backend: null,
    rolesFrom: 'handshake',
    startedAt: at(0),
    duration: nanoseconds(0),
    syns: [{ at: at(0), packet: 1 }],
    synAcks: [{ at: at(0), packet: 2 }],
    connectDuration: milliseconds(1),
    roundTrip: milliseconds(1),
    minRoundTrip: milliseconds(1),
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
    endPacket: -1,
    firstPacket: 1,
    lastPacket: 1,
    clientId: 1,
    serverId: 2,
    establishedAt: NEVER,
    lastDataAt: NEVER,
    previousDataAt: NEVER,
    undelivered: false,
    unacknowledged: 0,
    repairing: false,
    openExchanges: 0,
    heldExchanges: 0,
    heldFrom: 0,
    isTurned: false,
    reader: null,
    ...changes,
  };
}

/** Packet `number` of input 0, that many milliseconds after the first. */
export const arrivalOf = (number: number, time = milliseconds(number)): Arrival => ({
  input: 0,
  number,
  time: at(time),
});

export const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
