import { nanoseconds, type Duration, type Timestamp } from '../base/time.ts';
import type { ExchangeDirection, ExchangeOutcome, ExchangeProtocol } from './exchange.ts';
import type { Confidence } from './lookup.ts';
import type { PacketId } from './packet.ts';

/** The version of the request row's shape; a change of meaning raises it. */
export const REQUEST_SCHEMA = 'kubelag/request/1';

/**
 * What a request waited for:
 * - `dns`: a lookup
 * - `connect`, `tls`: the handshakes of a connection that it had to open
 * - `upstream`: an outbound exchange, from its first byte sent to its last byte received
 * - `metadata`: an exchange with a metadata or credentials service
 * - `stall`: the network on the request's own connection: loss, a closed window, a delayed acknowledgement
 * - `transfer`: the request or its answer itself, as fast as the way took it; seen where the capture is near the sender;
 *   or as its client sent it: with pauses, or never whole
 * - `queue`: its turn, for a connection of a pool or for something that calls share one at a time
 */
export const WAIT_REASONS = ['dns', 'connect', 'tls', 'upstream', 'metadata', 'stall', 'transfer', 'queue'] as const;
export type WaitReason = (typeof WAIT_REASONS)[number];

/** What a `transfer` is of, where a request never comes whole. */
export const REST_OF_REQUEST = 'the rest of the request';

/** What is asked where nobody can read it. */
export const INSIDE_TLS = 'inside TLS';
export const NOT_READ = 'protocol not read';

/** `ADDR` or `ADDR:PORT`, as the user names the service to be followed. */
export interface ServiceChoice {
  address: string;
  /** Null for all its ports. */
  port: number | null;
}

/** Another request that a wait could belong to as well. */
export interface Alternative {
  request: string;
  /** From 0 to 1, as the wait's own. */
  probability: number;
}

/** One stretch of a request's time with its reason. */
export interface Wait {
  reason: WaitReason;
  /** For what: `10.96.0.10:53`, `10.20.30.40:9200`. */
  to: string;
  /** Id of the lookup, connection or exchange that was waited for; '' where it is none (`queue`). */
  ref: string;
  /** What was asked of it, for the eye: a name, `GET /items/{id}`; '' where there is nothing to say. */
  what: string;
  startedAt: Timestamp;
  duration: Duration;
  /** What of it lies on the request's critical path: parallel waits share a stretch only once. */
  critical: Duration;
  /** That it belongs to this request. */
  confidence: Confidence;
  /** The same as a number from 0 to 1. */
  probability: number;
  /** What else it could belong to, likeliest first; empty where nothing. */
  alternatives: readonly Alternative[];
  /** The first and the last that show it; fewer where they were not seen, none for `queue`. */
  packets: readonly PacketId[];
}

/** What of a request's time went to one reason and peer; `own` is what is left without any wait. */
export interface Share {
  reason: WaitReason | 'own';
  to: string;
  duration: Duration;
}

/**
 * A root exchange with all that it waited for. Root: an inbound exchange of an observed service;
 * at a client, where none is inbound, each outbound call with its own lookup, connecting and
 * retries. **Valid during the call only**: who keeps one keeps `copyRequest(request)`.
 */
export interface Request {
  /** Unique across inputs: `0.r17`. */
  id: string;
  input: number;
  /** Id of its root exchange. */
  exchange: string;
  protocol: ExchangeProtocol;
  direction: ExchangeDirection;
  client: string;
  clientPort: number;
  server: string;
  serverPort: number;
  /** Where a DNAT sent it, as seen behind it; null where none was seen. */
  backend: string | null;
  method: string;
  path: string;
  host: string;
  status: number;
  grpcStatus: number;
  outcome: ExchangeOutcome;
  /** Inbound: the root exchange's first byte. At a client: its first wait's start, if that is earlier. */
  startedAt: Timestamp;
  /** Until the root exchange's last byte; until the answer's first, where the last was not seen. */
  duration: Duration;
  /** In order of their start. */
  waits: readonly Wait[];
  /** What of the duration no wait accounts for: duration less the sum of `critical`. */
  own: Duration;
  /** Some of its waits could belong to other requests as well. */
  ambiguous: boolean;
  /** Its root exchange's: first and last of the request, then of the response; fewer where not seen. */
  packets: readonly PacketId[];
}

/** At a client each call is its own request, and waits for itself. */
export function isOwnCall({ waits, exchange }: Request): boolean {
  for (const { ref } of waits) if (ref === exchange) return true;
  return false;
}

const copyWait = (wait: Wait): Wait => ({
  reason: wait.reason,
  to: wait.to,
  ref: wait.ref,
  what: wait.what,
  startedAt: wait.startedAt,
  duration: wait.duration,
  critical: wait.critical,
  confidence: wait.confidence,
  probability: wait.probability,
  alternatives: [...wait.alternatives],
  packets: [...wait.packets],
});

/** One request that may be kept. */
export const copyRequest = (request: Request): Request => ({
  id: request.id,
  input: request.input,
  exchange: request.exchange,
  protocol: request.protocol,
  direction: request.direction,
  client: request.client,
  clientPort: request.clientPort,
  server: request.server,
  serverPort: request.serverPort,
  backend: request.backend,
  method: request.method,
  path: request.path,
  host: request.host,
  status: request.status,
  grpcStatus: request.grpcStatus,
  outcome: request.outcome,
  startedAt: request.startedAt,
  duration: request.duration,
  waits: request.waits.map(copyWait),
  own: request.own,
  ambiguous: request.ambiguous,
  packets: [...request.packets],
});

/** A request's time by reason and peer, in order of first use, own time last; sums to its duration exactly. */
export function breakdownOf(request: Request): Share[] {
  const shares: Share[] = [];
  for (const { reason, to, critical } of request.waits) {
    if (critical === 0) continue;
    const share = shares.find((known) => known.reason === reason && known.to === to);
    if (share === undefined) shares.push({ reason, to, duration: critical });
    else share.duration = nanoseconds(share.duration + critical);
  }
  if (request.own > 0 || shares.length === 0) shares.push({ reason: 'own', to: '', duration: request.own });
  return shares;
}
