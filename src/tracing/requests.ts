import { endpoint } from '../base/addresses.ts';
import { groupBy } from '../base/group-by.ts';
import { Recent } from '../base/recent.ts';
import { between, type Timestamp } from '../base/time.ts';
import { copyConnection, DNS_PROTOCOL, isOpened, type Connection } from '../model/connection.ts';
import { copyExchange, type Exchange } from '../model/exchange.ts';
import { isDnsAlone, type Input } from '../model/input.ts';
import type { Lookup } from '../model/lookup.ts';
import type { FullObserver } from '../model/observer.ts';
import type { Request, ServiceChoice, Wait } from '../model/request.ts';
import { lastsUntil } from './abandoned.ts';
import type { CallLinker, Link, ReceivedCall } from './calls.ts';
import type { Stretch } from './critical-path.ts';
import { keepLookup, type KeptLookup } from './kept-lookup.ts';
import { createCallLinker } from './link-calls.ts';
import {
  byStart,
  endOf,
  exchangeCalls,
  handshakesOf,
  outboundCalls,
  respondedAt,
  saidOf,
  startsTls,
  type Handshakes,
  type OutboundCall,
} from './outbound.ts';
import { isOpening } from './openings.ts';
import { createOwnAnswer } from './own-answer.ts';
import { findQueues } from './queueing.ts';
import { queueWait, requestOf, seenWaits, stallsOf, waitOf } from './request-record.ts';
import { Services } from './services.ts';

// Rows that are looked at together: those of one request lie within it, and few last longer than this many others.
const MAX_KEPT = 1 << 14;
// Of these the younger half waits for what belongs to it and is still on its way.
const SETTLED_SHARE = 0.5;

// What one client calls is a few dozen servers.
const MAX_NAMES = 1 << 10;

// Of the many requests that call nobody.
const NO_LINKS: ReadonlyMap<OutboundCall, Link<Received, OutboundCall>> = new Map();

interface Received extends ReceivedCall {
  readonly exchange: Exchange;
}

interface Rooted {
  readonly root: Received;
  readonly links: Link<Received, OutboundCall>[];
}

export interface RequestsOptions {
  /** The service to be followed; null: told from the capture. */
  service: ServiceChoice | null;
  emit(request: Request): void;
}

/**
 * Lookups, connections and exchanges of an input to requests with all that they waited for. At an
 * observed service each inbound call is one; where nothing is inbound, each outbound call with its
 * own lookup and connecting. Requests come in order of their start within some thousand rows.
 */
export function createRequests({ service, emit }: RequestsOptions): Omit<FullObserver, 'request'> {
  const tracers = new Map<number, Tracer>();
  const tracerOf = (input: number): Tracer => {
    let tracer = tracers.get(input);
    if (tracer === undefined) {
      tracer = new Tracer(input, service, emit);
      tracers.set(input, tracer);
    }
    return tracer;
  };
  return {
    input: (input) => void (tracerOf(input.input).input = input),
    lookup: (lookup) => tracerOf(lookup.input).lookup(lookup),
    connection: (connection) => tracerOf(connection.input).connection(connection),
    exchange: (exchange) => tracerOf(exchange.input).exchange(exchange),
    finish() {
      for (const tracer of tracers.values()) tracer.finish();
    },
  };
}

/** One input's rows until they are linked. */
class Tracer {
  input: Input | null = null;
  readonly #number: number;
  readonly #services: Services;
  readonly #emit: (request: Request) => void;
  readonly #linkers = new Map<string, Linker>();
  #lookups: KeptLookup[] = [];
  #spareLookups: KeptLookup[] = [];
  #connections: Connection[] = [];
  #exchanges: Exchange[] = [];
  /** Of connections that carried exchanges: these tell how long the handshakes took, but not in which packets. */
  readonly #handshakes = new Recent<string, Handshakes>(MAX_KEPT);
  readonly #names = new Map<string, Map<number, string>>();
  readonly #idOf = (place: number): string => `${this.#number}.r${place}`;
  readonly #ownAnswerOf = createOwnAnswer({
    idOf: this.#idOf,
    nameOf: (server, port) => this.#nameOf(server, port),
  });
  #emitted = 0;
  #hasInbound = false;
  #hasLinked = false;
  #seen = 0;

  constructor(number: number, service: ServiceChoice | null, emit: (request: Request) => void) {
    this.#number = number;
    this.#services = new Services(service);
    this.#emit = emit;
  }

  lookup(lookup: Lookup): void {
    if (isDnsAlone(++this.#seen, this.input)) return;
    this.#services.calls(lookup.client);
    this.#lookups.push(keepLookup(lookup, this.#spareLookups.pop()));
    this.#kept();
  }

  connection(connection: Connection): void {
    if (connection.protocol === DNS_PROTOCOL) return;
    if (connection.exchanges > 0) {
      if (isOpened(connection)) this.#handshakes.set(connection.id, handshakesOf(connection));
      return;
    }
    this.#connections.push(copyConnection(connection));
    this.#kept();
  }

  exchange(exchange: Exchange): void {
    if (exchange.shape !== 'call' && exchange.shape !== 'turn' && !startsTls(exchange)) return;
    this.#services.calls(exchange.client);
    if (this.#isOnItsOwn(exchange)) return this.#ownAnswer(exchange);
    this.#exchanges.push(copyExchange(exchange));
    this.#kept();
  }

  /** Nothing is inbound here, and the call waited for no lookup or handshake: all of it is known. */
  #isOnItsOwn(exchange: Exchange): boolean {
    return (
      exchange.shape === 'call' &&
      this.#hasLinked &&
      !this.#hasInbound &&
      !isOpening(exchange) &&
      this.#services.isCaller(exchange.client) &&
      this.#services.receiverOf(exchange) === null
    );
  }

  finish(): void {
    this.#link(Infinity);
    for (const linker of this.#linkers.values()) linker.finish();
  }

  #kept(): void {
    const kept = this.#lookups.length + this.#connections.length + this.#exchanges.length;
    if (kept < MAX_KEPT) return;
    // Lookups alone belong to nothing: the newer half may, to what comes.
    if (kept === this.#lookups.length && !this.#hasInbound) {
      this.#spareLookups = this.#lookups.splice(0, kept * SETTLED_SHARE);
      return;
    }
    const starts = [...this.#lookups, ...this.#connections, ...this.#exchanges]
      .map(({ startedAt }) => startedAt as number)
      .toSorted((a, b) => a - b);
    this.#link(starts[Math.floor(starts.length * SETTLED_SHARE)] as number);
  }

  /** All rows that began by then. */
  #link(until: number): void {
    this.#hasLinked = true;
    if (this.input !== null) this.#services.placed(this.input.vantage);
    const isOld = ({ startedAt }: { startedAt: Timestamp }): boolean => startedAt <= until;
    const exchanges = this.#exchanges.filter(isOld);
    const connections = this.#connections.filter(isOld);
    const lookups = this.#lookups.filter(isOld);
    this.#exchanges = this.#exchanges.filter((row) => !isOld(row));
    this.#connections = this.#connections.filter((row) => !isOld(row));
    this.#lookups = this.#lookups.filter((row) => !isOld(row));

    const receivers = new Map<Exchange, string>();
    for (const exchange of exchanges) {
      const receiver = this.#services.receiverOf(exchange);
      if (receiver !== null && exchange.shape === 'call') receivers.set(exchange, receiver);
    }
    if (receivers.size > 0) this.#hasInbound = true;
    if (!this.#hasInbound) {
      this.#ownRequests(lookups, connections, exchanges);
      return;
    }
    const calls = outboundCalls({ lookups, connections, exchanges }, this.#handshakes);
    for (const address of receivers.values()) this.#linkerOf(address);
    let next = 0;
    const sendUntil = (time: number): void => {
      for (; next < calls.length && (calls[next] as OutboundCall).startedAt <= time; next++) {
        const call = calls[next] as OutboundCall;
        // What a proxy hands on from the pod's own address is the pod's request, and none of its calls.
        const isItsOwn = call.exchange !== null && receivers.get(call.exchange) === call.client;
        if (!isItsOwn) this.#linkers.get(call.client)?.sent(call);
      }
    };
    // In order of their start, as they came: what a window of them shows is settled.
    for (const exchange of byStart([...receivers.keys()])) {
      const { startedAt, traceIds } = exchange;
      sendUntil(startedAt);
      const receiver = receivers.get(exchange) as string;
      this.#linkerOf(receiver).received({
        id: exchange.id,
        kind: saidOf(exchange),
        startedAt,
        respondedAt: respondedAt(exchange),
        endedAt: lastsUntil(exchange, receiver, calls),
        identifiers: traceIds,
        exchange,
      });
    }
    sendUntil(Infinity);
  }

  #linkerOf(address: string): Linker {
    let linker = this.#linkers.get(address);
    if (linker === undefined) {
      linker = new Linker((rooted) => this.#requests(rooted));
      this.#linkers.set(address, linker);
    }
    return linker;
  }

  /** In order of their start. */
  #ownRequests(
    lookups: readonly KeptLookup[],
    connections: readonly Connection[],
    exchanges: readonly Exchange[],
  ): void {
    const opening = exchangeCalls({ lookups, connections, exchanges: exchanges.filter(isOpening) }, this.#handshakes);
    const isOwn = ({ shape, client }: Exchange): boolean => shape === 'call' && this.#services.isCaller(client);
    let next = 0;
    const tellOpening = (until: number): void => {
      for (; next < opening.length; next++) {
        const call = opening[next] as OutboundCall;
        if (call.startedAt > until) return;
        if (call.exchange !== null && isOwn(call.exchange)) this.#ownRequest(call, call.exchange);
      }
    };
    for (const exchange of byStart(exchanges)) {
      if (isOpening(exchange) || !isOwn(exchange)) continue;
      tellOpening(exchange.startedAt);
      this.#ownAnswer(exchange);
    }
    tellOpening(Infinity);
  }

  /** A client's own call: what it waited for is certain, it is all the call's own. */
  #ownRequest(call: OutboundCall, exchange: Exchange): void {
    const endedAt = endOf(exchange);
    const waits = seenWaits([call], call.startedAt, endedAt).map(({ wait }) => waitOf(wait, 'certain', 1, []));
    this.#request(exchange, { startedAt: call.startedAt, duration: between(call.startedAt, endedAt) }, waits, false);
  }

  /** The same where it waited for nothing but its answer, as nearly all do. */
  #ownAnswer(exchange: Exchange): void {
    this.#emit(this.#ownAnswerOf(this.#emitted++, exchange, this.input?.vantage ?? null));
  }

  /** `address:port`, made once for each. */
  #nameOf(server: string, port: number): string {
    let ports = this.#names.get(server);
    if (ports === undefined) {
      if (this.#names.size >= MAX_NAMES) return endpoint(server, port);
      ports = new Map();
      this.#names.set(server, ports);
    }
    let name = ports.get(port);
    if (name === undefined) {
      name = endpoint(server, port);
      if (ports.size < MAX_NAMES) ports.set(port, name);
    }
    return name;
  }

  /** Requests of one service that are known to be whole, with their calls. */
  #requests(rooted: readonly Rooted[]): void {
    const found = rooted.map(({ root, links }) => {
      const byCall = links.length === 0 ? NO_LINKS : new Map(links.map((link) => [link.call, link]));
      return { root, links, byCall, seen: seenWaits([...byCall.keys()], root.startedAt, endOf(root.exchange)) };
    });
    const queues = findQueues(
      found.map(({ root: { startedAt, exchange }, seen }) => ({
        startedAt,
        endedAt: endOf(exchange),
        waits: seen.map(({ wait }) => wait),
      })),
    );
    const queuesOf = groupBy(queues, ({ request }) => request);
    const ids = new Map(rooted.map(({ root }, index) => [root, this.#idOf(this.#emitted + index)]));
    for (const [index, { root, links, byCall, seen }] of found.entries()) {
      const waits = queuesOf.get(index)?.map(queueWait) ?? [];
      for (const { call, wait } of seen) {
        const { confidence, probability, runnersUp } = byCall.get(call) as Link<Received, OutboundCall>;
        const alternatives = runnersUp.flatMap(({ parent, probability: other }) => {
          const request = parent === undefined ? undefined : ids.get(parent);
          return request === undefined ? [] : [{ request, probability: other }];
        });
        waits.push(waitOf(wait, confidence, probability, alternatives));
      }
      waits.push(...stallsOf(root.exchange).map((stall) => waitOf(stall, 'certain', 1, [])));
      this.#request(
        root.exchange,
        { startedAt: root.startedAt, duration: between(root.startedAt, endOf(root.exchange)) },
        waits.toSorted((one, other) => one.startedAt - other.startedAt),
        links.some(({ confidence }) => confidence !== 'certain'),
      );
    }
  }

  #request(exchange: Exchange, whole: Stretch, waits: Wait[], ambiguous: boolean): void {
    this.#emit(requestOf(this.#idOf(this.#emitted++), exchange, this.input?.vantage ?? null, whole, waits, ambiguous));
  }
}

/** One service's calls until they are linked and can be looked at together. */
class Linker {
  readonly #linker: CallLinker<Received, OutboundCall>;
  readonly #open = new Map<Received, Link<Received, OutboundCall>[]>();
  readonly #flush: (rooted: readonly Rooted[]) => void;
  #settled: Rooted[] = [];

  constructor(flush: (rooted: readonly Rooted[]) => void) {
    this.#flush = flush;
    this.#linker = createCallLinker<Received, OutboundCall>({
      link: (link) => void (link.parent !== undefined && this.#open.get(link.parent)?.push(link)),
      settled: (root) => {
        this.#settled.push({ root, links: this.#open.get(root) ?? [] });
        this.#open.delete(root);
        if (this.#settled.length >= MAX_KEPT) this.#hand();
      },
    });
  }

  received(call: Received): void {
    this.#open.set(call, []);
    this.#linker.received(call);
  }

  sent(call: OutboundCall): void {
    this.#linker.sent(call);
  }

  finish(): void {
    this.#linker.finish();
    this.#hand();
  }

  #hand(): void {
    const settled = this.#settled.toSorted((a, b) => a.root.startedAt - b.root.startedAt);
    this.#settled = [];
    this.#flush(settled);
  }
}
