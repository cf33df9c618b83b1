import type { Duration, Timestamp } from '../base/time.ts';
import type { Side, Stall } from './connection.ts';
import type { Metadata } from './metadata.ts';
import type { PacketId } from './packet.ts';

/** The version of the exchange row's shape; a change of meaning raises it. */
export const EXCHANGE_SCHEMA = 'kubelag/exchange/1';

export const EXCHANGE_PROTOCOLS = [
  'http/1.0',
  'http/1.1',
  'http/2',
  'grpc',
  'postgresql',
  'mysql',
  'redis',
  'kafka',
  'mongodb',
  'memcached',
  'tls',
  'tcp',
] as const;
export type ExchangeProtocol = (typeof EXCHANGE_PROTOCOLS)[number];

/** Of a connection with exchanges: they were read, and not only told by whose turn it was. */
export const isRead = (protocol: string | null): boolean =>
  protocol !== null && protocol !== 'tls' && protocol !== 'tcp';

/** What a call is called that was not read. */
export const unreadCall = (protocol: ExchangeProtocol): string => (protocol === 'tls' ? 'a call inside TLS' : 'a call');

/** Of an exchange or a connection: gRPC is HTTP/2, too. */
export const isHttp2 = (protocol: string | null): boolean => protocol === 'grpc' || protocol === 'http/2';

/**
 * How it came out for the client:
 * - `ok`: answered, with whatever HTTP status below 500, gRPC OK, no database error; a call whose
 *   status can't be read (`grpcStatus` -1) where it brought one message and trailers
 * - `error`: answered with 5xx, a gRPC status other than OK, a database's error
 * - `reset`: the connection was reset, or the server reset the stream, before the answer was whole
 * - `closed`: the connection was closed before the answer was whole
 * - `cancelled`: the client gave up first: RST_STREAM, FIN or RST of its own
 * - `incomplete`: the capture ended, began too late or lost bytes
 */
export const EXCHANGE_OUTCOMES = ['ok', 'error', 'reset', 'closed', 'cancelled', 'incomplete'] as const;
export type ExchangeOutcome = (typeof EXCHANGE_OUTCOMES)[number];

/**
 * - `call`: one request, one answer
 * - `stream`: lasts by design: server-sent events, a gRPC stream with several messages one way, a blocking read
 * - `upgrade`: the connection became something else: WebSocket, CONNECT
 * - `turn`: unread, inside TLS (`tls`) or in a protocol that is not known (`tcp`): what the client sent and what the
 *   server sent then, most likely a call
 */
export const EXCHANGE_SHAPES = ['call', 'stream', 'upgrade', 'turn'] as const;
export type ExchangeShape = (typeof EXCHANGE_SHAPES)[number];

export const DIRECTIONS = ['inbound', 'outbound', 'through', 'unknown'] as const;
export type ExchangeDirection = (typeof DIRECTIONS)[number];

/** A request that asks whether its body is wanted before it sends it: `Expect: 100-continue` (RFC 9110 section 10.1.1). */
export interface Expectation {
  /** From the head's end to `100 Continue`, or to the body's first byte where that came first; NaN without either. */
  waited: Duration;
  /** `100 Continue` came before the body. */
  answered: boolean;
}

/**
 * A token bucket lets bursts of some tens of kilobytes through, and a window that opens slowly is
 * most of what smaller bodies take.
 */
export const LARGE_BODY = 100_000;

/** An access token that a program got for itself (RFC 6749 section 4.4). */
export interface TokenGrant {
  /** Seconds that it is good for, as the answer says; NaN where it does not. */
  expiresIn: number;
}

/**
 * One request and its response on a connection. Like every row it is **valid during the call
 * only**: who keeps one keeps `copyExchange(exchange)`. Times that were not seen are NaN,
 * numbers that were not seen -1, texts ''. Times are whole nanoseconds, as rows are written. No
 * secret ever gets in: see `protocols/redact.ts`.
 */
export interface Exchange {
  /** Unique across inputs: `0.e17`. */
  id: string;
  input: number;
  protocol: ExchangeProtocol;
  shape: ExchangeShape;
  client: string;
  clientPort: number;
  server: string;
  serverPort: number;
  /** Where a DNAT sent it: `address:port`; null where none was seen. */
  backend: string | null;
  /** The connection's id. */
  connection: string;
  /** HTTP's method, a database's kind of request (`SELECT`, `GET`, `Produce`). */
  method: string;
  /** Without query; identifiers in it stand as `{id}`. gRPC: `/package.Service/Method`. A database: ''. */
  path: string;
  host: string;
  /** HTTP's. */
  status: number;
  grpcStatus: number;
  /** A database's error code or class, never its text; null where none. */
  error: string | null;
  outcome: ExchangeOutcome;
  /** Who ended it where the outcome is `reset`, `closed` or `cancelled`; else null. */
  endedBy: Side | null;
  /** HTTP/2 RST_STREAM's code, -1 without. */
  resetCode: number;
  /** The request's first byte. */
  startedAt: Timestamp;
  /** The request's last byte. */
  requestedAt: Timestamp;
  /** The response's first byte (interim 1xx answers do not count). */
  firstByteAt: Timestamp;
  /** From the request's first byte to the response's last, or to what ended it. */
  duration: Duration;
  requestBytes: number;
  responseBytes: number;
  /** gRPC messages. */
  requestMessages: number;
  responseMessages: number;
  /** First and last packet of the request, then of the response; fewer where not seen. Without repeats. */
  packets: readonly PacketId[];
  /** 0 for the first exchange that was seen on its connection. */
  place: number;
  /** Other exchanges that were open on its connection when it began. */
  inFlight: number;
  /** The connection was open before the exchange needed it: a former exchange, or no handshake in the capture. */
  reused: boolean;
  /** How long the connection had been idle when it began; NaN for its first. */
  idleBefore: Duration;
  /** When the connection began to open (its first SYN), where this exchange is its first; else NaN. */
  openedAt: Timestamp;
  /** The connection's handshakes, where this exchange is its first; else NaN. */
  connectDuration: Duration;
  tlsDuration: Duration;
  /** The connection's smoothed round-trip time when it ended. */
  roundTrip: Duration;
  /** The connection's stalls that overlap it. */
  stalls: readonly Stall[];
  /** Resent segments while it was open. */
  retransmissions: number;
  /** gRPC's `grpc-timeout`. */
  deadline: Duration;
  /** `grpc-previous-rpc-attempts`; -1 where the header is not there. */
  previousAttempts: number;
  /** `Retry-After` where it is a number of seconds. */
  retryAfter: Duration;
  /** The response allows the connection to be used again (HTTP/1: no `Connection: close`, no HTTP/1.0 without keep-alive). */
  keepsConnection: boolean;
  /** The request itself asks to close the connection behind the answer (HTTP/1: `Connection: close`, HTTP/1.0 without keep-alive). */
  asksToClose: boolean;
  /**
   * Bytes of a large answer that its client had not acknowledged when the last one came by: they wait on their way on,
   * as behind a capture on a node whose shaper holds them back. 0 for all others.
   */
  undelivered: number;
  /** HTTP/1's; null for all who do not ask. */
  expectation: Expectation | null;
  /** Identifiers that travel from call to call: header and hash, `traceparent:9f86d081884c7d65`. */
  traceIds: readonly string[];
  /** Of an exchange with a metadata or credentials service; null for all others. */
  metadata: Metadata | null;
  /** Of an answer to a token endpoint's client; null for all others. */
  grant: TokenGrant | null;
}

/** One exchange that may be kept. */
export const copyExchange = (exchange: Exchange): Exchange => ({
  id: exchange.id,
  input: exchange.input,
  protocol: exchange.protocol,
  shape: exchange.shape,
  client: exchange.client,
  clientPort: exchange.clientPort,
  server: exchange.server,
  serverPort: exchange.serverPort,
  backend: exchange.backend,
  connection: exchange.connection,
  method: exchange.method,
  path: exchange.path,
  host: exchange.host,
  status: exchange.status,
  grpcStatus: exchange.grpcStatus,
  error: exchange.error,
  outcome: exchange.outcome,
  endedBy: exchange.endedBy,
  resetCode: exchange.resetCode,
  startedAt: exchange.startedAt,
  requestedAt: exchange.requestedAt,
  firstByteAt: exchange.firstByteAt,
  duration: exchange.duration,
  requestBytes: exchange.requestBytes,
  responseBytes: exchange.responseBytes,
  requestMessages: exchange.requestMessages,
  responseMessages: exchange.responseMessages,
  packets: [...exchange.packets],
  place: exchange.place,
  inFlight: exchange.inFlight,
  reused: exchange.reused,
  idleBefore: exchange.idleBefore,
  openedAt: exchange.openedAt,
  connectDuration: exchange.connectDuration,
  tlsDuration: exchange.tlsDuration,
  roundTrip: exchange.roundTrip,
  stalls: [...exchange.stalls],
  retransmissions: exchange.retransmissions,
  deadline: exchange.deadline,
  previousAttempts: exchange.previousAttempts,
  retryAfter: exchange.retryAfter,
  keepsConnection: exchange.keepsConnection,
  asksToClose: exchange.asksToClose,
  undelivered: exchange.undelivered,
  expectation: exchange.expectation === null ? null : { ...exchange.expectation },
  traceIds: exchange.traceIds,
  metadata: exchange.metadata === null ? null : { ...exchange.metadata },
  grant: exchange.grant === null ? null : { ...exchange.grant },
});

/** An answer was seen, whatever it said. */
export const isResponded = (exchange: Exchange): boolean => !Number.isNaN(exchange.firstByteAt);
