import { at, between, toSeconds, type Timestamp } from '../base/time.ts';
import { MAX_STALLS, SIDES } from './connection.ts';
import { stallFrom, toStallRow } from './connection-row.ts';
import { directionOf } from './direction.ts';
import {
  DIRECTIONS,
  EXCHANGE_OUTCOMES,
  EXCHANGE_PROTOCOLS,
  EXCHANGE_SCHEMA,
  EXCHANGE_SHAPES,
  type Exchange,
  type Expectation,
  type TokenGrant,
} from './exchange.ts';
import type { ExchangeRow } from './exchange-schema.ts';
import type { Input } from './input.ts';
import { metadataFrom, toMetadataRow } from './metadata-row.ts';
import {
  instant,
  integer,
  integerOrUnseen,
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
  span,
  spanOrUnseen,
  textOrUnseen,
  time,
  type RowPlace,
} from './row-fields.ts';
import { countOrNull, numberOrNull, rowTimes, secondsOrNull, textOrNull } from './row-times.ts';

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
    direction: vantage === undefined ? 'unknown' : directionOf(vantage, client, server, backend),
    client,
    server,
    connection: exchange.connection,
    method: textOrNull(exchange.method),
    path: textOrNull(exchange.path),
    host: textOrNull(exchange.host),
    status: countOrNull(exchange.status),
    grpcStatus: countOrNull(exchange.grpcStatus),
    startedAt: times.absolute(startedAt),
    startSeconds: times.since(startedAt),
    firstByteSeconds: secondsOrNull(between(startedAt, exchange.firstByteAt)),
    durationSeconds: toSeconds(exchange.duration),
    requestBytes: exchange.requestBytes,
    responseBytes: exchange.responseBytes,
    packets: exchange.packets.map(times.packet),
    outcome: exchange.outcome,
    shape: exchange.shape,
    clientPort: exchange.clientPort,
    serverPort: exchange.serverPort,
    backend,
    error: exchange.error,
    endedBy: exchange.endedBy,
    resetCode: countOrNull(exchange.resetCode),
    requestSeconds: secondsOrNull(between(startedAt, exchange.requestedAt)),
    requestMessages: exchange.requestMessages,
    responseMessages: exchange.responseMessages,
    place: exchange.place,
    inFlight: exchange.inFlight,
    reused: exchange.reused,
    idleBeforeSeconds: secondsOrNull(exchange.idleBefore),
    openedBeforeSeconds: secondsOrNull(between(exchange.openedAt, startedAt)),
    connectSeconds: secondsOrNull(exchange.connectDuration),
    tlsSeconds: secondsOrNull(exchange.tlsDuration),
    roundTripSeconds: secondsOrNull(exchange.roundTrip),
    stalls: exchange.stalls.map((stall) => toStallRow(stall, times)),
    retransmissions: exchange.retransmissions,
    deadlineSeconds: secondsOrNull(exchange.deadline),
    previousAttempts: countOrNull(exchange.previousAttempts),
    retryAfterSeconds: secondsOrNull(exchange.retryAfter),
    keepsConnection: exchange.keepsConnection,
    asksToClose: exchange.asksToClose,
    undeliveredBytes: exchange.undelivered,
    expectation: toExpectationRow(exchange.expectation),
    traceIds: [...exchange.traceIds],
    metadata: exchange.metadata === null ? null : toMetadataRow(exchange.metadata),
    grant: exchange.grant === null ? null : { expiresInSeconds: numberOrNull(exchange.grant.expiresIn) },
  };
}

/**
 * The inverse of {@link toExchangeRow}, but for `direction`, which the input's vantage tells; null
 * where the value is no such row. Rows may come from anywhere: every field is checked, and nothing
 * longer than a real row is let in.
 * @param startsAt the first packet of the row's input on the common axis
 */
export function fromExchangeRow(row: unknown, startsAt: Timestamp = at(0)): Exchange | null {
  if (!isRecord(row)) return null;
  if (row['schema'] !== undefined && row['schema'] !== EXCHANGE_SCHEMA) return null;
  const input = integer(row['input'], MAX_INPUT);
  if (input === null) return null;
  const place: RowPlace = { input, startsAt };
  const { id, client, server, backend, connection, error, reused, keepsConnection, asksToClose = false } = row;
  const method = textOrUnseen(row['method']);
  const path = textOrUnseen(row['path']);
  const host = textOrUnseen(row['host']);
  const protocol = oneOf(EXCHANGE_PROTOCOLS, row['protocol']);
  const shape = oneOf(EXCHANGE_SHAPES, row['shape']);
  const outcome = oneOf(EXCHANGE_OUTCOMES, row['outcome']);
  const endedBy = oneOf(SIDES, row['endedBy']);
  const times = timesFrom(row, place);
  const counts = countsFrom(row);
  const stalls = listFrom(row['stalls'], MAX_STALLS, stallFrom, place);
  const packets = listFrom(row['packets'], MAX_ENDS, packetFrom, place);
  const { traceIds } = row;
  const metadata = metadataFrom(row['metadata']);
  const expectation = expectationFrom(row['expectation'] ?? null);
  const grant = grantFrom(row['grant'] ?? null);
  const undelivered = integer(
    row['undeliveredBytes'] === undefined ? 0 : row['undeliveredBytes'],
    Number.MAX_SAFE_INTEGER,
  );
  if (!isText(id) || !isText(client) || !isText(server) || !isTextOrNull(backend) || !isText(connection)) return null;
  if (method === null || path === null || host === null || !isTextOrNull(error)) return null;
  if (typeof reused !== 'boolean' || typeof keepsConnection !== 'boolean') return null;
  if (typeof asksToClose !== 'boolean' || undelivered === null) return null;
  if (protocol === null || shape === null || outcome === null || oneOf(DIRECTIONS, row['direction']) === null)
    return null;
  if (endedBy === null && row['endedBy'] !== null) return null;
  if (!isTexts(traceIds, MAX_TRACE_IDS) || metadata === undefined || expectation === undefined || grant === undefined)
    return null;
  if (times === null || counts === null || stalls === null || packets === null) return null;
  return {
    id,
    input,
    protocol,
    shape,
    client,
    server,
    backend,
    connection,
    method,
    path,
    host,
    error,
    outcome,
    endedBy,
    reused,
    keepsConnection,
    asksToClose,
    undelivered,
    expectation,
    traceIds,
    metadata,
    grant,
    ...counts,
    ...times,
    stalls,
    packets,
  };
}

const toExpectationRow = (expectation: Expectation | null): NonNullable<ExchangeRow['expectation']> | null =>
  expectation === null ? null : { waitedSeconds: secondsOrNull(expectation.waited), answered: expectation.answered };

/** Undefined where the value is none. */
function expectationFrom(value: unknown): Expectation | null | undefined {
  if (value === null) return null;
  if (!isRecord(value)) return undefined;
  const waited = spanOrUnseen(value['waitedSeconds']);
  const { answered } = value;
  return waited === null || typeof answered !== 'boolean' ? undefined : { waited, answered };
}

// A year: no token is good for longer.
const LONGEST_GRANT = 31_536_000;

/** Undefined where the value is none. */
function grantFrom(value: unknown): TokenGrant | null | undefined {
  if (value === null) return null;
  if (!isRecord(value)) return undefined;
  const { expiresInSeconds } = value;
  if (expiresInSeconds === null) return { expiresIn: Number.NaN };
  const expiresIn = integer(expiresInSeconds, LONGEST_GRANT);
  return expiresIn === null ? undefined : { expiresIn };
}

type Times = Pick<
  Exchange,
  | 'startedAt'
  | 'requestedAt'
  | 'firstByteAt'
  | 'duration'
  | 'idleBefore'
  | 'openedAt'
  | 'connectDuration'
  | 'tlsDuration'
  | 'roundTrip'
  | 'deadline'
  | 'retryAfter'
>;

function timesFrom(row: Record<string, unknown>, place: RowPlace): Times | null {
  const startedAt = instant(row['startSeconds'], place);
  if (startedAt === null || !isAbsoluteTime(row['startedAt'])) return null;
  const requestedAt = afterStart(startedAt, row['requestSeconds']);
  const firstByteAt = afterStart(startedAt, row['firstByteSeconds']);
  const duration = span(row['durationSeconds']);
  const idleBefore = spanOrUnseen(row['idleBeforeSeconds']);
  // Rows that were written before it was part of them do not say.
  const openedBefore = spanOrUnseen(row['openedBeforeSeconds'] ?? null);
  const connectDuration = spanOrUnseen(row['connectSeconds']);
  const tlsDuration = spanOrUnseen(row['tlsSeconds']);
  const roundTrip = spanOrUnseen(row['roundTripSeconds']);
  const deadline = spanOrUnseen(row['deadlineSeconds']);
  const retryAfter = spanOrUnseen(row['retryAfterSeconds']);
  if (requestedAt === null || firstByteAt === null || duration === null || idleBefore === null) return null;
  if (openedBefore === null || connectDuration === null || tlsDuration === null || roundTrip === null) return null;
  if (deadline === null || retryAfter === null) return null;
  return {
    startedAt,
    requestedAt,
    firstByteAt,
    duration,
    idleBefore,
    openedAt: at(startedAt - openedBefore),
    connectDuration,
    tlsDuration,
    roundTrip,
    deadline,
    retryAfter,
  };
}

function afterStart(startedAt: Timestamp, seconds: unknown): Timestamp | null {
  const after = seconds === null ? Number.NaN : time(seconds);
  return after === null ? null : at(startedAt + after);
}

type Counts = Pick<
  Exchange,
  | 'clientPort'
  | 'serverPort'
  | 'status'
  | 'grpcStatus'
  | 'resetCode'
  | 'requestBytes'
  | 'responseBytes'
  | 'requestMessages'
  | 'responseMessages'
  | 'place'
  | 'inFlight'
  | 'retransmissions'
  | 'previousAttempts'
>;

function countsFrom(row: Record<string, unknown>): Counts | null {
  const clientPort = integer(row['clientPort'], MAX_PORT);
  const serverPort = integer(row['serverPort'], MAX_PORT);
  const status = integerOrUnseen(row['status']);
  const grpcStatus = integerOrUnseen(row['grpcStatus']);
  const resetCode = integerOrUnseen(row['resetCode']);
  const requestBytes = integer(row['requestBytes']);
  const responseBytes = integer(row['responseBytes']);
  const requestMessages = integer(row['requestMessages']);
  const responseMessages = integer(row['responseMessages']);
  const place = integer(row['place']);
  const inFlight = integer(row['inFlight']);
  const retransmissions = integer(row['retransmissions']);
  const previousAttempts = integerOrUnseen(row['previousAttempts']);
  if (clientPort === null || serverPort === null || status === null || grpcStatus === null) return null;
  if (resetCode === null || requestBytes === null || responseBytes === null) return null;
  if (requestMessages === null || responseMessages === null || place === null || inFlight === null) return null;
  if (retransmissions === null || previousAttempts === null) return null;
  return {
    clientPort,
    serverPort,
    status,
    grpcStatus,
    resetCode,
    requestBytes,
    responseBytes,
    requestMessages,
    responseMessages,
    place,
    inFlight,
    retransmissions,
    previousAttempts,
  };
}

// The headers that carry one, and what a proxy adds a second time.
const MAX_TRACE_IDS = 8;
// First and last of the request, then of the response.
const MAX_ENDS = 4;
