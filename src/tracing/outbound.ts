import { endpoint } from '../base/addresses.ts';
import { at, orZero, type Timestamp } from '../base/time.ts';
import { openingDuration, type Connection } from '../model/connection.ts';
import type { Exchange } from '../model/exchange.ts';
import type { KeptLookup } from './kept-lookup.ts';
import type { PacketId } from '../model/packet.ts';
import { INSIDE_TLS, NOT_READ, type WaitReason } from '../model/request.ts';
import { nextSynWait } from '../model/syn-timer.ts';
import type { SentCall } from './calls.ts';
import { lookupsThatLedTo, sharedLookups } from './led-to.ts';
import { createOpenings, isOpening } from './openings.ts';

/** A wait before it is known whose it is. */
export interface WaitDraft {
  readonly reason: WaitReason;
  readonly to: string;
  readonly ref: string;
  readonly what: string;
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp;
  /**
   * - `seen`: at `endedAt`
   * - `unseen`: no packet marks it: when the request goes on with something else, at the latest at `endedAt`
   * - `within`: at `endedAt` where that lies within the request; else it was no wait
   */
  readonly ends: 'seen' | 'unseen' | 'within';
  /** The first and the last that show it. */
  readonly packets: readonly PacketId[];
}

/** What a service did to the outside as one: an exchange with the lookup and the handshakes that it needed, or one of these alone. */
export interface OutboundCall extends SentCall {
  readonly client: string;
  /** In order. */
  readonly waits: readonly WaitDraft[];
  /** The exchange, where there is one. */
  readonly exchange: Exchange | null;
  /** What its caller waited for with others before: from when on, who made it tells. */
  readonly shared?: WaitDraft;
}

/** A database's client asks, on its new connection, to go on inside TLS. */
export const startsTls = ({ shape, path, method }: Exchange): boolean =>
  shape === 'upgrade' && path === '' && method === 'STARTTLS';

/** What was said of an exchange, for the eye: `GET /items/{id}`. */
export function saidOf({ shape, protocol, method, path }: Exchange): string {
  if (shape === 'turn') return protocol === 'tls' ? INSIDE_TLS : NOT_READ;
  if (method === '') return path;
  return path === '' ? method : `${method} ${path}`;
}

/**
 * When it was over: with its first byte where the last was not seen, since what ends such an
 * exchange in the row is the connection's next one, or the end of the capture.
 */
export const endOf = ({ startedAt, duration, outcome, firstByteAt }: Exchange): Timestamp =>
  outcome === 'incomplete' && !Number.isNaN(firstByteAt) ? firstByteAt : at(startedAt + duration);

/** When the answer began; {@link endOf} where it did not. */
export const respondedAt = (exchange: Exchange): Timestamp =>
  Number.isNaN(exchange.firstByteAt) ? endOf(exchange) : exchange.firstByteAt;

export const byStart = <Row extends { startedAt: Timestamp }>(list: readonly Row[]): Row[] =>
  list.toSorted((a, b) => a.startedAt - b.startedAt);

export const firstAndLast = (packets: readonly PacketId[]): readonly PacketId[] =>
  packets.length <= 2 ? packets : [packets[0] as PacketId, packets.at(-1) as PacketId];

/** The packets of a connection's handshakes. */
export interface Handshakes {
  readonly connect: readonly PacketId[];
  readonly tls: readonly PacketId[];
  /** When that of TLS began and was over; NaN where there was none, or its end was not seen. */
  readonly tlsFrom: number;
  readonly tlsUntil: number;
}

/** Those of a connection, by its id. */
type KnownHandshakes = Pick<ReadonlyMap<string, Handshakes>, 'get'>;

const NO_PACKETS: readonly PacketId[] = [];

export function handshakesOf({ syns, synAcks, tls }: Connection): Handshakes {
  const first = syns[0] ?? synAcks[0];
  const last = synAcks.at(-1) ?? syns.at(-1);
  const isOne = syns.length + synAcks.length === 1;
  return {
    connect:
      first === undefined || last === undefined ? NO_PACKETS : isOne ? [first.packet] : [first.packet, last.packet],
    tls: tls === null ? NO_PACKETS : firstAndLast(tls.packets.slice()),
    tlsFrom: tls?.startedAt ?? Number.NaN,
    tlsUntil: tls === null ? Number.NaN : tls.startedAt + tls.handshakeDuration,
  };
}

const NO_HANDSHAKES: Handshakes = {
  connect: NO_PACKETS,
  tls: NO_PACKETS,
  tlsFrom: Number.NaN,
  tlsUntil: Number.NaN,
};

export interface OutboundRows {
  readonly lookups: readonly KeptLookup[];
  readonly exchanges: readonly Exchange[];
  readonly connections: readonly Connection[];
}

/**
 * Puts lookups, handshakes and exchanges of clients together: a lookup belongs to the connection
 * that goes to one of its addresses right afterwards, a connection's handshakes to its first exchange.
 * @param rows of any client, in any order; each is used once
 * @param handshakes of connections that carried exchanges, by id, as far as they are known
 */
export function outboundCalls(
  rows: OutboundRows,
  handshakes: KnownHandshakes = new Map<string, Handshakes>(),
): OutboundCall[] {
  const { connections, lookupOf, taken, calls } = linkedExchanges(rows, handshakes);
  return byTime([
    ...calls,
    ...connections.map((row) => connectOf(row, lookupOf.get(row) ?? null)),
    ...rows.lookups.filter((lookup) => !taken.has(lookup)).map(lookupAlone),
  ]);
}

/** Only those that are exchanges: of what else was opened or looked up, nobody is told. */
export const exchangeCalls = (rows: OutboundRows, handshakes: KnownHandshakes): OutboundCall[] =>
  byTime(linkedExchanges(rows, handshakes).calls);

const byTime = (calls: readonly OutboundCall[]): OutboundCall[] =>
  calls.toSorted((a, b) => a.startedAt - b.startedAt || a.endedAt - b.endedAt);

/** Exchanges with what led to them, and the other connections with the lookups that led there. */
function linkedExchanges(rows: OutboundRows, handshakes: KnownHandshakes) {
  const exchanges = byStart(rows.exchanges);
  // What carried exchanges is theirs; what was open before the capture waited for nothing.
  const connections = byStart(rows.connections).filter(
    (connection) => connection.exchanges === 0 && openingDuration(connection) >= 0,
  );
  const opening = exchanges.filter(isOpening);
  const openings = createOpenings(opening);
  const lookupOf = new Map<Exchange | Connection, KeptLookup>();
  const sharedOf = new Map<Exchange | Connection, KeptLookup>();
  if (rows.lookups.length > 0) {
    const openers = [
      ...opening.map((row) => ({ row, client: row.client, server: row.server, openedAt: openings.begun(row) })),
      ...connections.map((row) => ({ row, client: row.client, server: row.server, openedAt: row.startedAt })),
    ];
    const ledTo = lookupsThatLedTo(openers, rows.lookups);
    const shared = sharedLookups(openers, ledTo);
    const areShared = new Set(shared.values());
    for (const [{ row }, lookup] of shared) sharedOf.set(row, lookup);
    // Which of those that share it asked for it, nothing tells.
    for (const [{ row }, lookup] of ledTo) (areShared.has(lookup) ? sharedOf : lookupOf).set(row, lookup);
  }
  const calls = exchanges.map((row) => {
    const lookup = lookupOf.get(row) ?? null;
    const opens = lookup === null ? openings.begunFor(row) : openings.begun(row);
    const call = callOf(row, lookup, opens, handshakes.get(row.connection) ?? NO_HANDSHAKES);
    const shared = sharedOf.get(row);
    return shared === undefined ? call : withShared(call, dnsWait(shared));
  });
  return { connections, lookupOf, taken: new Set([...lookupOf.values(), ...sharedOf.values()]), calls };
}

const withShared = (call: OutboundCall, shared: WaitDraft): OutboundCall => ({
  ...call,
  shared,
  sharedUntil: shared.endedAt,
});

/** @param opens when its connection began to open, where one was opened for it */
function callOf(exchange: Exchange, lookup: KeptLookup | null, opens: Timestamp, handshakes: Handshakes): OutboundCall {
  const { client, server, serverPort, startedAt, connectDuration, tlsDuration } = exchange;
  const to = endpoint(server, serverPort);
  const connected = at(opens + orZero(connectDuration));
  const secured = at(connected + orZero(tlsDuration));
  // Whoever gives up while its packets are still sent again goes on without a word on the wire.
  const isOpen = exchange.outcome === 'incomplete' && Number.isNaN(exchange.firstByteAt);
  const endedAt = endOf(exchange);
  const said = saidOf(exchange);
  const answer: WaitDraft = {
    reason: exchange.metadata === null ? 'upstream' : 'metadata',
    to,
    ref: exchange.id,
    what: said,
    startedAt,
    endedAt,
    ends: isOpen ? 'unseen' : 'seen',
    packets: firstAndLast(exchange.packets),
  };
  let waits: readonly WaitDraft[] = [answer];
  if (tlsDuration >= 0) waits = [openingOf(exchange, 'tls', to, connected, secured, handshakes.tls), ...waits];
  if (connectDuration >= 0)
    waits = [openingOf(exchange, 'connect', to, opens, connected, handshakes.connect), ...waits];
  if (lookup !== null) waits = [dnsWait(lookup), ...waits];
  // A database's client asks for TLS first, and for more only when it has that.
  const { tlsFrom, tlsUntil } = handshakes;
  const securesLater = startsTls(exchange) && tlsFrom >= endedAt && tlsUntil >= tlsFrom;
  if (securesLater) waits = [...waits, openingOf(exchange, 'tls', to, at(tlsFrom), at(tlsUntil), handshakes.tls)];
  return {
    id: exchange.id,
    kind: `${to} ${said}`,
    client,
    startedAt: (waits[0] as WaitDraft).startedAt,
    endedAt: isOpen ? startedAt : securesLater ? at(tlsUntil) : endedAt,
    identifiers: exchange.traceIds,
    lane: { pool: to, connection: exchange.connection },
    waits,
    exchange,
  };
}

const openingOf = (
  { connection }: Exchange,
  reason: 'connect' | 'tls',
  to: string,
  startedAt: Timestamp,
  endedAt: Timestamp,
  packets: readonly PacketId[],
): WaitDraft => ({ reason, to, ref: connection, what: '', startedAt, endedAt, ends: 'seen', packets });

function dnsWait(lookup: KeptLookup): WaitDraft {
  return {
    reason: 'dns',
    to: endpoint(lookup.server, lookup.serverPort),
    ref: lookup.id,
    what: lookup.name,
    startedAt: lookup.startedAt,
    endedAt: at(lookup.startedAt + lookup.duration),
    ends: 'seen',
    packets: [lookup.firstPacket, lookup.lastPacket].filter((packet, index, both) => both.indexOf(packet) === index),
  };
}

/** A connection of which no exchange could be read: refused, never answered, or of a protocol that is not known. */
function connectOf(connection: Connection, lookup: KeptLookup | null): OutboundCall {
  const { id, client, server, serverPort, startedAt, tls, bytes } = connection;
  const to = endpoint(server, serverPort);
  const waits: WaitDraft[] = lookup === null ? [] : [dnsWait(lookup)];
  const opened = at(startedAt + orZero(openingDuration(connection)));
  const handshakes = handshakesOf(connection);
  const tlsDuration = orZero(tls?.handshakeDuration ?? 0);
  const connected = at(opened - tlsDuration);
  const isCarrying = bytes.client + bytes.server > 0;
  const isAnswered = isCarrying || connection.synAcks.length > 0 || connection.endPacket >= 0;
  const wait = { to, ref: id, what: '', ends: 'seen' } as const;
  waits.push({
    ...wait,
    reason: 'connect',
    startedAt,
    // A SYN that nobody answers is waited for until the caller has had enough: once the next one is due, it would be sent.
    endedAt: isAnswered ? connected : at(connected + nextSynWait(connection.syns)),
    ends: isAnswered ? 'seen' : 'unseen',
    packets: handshakes.connect,
  });
  if (tlsDuration > 0) {
    waits.push({ ...wait, reason: 'tls', startedAt: connected, endedAt: opened, packets: handshakes.tls });
  }
  if (isCarrying) {
    // What is closed within the request served it alone: it was one call, whatever was said.
    const what = tls === null ? NOT_READ : INSIDE_TLS;
    const packets = [connection.lastPacket];
    waits.push({
      ...wait,
      reason: 'upstream',
      what,
      startedAt: opened,
      endedAt: connection.endedAt,
      ends: 'within',
      packets,
    });
  }
  return {
    id,
    kind: `connect ${to}`,
    client,
    startedAt: (waits[0] as WaitDraft).startedAt,
    endedAt: waits.some(({ ends }) => ends === 'unseen') ? startedAt : opened,
    identifiers: [],
    lane: null,
    waits,
    exchange: null,
  };
}

function lookupAlone(lookup: KeptLookup): OutboundCall {
  const wait = dnsWait(lookup);
  return {
    id: lookup.id,
    kind: `dns ${lookup.name}`,
    client: lookup.client,
    startedAt: wait.startedAt,
    endedAt: wait.endedAt,
    identifiers: [],
    lane: null,
    waits: [wait],
    exchange: null,
  };
}
