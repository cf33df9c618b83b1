import { at, between, nanoseconds, type Timestamp } from '../base/time.ts';
import { turnedStall, type Side } from '../model/connection.ts';
import { LARGE_BODY, type ExchangeOutcome, type ExchangeProtocol } from '../model/exchange.ts';
import { packetId, type PacketId } from '../model/packet.ts';
import type { Arrival, OpenExchange, TrackedConnection } from '../model/tracked-connection.ts';
import type { ConversationContext } from './protocol.ts';

const UNSEEN = -1;
const NO_TRACE_IDS: readonly string[] = [];
const NEVER = at(Number.NaN);
const UNKNOWN = nanoseconds(Number.NaN);

const retransmitted = ({ retransmissions }: TrackedConnection): number =>
  retransmissions.client + retransmissions.server;

/** An exchange that begins with this packet: its request's first byte, or, where that was missed, what is first seen of it. */
export function beginExchange(
  context: ConversationContext,
  protocol: ExchangeProtocol,
  arrival: Arrival,
): OpenExchange {
  const { connection } = context;
  const { isTurned } = connection;
  const first = connection.exchanges === 0;
  const opened = connection.syns.length > 0 || connection.synAcks.length > 0;
  const idle = connection.openExchanges > 0 ? 0 : between(connection.previousDataAt, arrival.time);
  const exchange: OpenExchange = {
    id: context.nextId(),
    input: connection.input,
    protocol,
    shape: 'call',
    client: isTurned ? connection.server : connection.client,
    clientPort: isTurned ? connection.serverPort : connection.clientPort,
    server: isTurned ? connection.client : connection.server,
    serverPort: isTurned ? connection.clientPort : connection.serverPort,
    backend: null,
    connection: connection.id,
    method: '',
    path: '',
    host: '',
    status: UNSEEN,
    grpcStatus: UNSEEN,
    error: null,
    outcome: 'incomplete',
    endedBy: null,
    resetCode: UNSEEN,
    startedAt: arrival.time,
    requestedAt: NEVER,
    firstByteAt: NEVER,
    duration: nanoseconds(0),
    requestBytes: 0,
    responseBytes: 0,
    requestMessages: 0,
    responseMessages: 0,
    packets: [],
    place: connection.exchanges,
    inFlight: connection.openExchanges,
    reused: !first || !opened,
    idleBefore: first ? UNKNOWN : nanoseconds(idle),
    openedAt: first ? openedAt(connection, arrival.time) : NEVER,
    connectDuration: first ? connection.connectDuration : UNKNOWN,
    tlsDuration: first && connection.tls !== null ? connection.tls.handshakeDuration : UNKNOWN,
    roundTrip: UNKNOWN,
    stalls: [],
    retransmissions: 0,
    deadline: UNKNOWN,
    previousAttempts: UNSEEN,
    retryAfter: UNKNOWN,
    keepsConnection: true,
    asksToClose: false,
    undelivered: 0,
    expectation: null,
    traceIds: NO_TRACE_IDS,
    metadata: null,
    grant: null,
    requestFirst: UNSEEN,
    requestLast: UNSEEN,
    responseFirst: UNSEEN,
    responseLast: UNSEEN,
    answeredAt: NEVER,
    retransmittedBefore: retransmitted(connection),
  };
  connection.exchanges++;
  connection.openExchanges++;
  return exchange;
}

// Inputs that are merged may be a little out of order: nothing was asked before the connection began to open.
const openedAt = ({ syns }: TrackedConnection, asked: Timestamp): Timestamp => {
  const [syn] = syns;
  return syn === undefined ? NEVER : at(Math.min(syn.at, asked));
};

/**
 * Its request may have been written right after a message that nobody answers: Nagle's algorithm then holds it back
 * until that is acknowledged, and its client waits from there on.
 * @param silentAt when that message came
 */
export function beganHeld({ connection }: ConversationContext, exchange: OpenExchange, silentAt: Timestamp): void {
  const stall = connection.stalls.at(-1);
  if (stall === undefined || stall.reason !== 'delayed-ack') return;
  const isItsOwn = stall.from === (connection.isTurned ? 'server' : 'client');
  if (!isItsOwn || stall.startedAt < silentAt || stall.startedAt + stall.duration !== exchange.startedAt) return;
  exchange.startedAt = stall.startedAt;
  exchange.idleBefore = nanoseconds(Math.max(0, exchange.idleBefore - stall.duration));
}

/** Bytes of its request (0 for an end without bytes) came with this packet. */
export function sawRequest(exchange: OpenExchange, length: number, arrival: Arrival): void {
  const packet = packetId(arrival.input, arrival.number);
  if (exchange.requestFirst === UNSEEN) exchange.requestFirst = packet;
  exchange.requestLast = packet;
  exchange.requestedAt = arrival.time;
  exchange.requestBytes += length;
}

/** Bytes of its response (0 for an end without bytes) came with this packet. Interim 1xx answers are not told. */
export function sawResponse(exchange: OpenExchange, length: number, arrival: Arrival): void {
  const packet = packetId(arrival.input, arrival.number);
  if (exchange.responseFirst === UNSEEN) {
    exchange.responseFirst = packet;
    exchange.firstByteAt = arrival.time;
  }
  exchange.responseLast = packet;
  // What overtook others on the way came before them; the answer is whole when the last is there.
  if (!(exchange.answeredAt >= arrival.time)) exchange.answeredAt = arrival.time;
  exchange.responseBytes += length;
}

/**
 * The exchange is over: fills in what its connection tells, and emits it. An answered one (`ok`,
 * `error`) ended with its response's last byte, any other with what ended it.
 */
export function endExchange(
  context: ConversationContext,
  exchange: OpenExchange,
  arrival: Arrival,
  outcome: ExchangeOutcome,
  endedBy: Side | null = null,
): void {
  const { connection } = context;
  const isAnswered = outcome === 'ok' || outcome === 'error';
  const end = isAnswered && !Number.isNaN(exchange.answeredAt) ? exchange.answeredAt : arrival.time;
  // Inputs that are merged may be a little out of order; nothing lasts less than nothing.
  exchange.duration = nanoseconds(Math.max(0, between(exchange.startedAt, end)));
  exchange.outcome = outcome;
  exchange.endedBy = isAnswered ? null : endedBy;
  if (!connection.isTurned) {
    if (isAnswered && exchange.responseBytes >= LARGE_BODY) {
      exchange.undelivered = Math.min(connection.unacknowledged, exchange.responseBytes);
    }
    // Who answered may have told who was called.
    exchange.server = connection.server;
    exchange.serverPort = connection.serverPort;
    exchange.backend = connection.backend;
    exchange.roundTrip = connection.roundTrip;
  }
  exchange.packets = packetsOf(exchange);
  const stalls = overlapping(connection, exchange.startedAt, at(exchange.startedAt + exchange.duration));
  // What a protocol found by itself (flow control) stands there already.
  exchange.stalls =
    exchange.stalls.length === 0
      ? stalls
      : [...exchange.stalls, ...stalls].toSorted((one, other) => one.startedAt - other.startedAt);
  exchange.retransmissions = retransmitted(connection) - exchange.retransmittedBefore;
  connection.openExchanges--;
  if (!isAnswered) connection.unanswered++;
  context.emit(exchange);
}

/** It was none after all. */
export function dropExchange({ connection }: ConversationContext): void {
  connection.openExchanges--;
  connection.exchanges--;
}

function packetsOf({ requestFirst, requestLast, responseFirst, responseLast }: OpenExchange): PacketId[] {
  // Most are a packet each.
  const isShort = requestFirst === requestLast && responseFirst === responseLast;
  if (isShort && requestFirst !== UNSEEN && responseFirst !== UNSEEN && requestFirst !== responseFirst) {
    return [requestFirst, responseFirst];
  }
  const packets: PacketId[] = [];
  for (const packet of [requestFirst, requestLast, responseFirst, responseLast]) {
    if (packet !== UNSEEN && !packets.includes(packet)) packets.push(packet);
  }
  return packets;
}

const NO_STALLS: OpenExchange['stalls'] = [];

function overlapping(connection: TrackedConnection, from: Timestamp, until: Timestamp): OpenExchange['stalls'] {
  if (connection.stalls.length === 0) return NO_STALLS;
  const found = connection.stalls.filter((stall) => stall.startedAt < until && stall.startedAt + stall.duration > from);
  return connection.isTurned ? found.map(turnedStall) : found;
}
