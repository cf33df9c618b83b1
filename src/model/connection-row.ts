import { at, toSeconds, type Timestamp } from '../base/time.ts';
import {
  CONNECTION_ENDS,
  CONNECTION_SCHEMA,
  MAX_STALL_PACKETS,
  MAX_STALLS,
  MAX_SYNS,
  SIDES,
  STALL_REASONS,
  type Connection,
  type GoAway,
  type PerSide,
  type Pings,
  type Stall,
  type Tls,
} from './connection.ts';
import type { ConnectionRow, StallRow } from './connection-schema.ts';
import type { Input } from './input.ts';
import type { PacketId } from './packet.ts';
import {
  instant,
  instantOrUnseen,
  integer,
  isAbsoluteTime,
  isRecord,
  isText,
  isTextOrNull,
  isTexts,
  listFrom,
  MAX_INPUT,
  MAX_PORT,
  oneOf,
  packetFrom,
  sightingFrom,
  span,
  spanOrUnseen,
  type RowPlace,
} from './row-fields.ts';
import { rowTimes, secondsOrNull, sinceOrNull, type RowTimes } from './row-times.ts';

/** A connection as the contract writes it: seconds, RFC 3339 times, null for what was not seen. */
export function toConnectionRow(connection: Connection, inputs: readonly Input[]): ConnectionRow {
  const times = rowTimes(connection.input, inputs);
  const { tls, goaway, pings, retransmissions, ending, endPacket } = connection;
  return {
    schema: CONNECTION_SCHEMA,
    id: connection.id,
    input: connection.input,
    client: connection.client,
    server: connection.server,
    startedAt: times.absolute(connection.startedAt),
    startSeconds: times.since(connection.startedAt),
    durationSeconds: toSeconds(connection.duration),
    connectSeconds: secondsOrNull(connection.connectDuration),
    synSent: connection.syns.map(times.sighting),
    roundTripSeconds: secondsOrNull(connection.roundTrip),
    tls:
      tls === null
        ? null
        : {
            version: tls.version,
            serverName: tls.serverName,
            alpn: tls.alpn,
            startSeconds: sinceOrNull(tls.startedAt, times),
            handshakeSeconds: secondsOrNull(tls.handshakeDuration),
            serverSeconds: secondsOrNull(tls.serverDuration),
            resumed: tls.resumed,
            retried: tls.retried,
            clientCertificate: tls.clientCertificate,
            alerts: [...tls.alerts],
            decrypted: tls.decrypted,
            unread: tls.unread,
            packets: tls.packets.map(times.packet),
          },
    exchanges: connection.exchanges,
    retransmissions: retransmissions.client + retransmissions.server,
    stalls: connection.stalls.map((stall) => toStallRow(stall, times)),
    resets: ending === 'reset' || ending === 'refused' ? 1 : 0,
    endedBy: connection.endedBy,
    packets: endsOf(connection).map(times.packet),
    clientPort: connection.clientPort,
    serverPort: connection.serverPort,
    backend: connection.backend,
    rolesFrom: connection.rolesFrom,
    synAcks: connection.synAcks.map(times.sighting),
    minRoundTripSeconds: secondsOrNull(connection.minRoundTrip),
    protocol: connection.protocol,
    unanswered: connection.unanswered,
    goaway:
      goaway === null
        ? null
        : {
            ...times.sighting(goaway),
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
    retransmitted: { ...retransmissions },
    spurious: { ...connection.spurious },
    largestAcknowledged: { ...connection.largestAcknowledged },
    keepalives: { ...connection.keepalives },
    zeroWindows: { ...connection.zeroWindows },
    tooBig: connection.tooBig,
    stallCount: connection.stallCount,
    stallSeconds: toSeconds(connection.stallTime),
    ending,
    endSeconds: sinceOrNull(connection.endedAt, times),
    endPacket: endPacket < 0 ? null : times.packet(endPacket),
  };
}

/** First packet, that of the end, last packet; none twice in a row. */
function endsOf({ firstPacket, endPacket, lastPacket }: Connection): PacketId[] {
  const ends = endPacket < 0 ? [firstPacket, lastPacket] : [firstPacket, endPacket, lastPacket];
  return ends.filter((packet, index) => packet !== ends[index - 1]);
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

/**
 * The inverse of {@link toConnectionRow}; null where the value is no such row. Rows may come from
 * anywhere: every field is checked, and nothing longer than a real row is let in.
 * @param startsAt the first packet of the row's input on the common axis
 */
export function fromConnectionRow(row: unknown, startsAt: Timestamp = at(0)): Connection | null {
  if (!isRecord(row)) return null;
  if (row['schema'] !== undefined && row['schema'] !== CONNECTION_SCHEMA) return null;
  const input = integer(row['input'], MAX_INPUT);
  if (input === null) return null;
  const place: RowPlace = { input, startsAt };
  const ends = endsFrom(row, place);
  const counts = countsFrom(row);
  const { id, client, server, backend, protocol } = row;
  const clientPort = integer(row['clientPort'], MAX_PORT);
  const serverPort = integer(row['serverPort'], MAX_PORT);
  const rolesFrom = oneOf(['handshake', 'ports'], row['rolesFrom']);
  const startedAt = instant(row['startSeconds'], place);
  const duration = span(row['durationSeconds']);
  const syns = listFrom(row['synSent'], MAX_SYNS, sightingFrom, place);
  const synAcks = listFrom(row['synAcks'], MAX_SYNS, sightingFrom, place);
  const connectDuration = spanOrUnseen(row['connectSeconds']);
  const roundTrip = spanOrUnseen(row['roundTripSeconds']);
  const minRoundTrip = spanOrUnseen(row['minRoundTripSeconds']);
  const tls = row['tls'] === null ? null : tlsFrom(row['tls'], place);
  const goaway = row['goaway'] === null ? null : goAwayFrom(row['goaway'], place);
  const pings = row['pings'] === null ? null : pingsFrom(row['pings']);
  const stalls = listFrom(row['stalls'], MAX_STALLS, stallFrom, place);
  const stallTime = span(row['stallSeconds']);
  if (ends === null || counts === null || tls === undefined || goaway === undefined || pings === undefined) return null;
  if (!isText(id) || !isText(client) || !isText(server) || !isTextOrNull(backend) || !isTextOrNull(protocol))
    return null;
  if (clientPort === null || serverPort === null || rolesFrom === null || !isAbsoluteTime(row['startedAt']))
    return null;
  if (startedAt === null || duration === null || syns === null || synAcks === null) return null;
  if (connectDuration === null || roundTrip === null || minRoundTrip === null) return null;
  if (stalls === null || stallTime === null) return null;
  return {
    id,
    input,
    client,
    clientPort,
    server,
    serverPort,
    backend,
    rolesFrom,
    startedAt,
    duration,
    syns,
    synAcks,
    connectDuration,
    roundTrip,
    minRoundTrip,
    tls,
    protocol,
    goaway,
    pings,
    ...counts,
    stalls,
    stallTime,
    ...ends,
  };
}

function countsFrom(
  row: Record<string, unknown>,
): Pick<
  Connection,
  | 'exchanges'
  | 'unanswered'
  | 'bytes'
  | 'packets'
  | 'retransmissions'
  | 'spurious'
  | 'largestAcknowledged'
  | 'keepalives'
  | 'zeroWindows'
  | 'tooBig'
  | 'stallCount'
> | null {
  const exchanges = integer(row['exchanges']);
  const unanswered = integer(row['unanswered']);
  const tooBig = integer(row['tooBig']);
  const stallCount = integer(row['stallCount']);
  const bytes = perSideFrom(row['bytes']);
  const packets = perSideFrom(row['segments']);
  const retransmissions = perSideFrom(row['retransmitted']);
  const spurious = perSideFrom(row['spurious']);
  const largestAcknowledged = perSideFrom(row['largestAcknowledged']);
  const keepalives = perSideFrom(row['keepalives']);
  const zeroWindows = perSideFrom(row['zeroWindows']);
  if (exchanges === null || unanswered === null || tooBig === null || stallCount === null) return null;
  if (bytes === null || packets === null || retransmissions === null || spurious === null) return null;
  if (largestAcknowledged === null || keepalives === null || zeroWindows === null) return null;
  if (integer(row['retransmissions']) === null || integer(row['resets']) === null) return null;
  return {
    exchanges,
    unanswered,
    bytes,
    packets,
    retransmissions,
    spurious,
    largestAcknowledged,
    keepalives,
    zeroWindows,
    tooBig,
    stallCount,
  };
}

type Ends = Pick<Connection, 'ending' | 'endedBy' | 'endedAt' | 'endPacket' | 'firstPacket' | 'lastPacket'>;

function endsFrom(row: Record<string, unknown>, place: RowPlace): Ends | null {
  const ending = oneOf(CONNECTION_ENDS, row['ending']);
  const endedBy = oneOf(SIDES, row['endedBy']);
  const endedAt = instantOrUnseen(row['endSeconds'], place);
  const endPacket = row['endPacket'] === null ? UNSEEN : packetFrom(row['endPacket'], place);
  const packets = listFrom(row['packets'], MAX_ENDS, packetFrom, place);
  if (ending === null || endedAt === null || endPacket === null || packets === null) return null;
  if (endedBy === null && row['endedBy'] !== null) return null;
  const firstPacket = packets[0];
  const lastPacket = packets.at(-1);
  if (firstPacket === undefined || lastPacket === undefined) return null;
  return { ending, endedBy, endedAt, endPacket, firstPacket, lastPacket };
}

function perSideFrom(row: unknown): PerSide | null {
  if (!isRecord(row)) return null;
  const client = integer(row['client']);
  const server = integer(row['server']);
  return client === null || server === null ? null : { client, server };
}

function tlsFrom(row: unknown, place: RowPlace): Tls | undefined {
  if (!isRecord(row)) return undefined;
  const { version, serverName, alpn, resumed, retried, clientCertificate, alerts, decrypted } = row;
  const startedAt = instantOrUnseen(row['startSeconds'], place);
  const handshakeDuration = spanOrUnseen(row['handshakeSeconds']);
  const serverDuration = spanOrUnseen(row['serverSeconds']);
  const unread = integer(row['unread']);
  const packets = listFrom(row['packets'], MAX_TLS_LIST, packetFrom, place);
  if (!isTextOrNull(version) || !isTextOrNull(serverName) || !isTextOrNull(alpn)) return undefined;
  if (!isFlagOrNull(resumed) || typeof retried !== 'boolean' || !isFlagOrNull(clientCertificate)) return undefined;
  if (startedAt === null || handshakeDuration === null || serverDuration === null || packets === null) return undefined;
  if (!isTexts(alerts, MAX_TLS_LIST) || typeof decrypted !== 'boolean' || unread === null) return undefined;
  return {
    version,
    serverName,
    alpn,
    handshakeDuration,
    startedAt,
    serverDuration,
    resumed,
    retried,
    clientCertificate,
    alerts: [...alerts],
    decrypted,
    unread,
    packets,
  };
}

const isFlagOrNull = (value: unknown): value is boolean | null => value === null || typeof value === 'boolean';

function goAwayFrom(row: unknown, place: RowPlace): GoAway | undefined {
  const sighting = sightingFrom(row, place);
  if (sighting === null || !isRecord(row)) return undefined;
  const { debug } = row;
  const from = oneOf(SIDES, row['from']);
  const code = integer(row['code']);
  const openStreams = integer(row['openStreams']);
  if (from === null || code === null || openStreams === null || !isTextOrNull(debug)) return undefined;
  return { ...sighting, from, code, debug, openStreams };
}

function pingsFrom(row: unknown): Pings | undefined {
  if (!isRecord(row)) return undefined;
  const fromClient = integer(row['fromClient']);
  const fromServer = integer(row['fromServer']);
  const clientInterval = spanOrUnseen(row['clientIntervalSeconds']);
  if (fromClient === null || fromServer === null || clientInterval === null) return undefined;
  return { fromClient, fromServer, clientInterval };
}

export function stallFrom(row: unknown, place: RowPlace): Stall | null {
  if (!isRecord(row)) return null;
  const { repaired } = row;
  const reason = oneOf(STALL_REASONS, row['reason']);
  const from = oneOf(SIDES, row['from']);
  const startedAt = instant(row['startSeconds'], place);
  const duration = span(row['durationSeconds']);
  const bytes = integer(row['bytes']);
  const resends = integer(row['resends']);
  const packets = listFrom(row['packets'], MAX_STALL_PACKETS, packetFrom, place);
  if (reason === null || from === null || startedAt === null || duration === null || packets === null) return null;
  if (bytes === null || resends === null || typeof repaired !== 'boolean') return null;
  return { reason, from, startedAt, duration, bytes, resends, repaired, packets };
}

const UNSEEN = -1;
// First, end, last.
const MAX_ENDS = 3;
// Alerts and packets of one handshake: those that are written are a few.
const MAX_TLS_LIST = 64;
