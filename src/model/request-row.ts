import { toSeconds } from '../base/time.ts';
import type { Input } from './input.ts';
import { breakdownOf, REQUEST_SCHEMA, type Request } from './request.ts';
import type { RequestRow } from './request-schema.ts';
import { countOrNull, rowTimes, textOrNull } from './row-times.ts';

/** A request as the contract writes it: seconds, RFC 3339 times, null for what was not seen. */
export function toRequestRow(request: Request, inputs: readonly Input[]): RequestRow {
  const times = rowTimes(request.input, inputs);
  return {
    schema: REQUEST_SCHEMA,
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
    method: textOrNull(request.method),
    path: textOrNull(request.path),
    host: textOrNull(request.host),
    status: countOrNull(request.status),
    grpcStatus: countOrNull(request.grpcStatus),
    outcome: request.outcome,
    startedAt: times.absolute(request.startedAt),
    startSeconds: times.since(request.startedAt),
    durationSeconds: toSeconds(request.duration),
    waits: request.waits.map((wait) => ({
      reason: wait.reason,
      to: wait.to,
      ref: textOrNull(wait.ref),
      what: textOrNull(wait.what),
      startSeconds: times.since(wait.startedAt),
      durationSeconds: toSeconds(wait.duration),
      criticalSeconds: toSeconds(wait.critical),
      confidence: wait.confidence,
      probability: wait.probability,
      alternatives: wait.alternatives.map((alternative) => ({ ...alternative })),
      packets: wait.packets.map(times.packet),
    })),
    breakdown: breakdownOf(request).map(({ reason, to, duration }) => ({
      reason,
      to: textOrNull(to),
      seconds: toSeconds(duration),
    })),
    ownSeconds: toSeconds(request.own),
    ambiguous: request.ambiguous,
    packets: request.packets.map(times.packet),
  };
}
