import { at, between, nanoseconds, type Timestamp } from '../base/time.ts';
import { copyConnection, DNS_PROTOCOL, type Connection } from '../model/connection.ts';
import { directionOf } from '../model/direction.ts';
import { copyExchange, type Exchange } from '../model/exchange.ts';
import type { Input } from '../model/input.ts';
import { copyLookup, type Confidence, type Lookup } from '../model/lookup.ts';
import type { Observer } from '../model/observer.ts';
import type { Request, ServiceChoice, Wait } from '../model/request.ts';
import type { CallLinker, Link, ReceivedCall } from './calls.ts';
import { criticalShares, ownTime } from './critical-path.ts';
import { createCallLinker } from './link-calls.ts';
import { outboundCalls, saidOf, type OutboundCall, type WaitDraft } from './outbound.ts';
import { findQueues, type InFlight } from './queueing.ts';
import { Services } from './services.ts';

// Rows that are looked at together: those of one request lie within it, and few last longer than this many others.
const MAX_KEPT = 1 << 14;
// Of these the younger half waits for what belongs to it and is still on its way.
const SETTLED_SHARE = 0.5;

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
export function createRequests({ service, emit }: RequestsOptions): Required<Omit<Observer, 'request'>> {
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
  #lookups: Lookup[] = [];
  #connections: Connection[] = [];
  #exchanges: Exchange[] = [];
  #emitted = 0;
  #hasInbound = false;

  constructor(number: number, service: ServiceChoice | null, emit: (request: Request) => void) {
    this.#number = number;
    this.#services = new Services(service);
    this.#emit = emit;
  }

  lookup(lookup: Lookup): void {
    this.#services.calls(lookup.client);
    this.#lookups.push(copyLookup(lookup));
    this.#kept();
  }

  connection(connection: Connection): void {
    if (connection.exchanges > 0 || connection.protocol === DNS_PROTOCOL) return;
    this.#connections.push(copyConnection(connection));
    this.#kept();
  }

  exchange(exchange: Exchange): void {
    if (exchange.shape !== 'call') return;
    this.#services.calls(exchange.client);
    this.#exchanges.push(copyExchange(exchange));
    this.#kept();
  }

  finish(): void {
    this.#link(Infinity);
    for (const linker of this.#linkers.values()) linker.finish();
  }

  #kept(): void {
    const kept = this.#lookups.length + this.#connections.length + this.#exchanges.length;
    if (kept < MAX_KEPT) return;
    const starts = [...this.#lookups, ...this.#connections, ...this.#exchanges]
      .map(({ startedAt }) => startedAt as number)
      .toSorted((a, b) => a - b);
    this.#link(starts[Math.floor(starts.length * SETTLED_SHARE)] as number);
  }

  /** All rows that began before then. */
  #link(before: number): void {
    if (this.input !== null) this.#services.placed(this.input.vantage);
    const isOld = ({ startedAt }: { startedAt: Timestamp }): boolean => startedAt < before;
    const exchanges = this.#exchanges.filter(isOld);
    const connections = this.#connections.filter(isOld);
    const lookups = this.#lookups.filter(isOld);
    this.#exchanges = this.#exchanges.filter((row) => !isOld(row));
    this.#connections = this.#connections.filter((row) => !isOld(row));
    this.#lookups = this.#lookups.filter((row) => !isOld(row));

    const receivers = new Map<Exchange, string>();
    for (const exchange of exchanges) {
      const receiver = this.#services.receiverOf(exchange);
      if (receiver !== null) receivers.set(exchange, receiver);
    }
    if (receivers.size > 0) this.#hasInbound = true;
    const calls = outboundCalls({ lookups, connections, exchanges });
    if (!this.#hasInbound) {
      for (const call of calls) {
        if (call.exchange !== null && this.#services.isCaller(call.client)) this.#ownRequest(call, call.exchange);
      }
      return;
    }
    const received = [...receivers].toSorted(([a], [b]) => a.startedAt - b.startedAt);
    for (const [exchange, address] of received) {
      const { startedAt, duration, traceIds } = exchange;
      this.#linkerOf(address).received({
        id: exchange.id,
        kind: saidOf(exchange),
        startedAt,
        endedAt: at(startedAt + duration),
        identifiers: traceIds,
        exchange,
      });
    }
    for (const call of calls) this.#linkers.get(call.client)?.sent(call);
  }

  #linkerOf(address: string): Linker {
    let linker = this.#linkers.get(address);
    if (linker === undefined) {
      linker = new Linker((rooted) => this.#requests(rooted));
      this.#linkers.set(address, linker);
    }
    return linker;
  }

  /** A client's own call: what it waited for is certain, it is all the call's own. */
  #ownRequest(call: OutboundCall, exchange: Exchange): void {
    const waits = call.waits.map((wait) => waitOf(wait, 'certain', 1, []));
    const whole = { startedAt: call.startedAt, duration: between(call.startedAt, call.endedAt) };
    this.#request(exchange, whole, waits, false);
  }

  /** Requests of one service that are known to be whole, with their calls. */
  #requests(rooted: readonly Rooted[]): void {
    const inFlight: InFlight[] = rooted.map(({ root, links }) => ({
      startedAt: root.startedAt,
      endedAt: root.endedAt,
      calls: links.map(({ call }) => call).toSorted((a, b) => a.startedAt - b.startedAt),
    }));
    const queues = new Map<number, WaitDraft[]>();
    for (const { request, resource, startedAt, endedAt } of findQueues(inFlight)) {
      const wait: WaitDraft = { reason: 'queue', to: resource, ref: '', what: '', startedAt, endedAt };
      queues.set(request, [...(queues.get(request) ?? []), wait]);
    }
    const ids = new Map(rooted.map(({ root }, index) => [root, `${this.#number}.r${this.#emitted + index}`]));
    for (const [index, { root, links }] of rooted.entries()) {
      const waits: Wait[] = (queues.get(index) ?? []).map((wait) => waitOf(wait, 'likely', 1, []));
      for (const { call, confidence, probability, runnersUp } of links) {
        const alternatives = runnersUp.flatMap(({ parent, probability: other }) => {
          const request = parent === undefined ? undefined : ids.get(parent);
          return request === undefined ? [] : [{ request, probability: other }];
        });
        for (const wait of call.waits) waits.push(waitOf(wait, confidence, probability, alternatives));
      }
      for (const stall of stallsOf(root.exchange)) waits.push(waitOf(stall, 'certain', 1, []));
      const whole = { startedAt: root.startedAt, duration: between(root.startedAt, root.endedAt) };
      this.#request(
        root.exchange,
        whole,
        waits.toSorted((a, b) => a.startedAt - b.startedAt),
        links.some(({ confidence }) => confidence !== 'certain'),
      );
    }
  }

  #request(
    exchange: Exchange,
    whole: { startedAt: Timestamp; duration: Request['duration'] },
    waits: readonly Wait[],
    ambiguous: boolean,
  ): void {
    const shares = criticalShares(whole, waits);
    const { client, server, backend } = exchange;
    const vantage = this.input?.vantage;
    this.#emit({
      id: `${this.#number}.r${this.#emitted++}`,
      input: this.#number,
      exchange: exchange.id,
      protocol: exchange.protocol,
      direction: vantage === undefined ? 'unknown' : directionOf(vantage, client, server, backend),
      client,
      clientPort: exchange.clientPort,
      server,
      serverPort: exchange.serverPort,
      method: exchange.method,
      path: exchange.path,
      host: exchange.host,
      status: exchange.status,
      grpcStatus: exchange.grpcStatus,
      outcome: exchange.outcome,
      ...whole,
      waits: waits.map((wait, index) => ({ ...wait, critical: shares[index] as Wait['critical'] })),
      own: ownTime(whole, shares),
      ambiguous,
    });
  }
}

function waitOf(
  { startedAt, endedAt, reason, to, ref, what }: WaitDraft,
  confidence: Confidence,
  probability: number,
  alternatives: Wait['alternatives'],
): Wait {
  const duration = nanoseconds(Math.max(0, endedAt - startedAt));
  return {
    reason,
    to,
    ref,
    what,
    startedAt,
    duration,
    critical: nanoseconds(0),
    confidence,
    probability,
    alternatives,
  };
}

/** What the network held up of the request itself and of its answer. */
function stallsOf({ stalls, connection, client, clientPort }: Exchange): WaitDraft[] {
  return stalls
    .filter(({ reason }) => reason === 'loss' || reason === 'zero-window' || reason === 'flow-control')
    .map(({ startedAt, duration, reason }) => ({
      reason: 'stall',
      to: `${client}:${clientPort}`,
      ref: connection,
      what: reason,
      startedAt,
      endedAt: at(startedAt + duration),
    }));
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
