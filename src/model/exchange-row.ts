import { between, toSeconds } from '../base/time.ts';
import { toStallRow } from './connection-row.ts';
import { directionOf } from './direction.ts';
import { EXCHANGE_SCHEMA, type Exchange } from './exchange.ts';
import type { ExchangeRow } from './exchange-schema.ts';
import type { Input } from './input.ts';
import { countOrNull, rowTimes, secondsOrNull } from './row-times.ts';

/** An exchange as the contract writes it: seconds, RFC 3339 times, null for what was not seen. */
export function toExchangeRow(exchange: Exchange, inputs: readonly Input[]): ExchangeRow {
  const times = rowTimes(exchange.input, inputs);
  const vantage = inputs[exchange.input]?.vantage;
  const { client, server, backend, startedAt } = exchange;
  return {
    schema: EXCHANGE_SCHEMA,
    id: exchange.id,
    input: exchange.input,
    protocol: exchange.protocol,
    shape: exchange.shape,
    direction: vantage === undefined ? 'unknown' : directionOf(vantage, client, server, backend),
    client,
    clientPort: exchange.clientPort,
    server,
    serverPort: exchange.serverPort,
    backend,
    connection: exchange.connection,
    method: exchange.method,
    path: exchange.path,
    host: exchange.host,
    status: countOrNull(exchange.status),
    grpcStatus: countOrNull(exchange.grpcStatus),
    error: exchange.error,
    outcome: exchange.outcome,
    endedBy: exchange.endedBy,
    resetCode: countOrNull(exchange.resetCode),
    startedAt: times.absolute(startedAt),
    startSeconds: times.since(startedAt),
    requestSeconds: secondsOrNull(between(startedAt, exchange.requestedAt)),
    firstByteSeconds: secondsOrNull(between(startedAt, exchange.firstByteAt)),
    durationSeconds: toSeconds(exchange.duration),
    requestBytes: exchange.requestBytes,
    responseBytes: exchange.responseBytes,
    requestMessages: exchange.requestMessages,
    responseMessages: exchange.responseMessages,
    place: exchange.place,
    inFlight: exchange.inFlight,
    reused: exchange.reused,
    idleBeforeSeconds: secondsOrNull(exchange.idleBefore),
    connectSeconds: secondsOrNull(exchange.connectDuration),
    tlsSeconds: secondsOrNull(exchange.tlsDuration),
    roundTripSeconds: secondsOrNull(exchange.roundTrip),
    stalls: exchange.stalls.map((stall) => toStallRow(stall, times)),
    retransmissions: exchange.retransmissions,
    deadlineSeconds: secondsOrNull(exchange.deadline),
    previousAttempts: countOrNull(exchange.previousAttempts),
    retryAfterSeconds: secondsOrNull(exchange.retryAfter),
    keepsConnection: exchange.keepsConnection,
    packets: exchange.packets.map(times.packet),
  };
}
