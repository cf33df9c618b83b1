import { endpoint } from '../base/addresses.ts';
import { at, between, milliseconds, nanoseconds, seconds, type Timestamp } from '../base/time.ts';
import { openingDuration, type Connection } from '../model/connection.ts';
import { isResponded, type Exchange } from '../model/exchange.ts';
import type { Lookup } from '../model/lookup.ts';
import type { WaitReason } from '../model/request.ts';
import type { SentCall } from './calls.ts';

/** A wait before it is known whose it is. */
export interface WaitDraft {
  readonly reason: WaitReason;
  readonly to: string;
  readonly ref: string;
  readonly what: string;
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp;
}

/** What a service did to the outside as one: an exchange with the lookup and the handshakes that it needed, or one of these alone. */
export interface OutboundCall extends SentCall {
  readonly client: string;
  /** In order. */
  readonly waits: readonly WaitDraft[];
  /** The exchange, where there is one. */
  readonly exchange: Exchange | null;
}

// A program connects as soon as it has the address: the pause between is its own scheduling.
const CONNECTS_WITHIN = milliseconds(100);
// A resolver's answer may be seen a little after the SYN where two captures' clocks differ.
const CLOCK_SLACK = milliseconds(1);
// Nobody gives up sooner.
const LEAST_PATIENCE = milliseconds(200);
// Calls that are looked through for the next one to the same server.
const MOST_AHEAD = 512;
// Nobody connects to an address that was looked up so long ago without a cache of its own.
const LONGEST_KEPT = seconds(10);

const orZero = (value: number): number => (value >= 0 ? value : 0);

/** What was said of an exchange, for the eye: `GET /items/{id}`. */
export const saidOf = ({ method, path }: Exchange): string => [method, path].filter((part) => part !== '').join(' ');

/** When a call began to open its connection; its first byte where it did not. */
const openingAt = ({ startedAt, connectDuration, tlsDuration }: Exchange): Timestamp =>
  at(startedAt - orZero(connectDuration) - orZero(tlsDuration));

/**
 * Puts lookups, handshakes and exchanges of clients together: a lookup belongs to the connection
 * that goes to one of its addresses right afterwards, a connection's handshakes to its first exchange.
 * @param rows of any client, in any order; each is used once
 */
export function outboundCalls(rows: {
  lookups: readonly Lookup[];
  exchanges: readonly Exchange[];
  connections: readonly Connection[];
}): OutboundCall[] {
  const lookups = new LookupPool(rows.lookups);
  const calls: OutboundCall[] = [];
  const exchanges = byStart(rows.exchanges);
  for (const [index, exchange] of exchanges.entries()) calls.push(callOf(exchange, lookups, endOf(exchanges, index)));
  for (const connection of byStart(rows.connections)) {
    // What carried exchanges is theirs; what was open before the capture waited for nothing.
    const opening = openingDuration(connection);
    if (connection.exchanges === 0 && opening >= 0) calls.push(connectOf(connection, lookups));
  }
  for (const lookup of lookups.left()) calls.push(lookupOf(lookup));
  return calls.toSorted((a, b) => a.startedAt - b.startedAt || a.endedAt - b.endedAt);
}

const byStart = <Row extends { startedAt: Timestamp }>(list: readonly Row[]): Row[] =>
  list.toSorted((a, b) => a.startedAt - b.startedAt);

/**
 * When the caller had it. Of what was never answered the capture may show no end: then it was given
 * up, at the latest, when the same client next asked the same server, on another connection.
 */
function endOf(exchanges: readonly Exchange[], index: number): Timestamp {
  const exchange = exchanges[index] as Exchange;
  const end = at(exchange.startedAt + exchange.duration);
  if (exchange.outcome !== 'incomplete' || isResponded(exchange)) return end;
  const last = Math.min(exchanges.length, index + MOST_AHEAD);
  for (let ahead = index + 1; ahead < last; ahead++) {
    const next = exchanges[ahead] as Exchange;
    if (next.startedAt - exchange.startedAt < LEAST_PATIENCE || next.connection === exchange.connection) continue;
    if (next.client !== exchange.client || next.server !== exchange.server) continue;
    return at(Math.min(end, next.startedAt));
  }
  return end;
}

function callOf(exchange: Exchange, lookups: LookupPool, endedAt: Timestamp): OutboundCall {
  const { client, server, serverPort, startedAt, connectDuration, tlsDuration } = exchange;
  const to = endpoint(server, serverPort);
  const opens = openingAt(exchange);
  const waits: WaitDraft[] = [];
  const isOpening = connectDuration >= 0 || tlsDuration >= 0;
  const lookup = isOpening ? lookups.take(client, [server], opens) : null;
  if (lookup !== null) waits.push(dnsWait(lookup));
  const connected = at(opens + orZero(connectDuration));
  if (connectDuration >= 0) waits.push(opening('connect', to, exchange.connection, opens, connected));
  if (tlsDuration >= 0) waits.push(opening('tls', to, exchange.connection, connected, startedAt));
  waits.push({
    reason: exchange.metadata === null ? 'upstream' : 'metadata',
    to,
    ref: exchange.id,
    what: saidOf(exchange),
    startedAt,
    endedAt,
  });
  return {
    id: exchange.id,
    kind: `${to} ${saidOf(exchange)}`,
    client,
    startedAt: (waits[0] as WaitDraft).startedAt,
    endedAt,
    identifiers: exchange.traceIds,
    waits,
    exchange,
  };
}

const opening = (
  reason: 'connect' | 'tls',
  to: string,
  ref: string,
  startedAt: Timestamp,
  endedAt: Timestamp,
): WaitDraft => ({ reason, to, ref, what: '', startedAt, endedAt });

const dnsWait = (lookup: Lookup): WaitDraft => ({
  reason: 'dns',
  to: endpoint(lookup.server, 53),
  ref: lookup.id,
  what: lookup.name,
  startedAt: lookup.startedAt,
  endedAt: at(lookup.startedAt + lookup.duration),
});

/** A connection that carried nothing: refused, never answered, or of a protocol that is not read. */
function connectOf(connection: Connection, lookups: LookupPool): OutboundCall {
  const { id, client, server, serverPort, startedAt } = connection;
  const to = endpoint(server, serverPort);
  const lookup = lookups.take(client, [server], startedAt);
  const connected = at(startedAt + orZero(openingDuration(connection)));
  const waits = [...(lookup === null ? [] : [dnsWait(lookup)]), opening('connect', to, id, startedAt, connected)];
  return {
    id,
    kind: `connect ${to}`,
    client,
    startedAt: (waits[0] as WaitDraft).startedAt,
    endedAt: connected,
    identifiers: [],
    waits,
    exchange: null,
  };
}

function lookupOf(lookup: Lookup): OutboundCall {
  const wait = dnsWait(lookup);
  return {
    id: lookup.id,
    kind: `dns ${lookup.name}`,
    client: lookup.client,
    startedAt: wait.startedAt,
    endedAt: wait.endedAt,
    identifiers: [],
    waits: [wait],
    exchange: null,
  };
}

/** Lookups that no connection has been found for yet, by client and address. */
class LookupPool {
  readonly #byAnswer = new Map<string, Lookup[]>();
  readonly #taken = new Set<Lookup>();
  readonly #all: readonly Lookup[];

  constructor(lookups: readonly Lookup[]) {
    this.#all = lookups.toSorted((a, b) => a.startedAt - b.startedAt);
    for (const lookup of this.#all) {
      for (const answer of lookup.answers) {
        const key = `${lookup.client} ${answer}`;
        const known = this.#byAnswer.get(key);
        if (known === undefined) this.#byAnswer.set(key, [lookup]);
        else known.push(lookup);
      }
    }
  }

  /** The one that ended last before a connection to one of these addresses was opened. */
  take(client: string, addresses: readonly string[], opensAt: Timestamp): Lookup | null {
    let best: Lookup | null = null;
    let bestGap = Infinity;
    for (const address of addresses) {
      for (const lookup of this.#byAnswer.get(`${client} ${address}`) ?? []) {
        if (lookup.startedAt > opensAt) break;
        const gap = between(at(lookup.startedAt + lookup.duration), opensAt);
        if (this.#taken.has(lookup) || gap < -CLOCK_SLACK || gap > CONNECTS_WITHIN || gap >= bestGap) continue;
        best = lookup;
        bestGap = gap;
      }
    }
    if (best !== null) this.#taken.add(best);
    return best;
  }

  left(): Lookup[] {
    return this.#all.filter((lookup) => !this.#taken.has(lookup));
  }
}

/** How long rows are kept until those that belong to them have come, too. */
export const KEPT_FOR = nanoseconds(LONGEST_KEPT);
