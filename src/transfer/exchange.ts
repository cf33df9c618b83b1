import { at, nanoseconds, NEVER } from '../base/time.ts';
import type { Stall } from '../model/connection.ts';
import {
  EXCHANGE_OUTCOMES,
  EXCHANGE_PROTOCOLS,
  EXCHANGE_SHAPES,
  type Exchange,
  type Expectation,
  type TokenGrant,
} from '../model/exchange.ts';
import type { Metadata } from '../model/metadata.ts';
import type { BatchReader } from './batch-reader.ts';
import type { BatchWriter } from './batch-writer.ts';
import { ByPlace } from './by-place.ts';
import { SIDE_OR_NULL } from './connection.ts';

/** Texts that the exchanges of a connection mostly have in common. */
type Common = Pick<Exchange, 'client' | 'server' | 'backend' | 'method' | 'path' | 'host'>;
const noTexts = (): Common => ({ client: '', server: '', backend: null, method: '', path: '', host: '' });

function keep(last: Common, { client, server, backend, method, path, host }: Exchange): void {
  last.client = client;
  last.server = server;
  last.backend = backend;
  last.method = method;
  last.path = path;
  last.host = host;
}

export function createExchangeWriter(batch: BatchWriter): (exchange: Exchange) => void {
  const ofConnection = new ByPlace(noTexts);
  return (exchange) => {
    const last = ofConnection.of(batch.text(exchange.connection));
    write(batch, exchange, last);
    keep(last, exchange);
  };
}

/** Each time another, as those who found it make them. */
export function createExchangeReader(batch: BatchReader): () => Exchange {
  const ofConnection = new ByPlace(noTexts);
  return () => {
    const place = batch.integer();
    const last = ofConnection.of(place);
    const exchange = read(batch, batch.textAt(place), last);
    keep(last, exchange);
    return exchange;
  };
}

/** What is the same in nearly all exchanges: it goes as one flag. */
type Rest = Pick<
  Exchange,
  | 'error'
  | 'outcome'
  | 'endedBy'
  | 'resetCode'
  | 'reused'
  | 'openedAt'
  | 'connectDuration'
  | 'tlsDuration'
  | 'stalls'
  | 'retransmissions'
  | 'deadline'
  | 'previousAttempts'
  | 'retryAfter'
  | 'keepsConnection'
  | 'asksToClose'
  | 'undelivered'
  | 'expectation'
  | 'traceIds'
  | 'metadata'
  | 'grant'
>;
const NO_TIME = nanoseconds(Number.NaN);
const USUAL_REST: Rest = {
  error: null,
  outcome: 'ok',
  endedBy: null,
  resetCode: -1,
  reused: true,
  openedAt: NEVER,
  connectDuration: NO_TIME,
  tlsDuration: NO_TIME,
  stalls: [],
  retransmissions: 0,
  deadline: NO_TIME,
  previousAttempts: -1,
  retryAfter: NO_TIME,
  keepsConnection: true,
  asksToClose: false,
  undelivered: 0,
  expectation: null,
  traceIds: [],
  metadata: null,
  grant: null,
};

const hasUsualRest = (exchange: Exchange): boolean =>
  exchange.outcome === 'ok' &&
  exchange.error === null &&
  exchange.endedBy === null &&
  exchange.resetCode === -1 &&
  exchange.reused &&
  Number.isNaN(exchange.openedAt) &&
  Number.isNaN(exchange.connectDuration) &&
  Number.isNaN(exchange.tlsDuration) &&
  exchange.stalls.length === 0 &&
  exchange.retransmissions === 0 &&
  Number.isNaN(exchange.deadline) &&
  exchange.previousAttempts === -1 &&
  Number.isNaN(exchange.retryAfter) &&
  exchange.keepsConnection &&
  !exchange.asksToClose &&
  exchange.undelivered === 0 &&
  exchange.expectation === null &&
  exchange.traceIds.length === 0 &&
  exchange.metadata === null &&
  exchange.grant === null;

function write(batch: BatchWriter, exchange: Exchange, last: Common): void {
  const isUsual = hasUsualRest(exchange);
  batch.flag(isUsual);
  if (!isUsual) writeRest(batch, exchange);
  batch.id(exchange.id);
  batch.integer(exchange.input);
  batch.one(EXCHANGE_PROTOCOLS, exchange.protocol);
  batch.one(EXCHANGE_SHAPES, exchange.shape);
  batch.textLike(exchange.client, last.client);
  batch.integer(exchange.clientPort);
  batch.textLike(exchange.server, last.server);
  batch.integer(exchange.serverPort);
  batch.textLike(exchange.backend, last.backend);
  batch.textLike(exchange.method, last.method);
  batch.textLike(exchange.path, last.path);
  batch.textLike(exchange.host, last.host);
  batch.count(exchange.status);
  batch.count(exchange.grpcStatus);
  batch.number(exchange.startedAt);
  batch.number(exchange.requestedAt);
  batch.number(exchange.firstByteAt);
  batch.number(exchange.duration);
  batch.count(exchange.requestBytes);
  batch.count(exchange.responseBytes);
  batch.count(exchange.requestMessages);
  batch.count(exchange.responseMessages);
  batch.counts(exchange.packets);
  batch.count(exchange.place);
  batch.count(exchange.inFlight);
  batch.number(exchange.idleBefore);
  batch.number(exchange.roundTrip);
}

function read(batch: BatchReader, connection: string, last: Common): Exchange {
  const rest = batch.flag() ? USUAL_REST : readRest(batch);
  return {
    id: batch.id(),
    input: batch.integer(),
    protocol: batch.one(EXCHANGE_PROTOCOLS),
    shape: batch.one(EXCHANGE_SHAPES),
    client: batch.textLike(last.client),
    clientPort: batch.integer(),
    server: batch.textLike(last.server),
    serverPort: batch.integer(),
    backend: batch.textLike(last.backend),
    connection,
    method: batch.textLike(last.method),
    path: batch.textLike(last.path),
    host: batch.textLike(last.host),
    status: batch.count(),
    grpcStatus: batch.count(),
    startedAt: at(batch.number()),
    requestedAt: at(batch.number()),
    firstByteAt: at(batch.number()),
    duration: nanoseconds(batch.number()),
    requestBytes: batch.count(),
    responseBytes: batch.count(),
    requestMessages: batch.count(),
    responseMessages: batch.count(),
    packets: batch.counts(),
    place: batch.count(),
    inFlight: batch.count(),
    idleBefore: nanoseconds(batch.number()),
    roundTrip: nanoseconds(batch.number()),
    error: rest.error,
    outcome: rest.outcome,
    endedBy: rest.endedBy,
    resetCode: rest.resetCode,
    reused: rest.reused,
    openedAt: rest.openedAt,
    connectDuration: rest.connectDuration,
    tlsDuration: rest.tlsDuration,
    stalls: rest.stalls,
    retransmissions: rest.retransmissions,
    deadline: rest.deadline,
    previousAttempts: rest.previousAttempts,
    retryAfter: rest.retryAfter,
    keepsConnection: rest.keepsConnection,
    asksToClose: rest.asksToClose,
    undelivered: rest.undelivered,
    expectation: rest.expectation,
    traceIds: rest.traceIds,
    metadata: rest.metadata,
    grant: rest.grant,
  };
}

function writeRest(batch: BatchWriter, exchange: Exchange): void {
  batch.textOrNull(exchange.error);
  batch.one(EXCHANGE_OUTCOMES, exchange.outcome);
  batch.one(SIDE_OR_NULL, exchange.endedBy);
  batch.count(exchange.resetCode);
  batch.flag(exchange.reused);
  batch.number(exchange.openedAt);
  batch.number(exchange.connectDuration);
  batch.number(exchange.tlsDuration);
  batch.rare(exchange.stalls);
  batch.count(exchange.retransmissions);
  batch.number(exchange.deadline);
  batch.count(exchange.previousAttempts);
  batch.number(exchange.retryAfter);
  batch.flag(exchange.keepsConnection);
  batch.flag(exchange.asksToClose);
  batch.count(exchange.undelivered);
  batch.objectOrNull(exchange.expectation);
  batch.texts(exchange.traceIds);
  batch.objectOrNull(exchange.metadata);
  batch.objectOrNull(exchange.grant);
}

function readRest(batch: BatchReader): Rest {
  return {
    error: batch.textOrNull(),
    outcome: batch.one(EXCHANGE_OUTCOMES),
    endedBy: batch.one(SIDE_OR_NULL),
    resetCode: batch.count(),
    reused: batch.flag(),
    openedAt: at(batch.number()),
    connectDuration: nanoseconds(batch.number()),
    tlsDuration: nanoseconds(batch.number()),
    stalls: batch.rare<Stall>(),
    retransmissions: batch.count(),
    deadline: nanoseconds(batch.number()),
    previousAttempts: batch.count(),
    retryAfter: nanoseconds(batch.number()),
    keepsConnection: batch.flag(),
    asksToClose: batch.flag(),
    undelivered: batch.count(),
    expectation: batch.objectOrNull<Expectation>(),
    traceIds: batch.texts(),
    metadata: batch.objectOrNull<Metadata>(),
    grant: batch.objectOrNull<TokenGrant>(),
  };
}
