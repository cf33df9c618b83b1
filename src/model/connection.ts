import { nanoseconds, type Duration, type Timestamp } from '../base/time.ts';
import type { PacketId } from './packet.ts';

/** The version of the connection row's shape; a change of meaning raises it. */
export const CONNECTION_SCHEMA = 'kubelag/connection/1';

/** The two ends of a connection: who opened it, and whom. */
export const SIDES = ['client', 'server'] as const;
export type Side = (typeof SIDES)[number];

export const otherSide = (side: Side): Side => (side === 'client' ? 'server' : 'client');

/**
 * Why data was late that could have been on its way:
 * - `loss`: a segment was resent, and what the receiver waited for came with the resend
 * - `zero-window`: the receiver's window was closed (or too small for the next segment)
 * - `delayed-ack`: a small segment left only when the former one was acknowledged (Nagle)
 * - `sender-idle`: all was acknowledged, the window open, and the sender paused in the midst of what it sent
 * - `flow-control`: an HTTP/2 window of the stream or the connection was used up, and the data left as soon as it
 *   was opened again; kept of exchanges, not of connections
 * - `path`: more was on its way all the while than is acknowledged at once, and the next left as acknowledgments
 *   came, or full segments come evenly at the receiver: the way takes it no faster
 * - `round-trips`: likewise, and over in a few round trips: its sender gets up to speed
 * - `written`: its program wrote in parts, with rests of a few milliseconds in which all was acknowledged
 * - `window`: the receive window was used up in each round trip: no more than that is on its way at a time
 */
export const STALL_REASONS = [
  'loss',
  'zero-window',
  'delayed-ack',
  'sender-idle',
  'flow-control',
  'path',
  'round-trips',
  'window',
  'written',
] as const;
export type StallReason = (typeof STALL_REASONS)[number];

/** One stretch of time in which data of one side waited. */
export interface Stall {
  reason: StallReason;
  /** Whose data waited. */
  from: Side;
  startedAt: Timestamp;
  duration: Duration;
  /** Payload bytes of the segment that waited (the largest of several); `path`: of all of it; `window`, `flow-control`: the window's. */
  bytes: number;
  /** How often that segment was sent again: 0 but for `loss` and window probes. */
  resends: number;
  /** The data went through at last; false where the connection or the capture ended first. */
  repaired: boolean;
  /** What proves it, in order: at most {@link MAX_STALL_PACKETS}. */
  packets: readonly PacketId[];
}

/** Its sender's program had no more to send yet. */
export const isOfProgram = ({ reason }: Pick<Stall, 'reason'>): boolean =>
  reason === 'sender-idle' || reason === 'written';

const UNDER_WAY: ReadonlySet<StallReason> = new Set(['path', 'round-trips', 'window']);

/** Data went on all the while, and stood still nowhere. */
export const isUnderWay = ({ reason }: Pick<Stall, 'reason'>): boolean => UNDER_WAY.has(reason);

/** The same stall where client and server are the other way round. */
export const turnedStall = (stall: Stall): Stall => ({ ...stall, from: otherSide(stall.from) });

export const MAX_STALL_PACKETS = 12;
/** Stalls kept of one connection; more are counted in `stallCount` only. */
export const MAX_STALLS = 64;
/** SYNs and SYN-ACKs kept of one connection. */
export const MAX_SYNS = 16;

/** One packet and when it came. */
export interface Sighting {
  at: Timestamp;
  packet: PacketId;
}

/** What is counted of each side. */
export interface PerSide {
  client: number;
  server: number;
}

/** How a TLS handshake went, as far as it is readable without keys. */
export interface Tls {
  /** `1.2`, `1.3`…, as negotiated; null where no ServerHello was seen. */
  version: string | null;
  /** SNI, null where none was sent (or it was encrypted). */
  serverName: string | null;
  /** As negotiated; in TLS 1.3 only the client's single offer or a key log tells. */
  alpn: string | null;
  /** From the ClientHello until application data may flow; NaN where not seen whole. */
  handshakeDuration: Duration;
  startedAt: Timestamp;
  /** From the end of the ClientHello to the server's first handshake byte, the longer where it had to answer twice; NaN where not seen. */
  serverDuration: Duration;
  /** Null where it can't be told. */
  resumed: boolean | null;
  /** The server answered the first ClientHello with a HelloRetryRequest: one round trip more. */
  retried: boolean;
  /** The server asked for a client certificate; null where it can't be told (TLS 1.3 without keys). */
  clientCertificate: boolean | null;
  /** Fatal alerts by name (RFC 8446 section 6), with the side that sent them: `server: bad_certificate`; `encrypted_alert` where only its place tells that one ended the handshake. */
  alerts: readonly string[];
  /** The content was read with the help of a key log. */
  decrypted: boolean;
  /** Records of the content that could not be read although their keys are known: behind a loss. */
  unread: number;
  packets: readonly PacketId[];
}

/** An HTTP/2 connection's GOAWAY: the first that names an error, else the first. */
export interface GoAway extends Sighting {
  from: Side;
  /** RFC 9113 section 7; 11 is ENHANCE_YOUR_CALM. */
  code: number;
  /** Its debug data where that is one plain word such as `too_many_pings`, else null. */
  debug: string | null;
  /** Streams that were open when it came. */
  openStreams: number;
}

/** An HTTP/2 connection's PINGs that are no acknowledgements. */
export interface Pings {
  fromClient: number;
  fromServer: number;
  /** Median gap between the client's, NaN for fewer than two. */
  clientInterval: Duration;
}

export const CONNECTION_ENDS = ['fin', 'reset', 'refused', 'replaced', 'evicted', 'captureEnd'] as const;
export type ConnectionEnd = (typeof CONNECTION_ENDS)[number];

/**
 * One TCP connection. Like every row it is **valid during the call only**: who keeps one keeps
 * `copyConnection(connection)`. Times that were not seen are NaN, numbers that were not seen -1.
 * Times are whole nanoseconds, so that a row that is written and read again is the same.
 */
export interface Connection {
  /** Unique across inputs: `0.c17`. */
  id: string;
  input: number;
  client: string;
  clientPort: number;
  /** As the client names it: before a DNAT. */
  server: string;
  serverPort: number;
  /** Where a DNAT sent it, as seen behind it: `address:port`; null where none was seen. */
  backend: string | null;
  /** What told client from server: the handshake, or else only the ports. */
  rolesFrom: 'handshake' | 'ports';
  /** First packet seen. */
  startedAt: Timestamp;
  /** First to last packet. */
  duration: Duration;
  /** Sendings of the client's SYN, copies left out: empty where the capture began later. */
  syns: readonly Sighting[];
  /** Answers to it (SYN-ACK), copies left out. */
  synAcks: readonly Sighting[];
  /** From the first SYN to the SYN-ACK that the client took (or to its refusal). */
  connectDuration: Duration;
  /** Smoothed (RFC 6298) between the capture and the server, that is from data to its acknowledgement; the handshake's counts as first. */
  roundTrip: Duration;
  /** The least that was measured. */
  minRoundTrip: Duration;
  tls: Tls | null;
  /** Application protocol as recognised from its bytes, null where none was. */
  protocol: string | null;
  /** Exchanges that were read on it. */
  exchanges: number;
  /** Of those, without an answer at the end of the connection. */
  unanswered: number;
  goaway: GoAway | null;
  pings: Pings | null;
  /** Payload bytes, each counted once. */
  bytes: PerSide;
  packets: PerSide;
  /** Segments that carried only data sent before; copies made by the capture are none. */
  retransmissions: PerSide;
  /** Of those, resent although the receiver had them. */
  spurious: PerSide;
  /** Largest segment payload that the other side acknowledged. */
  largestAcknowledged: PerSide;
  /** Keepalive probes. */
  keepalives: PerSide;
  /** Times that the side announced a closed window. */
  zeroWindows: PerSide;
  /** ICMP "fragmentation needed" or "packet too big" that quoted a packet of this connection. */
  tooBig: number;
  /** In order of their start, at most {@link MAX_STALLS}. */
  stalls: readonly Stall[];
  stallCount: number;
  stallTime: Duration;
  ending: ConnectionEnd;
  /** Who sent the first FIN or the reset; null where nobody was seen to. */
  endedBy: Side | null;
  /** When: of the first FIN or the reset. */
  endedAt: Timestamp;
  endPacket: PacketId;
  firstPacket: PacketId;
  lastPacket: PacketId;
}

/** One connection that may be kept. */
export function copyConnection(connection: Connection): Connection {
  const { tls, goaway, pings } = connection;
  return {
    id: connection.id,
    input: connection.input,
    client: connection.client,
    clientPort: connection.clientPort,
    server: connection.server,
    serverPort: connection.serverPort,
    backend: connection.backend,
    rolesFrom: connection.rolesFrom,
    startedAt: connection.startedAt,
    duration: connection.duration,
    syns: [...connection.syns],
    synAcks: [...connection.synAcks],
    connectDuration: connection.connectDuration,
    roundTrip: connection.roundTrip,
    minRoundTrip: connection.minRoundTrip,
    tls: tls === null ? null : { ...tls },
    protocol: connection.protocol,
    exchanges: connection.exchanges,
    unanswered: connection.unanswered,
    goaway: goaway === null ? null : { ...goaway },
    pings: pings === null ? null : { ...pings },
    bytes: { ...connection.bytes },
    packets: { ...connection.packets },
    retransmissions: { ...connection.retransmissions },
    spurious: { ...connection.spurious },
    largestAcknowledged: { ...connection.largestAcknowledged },
    keepalives: { ...connection.keepalives },
    zeroWindows: { ...connection.zeroWindows },
    tooBig: connection.tooBig,
    stalls: [...connection.stalls],
    stallCount: connection.stallCount,
    stallTime: connection.stallTime,
    ending: connection.ending,
    endedBy: connection.endedBy,
    endedAt: connection.endedAt,
    endPacket: connection.endPacket,
    firstPacket: connection.firstPacket,
    lastPacket: connection.lastPacket,
  };
}

/** What DNS over TCP has as its protocol: its connections are part of lookups, and no rule's but theirs. */
export const DNS_PROTOCOL = 'dns';

/** The connection began within the capture. */
export const isOpened = (connection: Pick<Connection, 'syns' | 'synAcks'>): boolean =>
  connection.syns.length > 0 || connection.synAcks.length > 0;

/**
 * What was waited for until it was open: its handshakes, or all of it where it never carried
 * anything; NaN where it was open before the capture began.
 */
export function openingDuration(connection: Connection): Duration {
  const { connectDuration, tls, bytes, duration } = connection;
  const tlsDuration = tls === null ? Number.NaN : tls.handshakeDuration;
  if (connectDuration >= 0 || tlsDuration >= 0) {
    return nanoseconds((connectDuration >= 0 ? connectDuration : 0) + (tlsDuration >= 0 ? tlsDuration : 0));
  }
  const neverOpened = isOpened(connection) && bytes.client + bytes.server === 0;
  return neverOpened ? duration : nanoseconds(Number.NaN);
}
