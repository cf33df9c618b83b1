import { seconds } from '../../base/time.ts';
import type { Arrival, OpenExchange } from '../../model/tracked-connection.ts';
import { sawResponse } from '../exchange-record.ts';
import { grantIn } from '../grants.ts';
import { MAX_METADATA_BODY, readCredentials } from '../metadata.ts';
import type { Head } from './head.ts';
import type { Pending } from './pending.ts';
import type { RequestQueue } from './queue.ts';
import { BODY, type Reader, type ReaderOwner } from './reader.ts';

const CONTINUE = 100;
const SWITCHING_PROTOCOLS = 101;
const NO_CONTENT = 204;
const NOT_MODIFIED = 304;

const isInterim = (status: number): boolean => status < 200 && status !== SWITCHING_PROTOCOLS;
const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/** What the server's side says: answers begin, go on and are whole, each to the oldest request that has none. */
export class Responses implements ReaderOwner {
  readonly #queue: RequestQueue;
  readonly #switchTo: (pending: Pending, arrival: Arrival) => void;
  /** Whose bytes these are. */
  reader: Reader | null = null;
  #current: Pending | null = null;
  #isInterim = false;
  /** What is read of the current one's head. */
  #head: Head | null = null;
  #body: number[] | null = null;

  /** @param switchTo the connection speaks something else from here on, as that request asked */
  constructor(queue: RequestQueue, switchTo: (pending: Pending, arrival: Arrival) => void) {
    this.#queue = queue;
    this.#switchTo = switchTo;
  }

  began(head: Head, first: Arrival): void {
    // The end of the one before was lost, but not that it came to one.
    if (this.#current !== null) this.#queue.complete(this.#current, first, true);
    this.#queue.isServerAdrift = false;
    this.#isInterim = isInterim(head.status);
    if (head.status === CONTINUE) this.#queue.continued(first);
    this.#head = head;
    this.#current = this.#isInterim ? null : this.#queue.answered(head, first);
  }

  saw(length: number, arrival: Arrival): void {
    this.#queue.isServerHeard = true;
    const current = this.#current;
    if (current === null || current.isOver) {
      this.#queue.isServerAdrift ||= !this.#isInterim;
    } else if (current.exchange !== null) {
      sawResponse(current.exchange, length, arrival);
      if (current.verdict !== null) this.#queue.isHeld(current, arrival);
    }
  }

  headed(head: Head, arrival: Arrival): number {
    const current = this.#current;
    if (current === null || current.exchange === null) return 0;
    const { exchange } = current;
    const { status } = head;
    this.#describe(current, exchange, head);
    this.#head = null;
    if (status === SWITCHING_PROTOCOLS || (current.isConnect && isSuccess(status))) {
      exchange.shape = 'upgrade';
      exchange.keepsConnection = false;
      if (status === SWITCHING_PROTOCOLS && current.upgradesTo === '') current.upgradesTo = head.upgradesTo;
      this.#current = null;
      this.#switchTo(current, arrival);
      return BODY.stop;
    }
    const body = bodyOf(head, current.isHead);
    exchange.keepsConnection = body !== BODY.untilEnd && !head.closes && (head.minor > 0 || head.keepsAlive);
    if (current.mayBeHead && this.reader !== null) this.reader.doubtsBody = true;
    const isWanted = exchange.metadata?.asks === 'credentials' || current.asksForToken;
    this.#body = isWanted && isSuccess(status) && body !== 0 ? [] : null;
    return body;
  }

  /** What is kept of a head, of however much of it was read. */
  #describe(current: Pending, exchange: OpenExchange, head: Head): void {
    if (head.isFromEc2 && exchange.metadata !== null) exchange.metadata.agent = 'ec2';
    if (head.retryAfter >= 0) exchange.retryAfter = seconds(head.retryAfter);
    if (isSuccess(head.status) && (head.isStream || current.lasts)) exchange.shape = 'stream';
  }

  /** Bytes of the body as they stand on the wire, chunks and all: kept of credentials only, until their life is read. */
  body(bytes: Uint8Array, start: number, end: number): void {
    const body = this.#body;
    if (body === null || body.length + end - start > MAX_METADATA_BODY) return;
    for (let position = start; position < end; position++) body.push(bytes[position] as number);
  }

  #readBody(): void {
    const exchange = this.#current?.exchange;
    if (exchange && this.#body !== null) {
      const body = Buffer.from(this.#body).toString('latin1');
      if (exchange.metadata !== null) readCredentials(exchange.metadata, body);
      if (this.#current?.asksForToken === true) exchange.grant = grantIn(body);
    }
    this.#body = null;
  }

  done(arrival: Arrival, isSure: boolean): void {
    this.#readBody();
    if (this.#current !== null) this.#queue.complete(this.#current, arrival, isSure);
    this.#current = null;
    this.#isInterim = false;
  }

  strayed(missing: number, arrival: Arrival): void {
    this.#readBody();
    this.#queue.isServerHeard = true;
    this.#queue.isServerAdrift = true;
    const current = this.#current;
    if (current === null || current.isOver) {
      if (missing > 0) this.#queue.missedAnswers(missing, arrival);
    } else if (current.exchange !== null && this.#head !== null) {
      this.#describe(current, current.exchange, this.#head);
    }
    this.#head = null;
  }
}

/** RFC 9112 section 6.3. */
function bodyOf(head: Head, isHead: boolean): number {
  if (isHead || head.status === NO_CONTENT || head.status === NOT_MODIFIED) return 0;
  if (head.isChunked) return BODY.chunked;
  if (head.isOtherwiseCoded || head.isLengthUnsure || head.contentLength < 0) return BODY.untilEnd;
  return head.contentLength;
}
