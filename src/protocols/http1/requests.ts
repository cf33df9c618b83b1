import { between, nanoseconds, type Timestamp } from '../../base/time.ts';
import type { Arrival, OpenExchange } from '../../model/tracked-connection.ts';
import { sawRequest } from '../exchange-record.ts';
import { asksForOwnToken, MAX_GRANT_REQUEST, mayAskForToken } from '../grants.ts';
import { metadataOf } from '../metadata.ts';
import type { Head } from './head.ts';
import type { Pending } from './pending.ts';
import type { RequestQueue } from './queue.ts';
import { BODY, type ReaderOwner } from './reader.ts';

const UNKNOWN = nanoseconds(Number.NaN);

/** What the client's side says: requests begin, go on and are whole. */
export class Requests implements ReaderOwner {
  readonly #queue: RequestQueue;
  #current: Pending | null = null;
  /** What is read of the current one's head. */
  #head: Head | null = null;
  /** The form of a request that may ask for a token, until it is read. */
  #form: number[] | null = null;
  /** When the head ended of a request whose body its client holds back until it is asked for it. */
  #waitsSince: Timestamp | null = null;
  readonly turnedToHttp2: (arrival: Arrival) => void;

  constructor(queue: RequestQueue, turnedToHttp2: (arrival: Arrival) => void) {
    this.#queue = queue;
    this.turnedToHttp2 = turnedToHttp2;
  }

  began(head: Head, first: Arrival): void {
    this.#current = this.#queue.open(head, first);
    this.#head = head;
  }

  saw(length: number, arrival: Arrival): void {
    const exchange = this.#current?.exchange;
    // Behind lost bytes it can't be told whose they are: the request's at hand, until it is answered.
    if (!exchange || this.#current?.isOver !== false) return;
    if (this.#waitsSince !== null) this.#goesOn(exchange, arrival);
    sawRequest(exchange, length, arrival);
    // The rest of the head may never come.
    if (this.#head !== null) exchange.host = this.#head.host;
  }

  #describe(head: Head): void {
    const exchange = this.#current?.exchange;
    if (!exchange) return;
    exchange.traceIds = head.traceIds;
    exchange.metadata = metadataOf(exchange, head.userAgent);
  }

  /** The body's first bytes, of a client that held them back. */
  #goesOn({ expectation }: OpenExchange, { time }: Arrival): void {
    // Once it is asked for, a body comes as fast as its client makes it.
    if (expectation !== null && !expectation.answered)
      expectation.waited = nanoseconds(Math.max(0, between(this.#waitsSince as Timestamp, time)));
    this.#waitsSince = null;
  }

  headed(head: Head, { time }: Arrival): number {
    this.#describe(head);
    this.#head = null;
    const exchange = this.#current?.exchange;
    if (exchange) exchange.asksToClose = head.closes || (head.minor === 0 && !head.keepsAlive);
    this.#waitsSince = null;
    if (exchange && head.expectsContinue) {
      exchange.expectation = { waited: UNKNOWN, answered: false };
      this.#waitsSince = time;
    }
    this.#form = exchange && mayAskForToken(exchange) ? [] : null;
    if (head.upgrades) (this.#current as Pending).upgradesTo = head.upgradesTo;
    if (head.isChunked) return BODY.chunked;
    // Any other coding is an error for a request, which has no other end (RFC 9112 section 6.3).
    return Math.max(0, head.contentLength);
  }

  /** Kept of what may ask for a token only, until it is known what kind. */
  body(bytes: Uint8Array, start: number, end: number): void {
    const form = this.#form;
    if (form === null || form.length + end - start > MAX_GRANT_REQUEST) return;
    for (let position = start; position < end; position++) form.push(bytes[position] as number);
  }

  #readForm(): void {
    if (this.#form === null) return;
    if (this.#current !== null)
      this.#current.asksForToken = asksForOwnToken(Buffer.from(this.#form).toString('latin1'));
    this.#form = null;
  }

  done(): void {
    this.#readForm();
    if (this.#current !== null) this.#queue.sent(this.#current);
    this.#current = null;
  }

  strayed(missing: number): void {
    if (this.#head !== null) this.#describe(this.#head);
    const current = this.#current;
    // What is missing behind an open request whose end is not known belongs to it.
    if (current !== null && !current.isOver) this.#queue.sent(current);
    else if (missing > 0) this.#queue.missedRequests(missing);
    this.#head = null;
  }
}
