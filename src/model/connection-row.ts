import { toSeconds } from '../base/time.ts';
import { CONNECTION_SCHEMA, type Connection, type Sighting, type Stall } from './connection.ts';
import type { ConnectionRow, StallRow } from './connection-schema.ts';
import type { Input } from './input.ts';
import { rowTimes, secondsOrNull, type RowTimes } from './row-times.ts';

/** A connection as the contract writes it: seconds, RFC 3339 times, null for what was not seen. */
export function toConnectionRow(connection: Connection, inputs: readonly Input[]): ConnectionRow {
  const times = rowTimes(connection.input, inputs);
  const { tls, goaway, pings } = connection;
  const sighting = ({ at, packet }: Sighting) => ({
    at: times.absolute(at),
    atSeconds: times.since(at),
    packet: times.packet(packet),
  });
  const hasEnd = !Number.isNaN(connection.endedAt);
  const ends = [connection.firstPacket, ...(hasEnd ? [connection.endPacket] : []), connection.lastPacket];
  return {
    schema: CONNECTION_SCHEMA,
    id: connection.id,
    input: connection.input,
    client: connection.client,
    clientPort: connection.clientPort,
    server: connection.server,
    serverPort: connection.serverPort,
    backend: connection.backend,
    rolesFrom: connection.rolesFrom,
    startedAt: times.absolute(connection.startedAt),
    startSeconds: times.since(connection.startedAt),
    durationSeconds: toSeconds(connection.duration),
    synSent: connection.syns.map(sighting),
    synAcks: connection.synAcks.map(sighting),
    connectSeconds: secondsOrNull(connection.connectDuration),
    roundTripSeconds: secondsOrNull(connection.roundTrip),
    minRoundTripSeconds: secondsOrNull(connection.minRoundTrip),
    tls:
      tls === null
        ? null
        : {
            version: tls.version,
            serverName: tls.serverName,
            alpn: tls.alpn,
            startSeconds: times.since(tls.startedAt),
            handshakeSeconds: secondsOrNull(tls.handshakeDuration),
            serverSeconds: secondsOrNull(tls.serverDuration),
            resumed: tls.resumed,
            alerts: [...tls.alerts],
            decrypted: tls.decrypted,
            packets: tls.packets.map(times.packet),
          },
    protocol: connection.protocol,
    exchanges: connection.exchanges,
    unanswered: connection.unanswered,
    goaway:
      goaway === null
        ? null
        : {
            ...sighting(goaway),
            from: goaway.from,
            code: goaway.code,
            debug: goaway.debug,
            openStreams: goaway.openStreams,
          },
    pings:
      pings === null
        ? null
        : {
            fromClient: pings.fromClient,
            fromServer: pings.fromServer,
            clientIntervalSeconds: secondsOrNull(pings.clientInterval),
          },
    bytes: { ...connection.bytes },
    segments: { ...connection.packets },
    retransmissions: { ...connection.retransmissions },
    spurious: { ...connection.spurious },
    largestAcknowledged: { ...connection.largestAcknowledged },
    keepalives: { ...connection.keepalives },
    zeroWindows: { ...connection.zeroWindows },
    tooBig: connection.tooBig,
    stalls: connection.stalls.map((stall) => toStallRow(stall, times)),
    stallCount: connection.stallCount,
    stallSeconds: toSeconds(connection.stallTime),
    ending: connection.ending,
    endedBy: connection.endedBy,
    endSeconds: hasEnd ? times.since(connection.endedAt) : null,
    packets: [...new Set(ends)].map(times.packet),
  };
}

export const toStallRow = (stall: Stall, times: RowTimes): StallRow => ({
  reason: stall.reason,
  from: stall.from,
  startSeconds: times.since(stall.startedAt),
  durationSeconds: toSeconds(stall.duration),
  bytes: stall.bytes,
  resends: stall.resends,
  repaired: stall.repaired,
  packets: stall.packets.map(times.packet),
});
