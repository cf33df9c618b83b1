import { between, nanoseconds, type Duration, type Timestamp } from '../base/time.ts';
import { directionOf } from '../model/direction.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Vantage } from '../model/input.ts';
import type { Request, Wait } from '../model/request.ts';
import { endOf, firstAndLast, saidOf } from './outbound.ts';

const NOTHING: readonly never[] = [];

/** What such a request says that the exchange does not. */
interface Naming {
  /** A request's id by its place. */
  idOf(place: number): string;
  /** `address:port`. */
  nameOf(server: string, port: number): string;
}

// Both read the exchange itself, since hardly any of it is asked for. Classes: V8 keeps a literal with a getter in it
// as a hash table.

class OwnWait implements Wait {
  call: Exchange;
  duration = nanoseconds(Number.NaN);
  readonly confidence = 'certain';
  readonly probability = 1;
  readonly alternatives: Wait['alternatives'] = NOTHING;
  readonly #naming: Naming;

  constructor(call: Exchange, naming: Naming) {
    this.call = call;
    this.#naming = naming;
  }

  get reason(): Wait['reason'] {
    return this.call.metadata === null ? 'upstream' : 'metadata';
  }
  get to(): string {
    return this.#naming.nameOf(this.call.server, this.call.serverPort);
  }
  get ref(): string {
    return this.call.id;
  }
  get what(): string {
    return saidOf(this.call);
  }
  get startedAt(): Timestamp {
    return this.call.startedAt;
  }
  get critical(): Duration {
    return this.duration;
  }
  get packets(): Wait['packets'] {
    return firstAndLast(this.call.packets);
  }
}

class OwnAnswer implements Request {
  place = 0;
  call: Exchange;
  vantage: Vantage | null = null;
  readonly wait: OwnWait;
  readonly waits: readonly Wait[];
  readonly own = nanoseconds(0);
  readonly ambiguous = false;
  readonly #naming: Naming;

  constructor(call: Exchange, naming: Naming) {
    this.call = call;
    this.wait = new OwnWait(call, naming);
    this.waits = [this.wait];
    this.#naming = naming;
  }

  get id(): string {
    return this.#naming.idOf(this.place);
  }
  get direction(): Request['direction'] {
    const { client, server, backend } = this.call;
    return this.vantage === null ? 'unknown' : directionOf(this.vantage, client, server, backend);
  }
  get input(): number {
    return this.call.input;
  }
  get exchange(): string {
    return this.call.id;
  }
  get protocol(): Request['protocol'] {
    return this.call.protocol;
  }
  get client(): string {
    return this.call.client;
  }
  get clientPort(): number {
    return this.call.clientPort;
  }
  get server(): string {
    return this.call.server;
  }
  get serverPort(): number {
    return this.call.serverPort;
  }
  get backend(): string | null {
    return this.call.backend;
  }
  get method(): string {
    return this.call.method;
  }
  get path(): string {
    return this.call.path;
  }
  get host(): string {
    return this.call.host;
  }
  get status(): number {
    return this.call.status;
  }
  get grpcStatus(): number {
    return this.call.grpcStatus;
  }
  get outcome(): Request['outcome'] {
    return this.call.outcome;
  }
  get startedAt(): Timestamp {
    return this.call.startedAt;
  }
  get duration(): Duration {
    return this.wait.duration;
  }
  get packets(): Request['packets'] {
    return this.call.packets;
  }
}

/**
 * The request that a client's call is where it waited for nothing but its answer, as nearly all do.
 * One record stands for each in turn: who keeps a row makes a copy of it.
 */
export function createOwnAnswer(naming: Naming) {
  let request: OwnAnswer | null = null;

  return (place: number, exchange: Exchange, vantage: Vantage | null): Request => {
    request ??= new OwnAnswer(exchange, naming);
    request.place = place;
    request.call = exchange;
    request.vantage = vantage;
    request.wait.call = exchange;
    request.wait.duration = between(exchange.startedAt, endOf(exchange));
    return request;
  };
}
