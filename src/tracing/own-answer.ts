import { between, nanoseconds, NEVER } from '../base/time.ts';
import { directionOf } from '../model/direction.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Vantage } from '../model/input.ts';
import type { Request, Wait } from '../model/request.ts';
import { endOf, saidOf } from './outbound.ts';

const UNKNOWN = nanoseconds(Number.NaN);
const NOTHING: readonly never[] = [];

/** A wait of {@link OwnRequest}. */
class OwnWait implements Wait {
  reason: Wait['reason'] = 'upstream';
  to = '';
  ref = '';
  what = '';
  startedAt = NEVER;
  duration = UNKNOWN;
  critical = UNKNOWN;
  readonly confidence = 'certain';
  readonly probability = 1;
  readonly alternatives: Wait['alternatives'] = NOTHING;
  packets: Wait['packets'] = NOTHING;
}

// A class, since V8 keeps a literal with a getter in it as a hash table: each of a request's fields is read some dozen times.
class OwnRequest implements Request {
  place = 0;
  input = 0;
  exchange = '';
  protocol: Request['protocol'] = 'http/1.1';
  direction: Request['direction'] = 'unknown';
  client = '';
  clientPort = 0;
  server = '';
  serverPort = 0;
  backend: string | null = null;
  method = '';
  path = '';
  host = '';
  status = 0;
  grpcStatus = 0;
  outcome: Request['outcome'] = 'ok';
  startedAt = NEVER;
  duration = UNKNOWN;
  readonly wait = new OwnWait();
  readonly waits: Wait[] = [this.wait];
  readonly own = nanoseconds(0);
  readonly ambiguous = false;
  packets: Request['packets'] = NOTHING;
  readonly #idOf: (place: number) => string;

  constructor(idOf: (place: number) => string) {
    this.#idOf = idOf;
  }

  // Of the few that are kept it is asked for: a text less for each of the others.
  get id(): string {
    return this.#idOf(this.place);
  }
}

/**
 * The request that a client's call is where it waited for nothing but its answer, as nearly all do.
 * One record is filled anew for each: who keeps a row makes a copy of it.
 * @param idOf a request's id by its place
 */
export function createOwnAnswer(idOf: (place: number) => string) {
  const request = new OwnRequest(idOf);
  const { wait } = request;

  /** @param to the server and its port in one */
  return (place: number, exchange: Exchange, vantage: Vantage | null, to: string): Request => {
    request.place = place;
    const { client, server, backend, startedAt, packets } = exchange;
    const duration = between(startedAt, endOf(exchange));
    wait.reason = exchange.metadata === null ? 'upstream' : 'metadata';
    wait.to = to;
    wait.ref = exchange.id;
    wait.what = saidOf(exchange);
    wait.startedAt = startedAt;
    wait.duration = duration;
    wait.critical = duration;
    wait.packets = packets;
    request.input = exchange.input;
    request.exchange = exchange.id;
    request.protocol = exchange.protocol;
    request.direction = vantage === null ? 'unknown' : directionOf(vantage, client, server, backend);
    request.client = client;
    request.clientPort = exchange.clientPort;
    request.server = server;
    request.serverPort = exchange.serverPort;
    request.backend = backend;
    request.method = exchange.method;
    request.path = exchange.path;
    request.host = exchange.host;
    request.status = exchange.status;
    request.grpcStatus = exchange.grpcStatus;
    request.outcome = exchange.outcome;
    request.startedAt = startedAt;
    request.duration = duration;
    request.packets = packets;
    return request;
  };
}
