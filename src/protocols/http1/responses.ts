import { seconds } from '../../base/time.ts';
import type { Arrival } from '../../model/tracked-connection.ts';
import { sawResponse } from '../exchange-record.ts';
import type { Head } from './head.ts';
import type { Pending, PendingRequests } from './pending.ts';
import { BODY, type Reader, type ReaderOwner } from './reader.ts';

const SWITCHING_PROTOCOLS = 101;
const NO_CONTENT = 204;
const NOT_MODIFIED = 304;

const isInterim = (status: number): boolean => status < 200 && status !== SWITCHING_PROTOCOLS;
const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/** What the server's side says: answers begin, go on and are whole, each to the oldest request that has none. */
export class Responses implements ReaderOwner {
  readonly #pending: PendingRequests;
  readonly #switchTo: (pending: Pending, arrival: Arrival) => void;
  /** Whose bytes these are. */
  reader: Reader | null = null;
  #current: Pending | null = null;

  /** @param switchTo the connection speaks something else from here on, as that request asked */
  constructor(pending: PendingRequests, switchTo: (pending: Pending, arrival: Arrival) => void) {
    this.#pending = pending;
    this.#switchTo = switchTo;
  }

  began(head: Head, first: Arrival): void {
    // The end of the one before was lost, but not that it came to one.
    if (this.#current !== null) this.#pending.complete(this.#current, first, true);
    this.#pending.isServerAdrift = false;
    this.#current = isInterim(head.status) ? null : this.#pending.answered(head, first);
  }

  saw(length: number, arrival: Arrival): void {
    this.#pending.isServerHeard = true;
    const current = this.#current;
    if (current !== null && current.exchange !== null && !current.isOver)
      sawResponse(current.exchange, length, arrival);
  }

  headed(head: Head, arrival: Arrival): number {
    const current = this.#current;
    if (current === null || current.exchange === null) return 0;
    const { exchange } = current;
    const { status } = head;
    if (head.retryAfter >= 0) exchange.retryAfter = seconds(head.retryAfter);
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
    if (isSuccess(status) && (head.isStream || current.lasts)) exchange.shape = 'stream';
    if (!current.wasSeen && this.reader !== null) this.reader.doubtsBody = true;
    return body;
  }

  done(arrival: Arrival, isSure: boolean): void {
    if (this.#current !== null) this.#pending.complete(this.#current, arrival, isSure);
    this.#current = null;
  }

  strayed(missing: number): void {
    this.#pending.isServerHeard = true;
    this.#pending.isServerAdrift = true;
    if (missing > 0) this.#pending.missedAnswers(missing);
  }
}

/** RFC 9112 section 6.3. */
function bodyOf(head: Head, isHead: boolean): number {
  if (isHead || head.status === NO_CONTENT || head.status === NOT_MODIFIED) return 0;
  if (head.isChunked) return BODY.chunked;
  if (head.isOtherwiseCoded || head.isLengthUnsure || head.contentLength < 0) return BODY.untilEnd;
  return head.contentLength;
}
