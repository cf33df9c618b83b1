import { endpoint } from '../base/addresses.ts';
import { formatBytes, formatCount, plural } from '../base/text.ts';
import { grpcStatusName, http2ErrorName } from '../model/code-names.ts';
import { otherSide } from '../model/connection.ts';
import { unreadCall } from '../model/exchange.ts';
import type { ConnectionRow, StallRow } from '../model/connection-schema.ts';
import type { ExchangeRow } from '../model/exchange-schema.ts';
import { duration } from './words.ts';

/** `GET /api/items`, `postgresql SELECT`. */
export function requestWords({ protocol, shape, method, path }: ExchangeRow): string {
  if (shape === 'turn') return `${unreadCall(protocol)}, told by whose turn it was`;
  const what = path === null ? [protocol, method] : [method, path];
  return what.filter((word) => word !== null).join(' ');
}

/** `200`, `grpc UNAVAILABLE`, `error 42P01`, `reset by the server`: how it came out. */
export function outcomeWords(row: ExchangeRow): string {
  const { outcome, endedBy, resetCode, status, grpcStatus, error } = row;
  const code = resetCode === null ? '' : ` (${http2ErrorName(resetCode)})`;
  const by = endedBy === null ? '' : ` by the ${endedBy}`;
  if (outcome === 'reset') return `reset${by}${code}`;
  if (outcome === 'closed') return `closed${by} before the answer was whole`;
  if (outcome === 'cancelled') return `cancelled${by}${code}`;
  if (outcome === 'incomplete') return 'not seen to its end';
  if (error !== null) return `error ${error}`;
  if (grpcStatus !== null) return grpcStatusName(grpcStatus);
  return status === null ? outcome : String(status);
}

/** What a stretch of time was waited for: `waited 234 ms for a resent segment`. */
export function stallWords({ reason, from, durationSeconds, bytes, resends, repaired }: StallRow): string {
  const waited = `waited ${duration(durationSeconds)}`;
  const other = otherSide(from);
  switch (reason) {
    case 'loss': {
      const often = resends > 1 ? `, sent ${formatCount(resends)} times more` : '';
      return repaired
        ? `${waited} for a resent segment of the ${from}${often}`
        : `${waited} for a segment of the ${from} that never came through${often}`;
    }
    case 'zero-window':
      return `${waited}: the ${other} had no room for more (window closed)`;
    case 'delayed-ack':
      return `${waited} for a delayed acknowledgement of the ${other}`;
    case 'flow-control':
      return `${waited}: the ${other}'s HTTP/2 window (${formatBytes(bytes)}) was used up`;
    case 'sender-idle':
      return `the ${from} paused for ${duration(durationSeconds)}`;
    case 'window':
      return `${duration(durationSeconds)} with ${formatBytes(bytes)} for each round trip: the window of the ${other}`;
    case 'round-trips':
      return `${duration(durationSeconds)} for the ${from}'s data to pass in a few round trips`;
    case 'written':
      return `${duration(durationSeconds)} for the ${from}'s data to be written, in parts`;
    case 'path':
      return `${duration(durationSeconds)} for the ${from}'s data to pass, as fast as the path took it`;
  }
}

/** How a connection ended. */
export function endingWords({ ending, endedBy }: ConnectionRow): string {
  const by = endedBy === null ? '' : ` by the ${endedBy}`;
  switch (ending) {
    case 'fin':
      return `closed${by}`;
    case 'reset':
      return `reset${by}`;
    case 'refused':
      return `refused: ${endedBy === null ? 'an ICMP error' : 'a reset'} answers the SYN`;
    case 'replaced':
      return 'another connection takes its ports';
    case 'evicted':
      return 'no longer followed: too many connections at once';
    case 'captureEnd':
      return 'open when the capture ends';
  }
}

/** `TLS 1.3 handshake, full, in 185 ms`. */
export function tlsWords({
  version,
  resumed,
  handshakeSeconds,
  serverName,
  alerts,
}: NonNullable<ConnectionRow['tls']>): string {
  return [
    `TLS${version === null ? '' : ` ${version}`} handshake`,
    ...(serverName === null ? [] : [`with ${serverName}`]),
    ...(resumed === null ? [] : [resumed ? 'resumed' : 'full']),
    handshakeSeconds === null ? 'not seen whole' : `in ${duration(handshakeSeconds)}`,
    ...alerts.map((alert) => `alert of the ${alert}`),
  ].join(', ');
}

/** `GOAWAY ENHANCE_YOUR_CALM (too_many_pings) of the server, 1 stream open`. */
export function goawayWords({ code, debug, from, openStreams }: NonNullable<ConnectionRow['goaway']>): string {
  const why = debug === null ? '' : ` (${debug})`;
  return `GOAWAY ${http2ErrorName(code)}${why} of the ${from}, ${plural(openStreams, 'stream')} open`;
}

/**
 * Which of an exchange's packets are its request's and which its answer's, or those of what ended
 * it: without repeats they are first and last of the request, then of the answer.
 */
export function packetsByPart({ packets, requestSeconds, firstByteSeconds }: ExchangeRow): {
  request: readonly (number | string)[];
  rest: readonly (number | string)[];
} {
  const least = firstByteSeconds === null ? 1 : 2;
  const count = requestSeconds === null ? 0 : requestSeconds > 0 && packets.length > least ? 2 : 1;
  return { request: packets.slice(0, count), rest: packets.slice(count) };
}

type Ends = Pick<ExchangeRow, 'client' | 'clientPort' | 'server' | 'serverPort' | 'backend'>;

/** `10.0.3.7:41200 → 10.96.44.12:8080 (10.0.4.4:8080)`. */
export function pathWords({ client, clientPort, server, serverPort, backend }: Ends): string {
  const path = `${endpoint(client, clientPort)} → ${endpoint(server, serverPort)}`;
  return backend === null ? path : `${path} (${backend})`;
}
