import { at, between, milliseconds, type Timestamp } from '../../base/time.ts';
import type { Side } from '../../model/connection.ts';
import type { ExchangeOutcome, ExchangeProtocol } from '../../model/exchange.ts';
import type { Arrival, OpenExchange } from '../../model/tracked-connection.ts';
import { beginExchange, endExchange } from '../exchange-record.ts';
import type { ConversationContext, StreamEnd } from '../protocol.ts';
import { Endings, endWith } from '../endings.ts';

/** Requests kept of one connection that wait for their answers; about 1 KB each. Those beyond are only counted. */
export const MAX_OPEN = 1024;
// Behind lost bytes the answers to a client that goes on asking can't be told apart until both
// sides were silent for longer than such servers take; one that is slower is not asked so.
const QUIET = milliseconds(50);
// A server that answered this many requests of the connection has shown how long it takes: a silence
// of four times its slowest answer is as good. Not less than what a kernel puts a busy program aside
// for (a tick, where it counts a hundred a second).
const ENOUGH_ANSWERS = 32;
const SLOWEST_TIMES = 4;
const LEAST_QUIET = milliseconds(10);

/** A request that waits, and what its protocol must remember of it. */
export interface Waiting<Note> {
  readonly exchange: OpenExchange;
  readonly note: Note;
}

/**
 * Requests whose answers come in their order and carry no number. Where bytes were lost, what
 * can't be paired for certain stays unpaired: a wrong time is worse than none.
 */
export class InOrder<Note> {
  readonly #context: ConversationContext;
  readonly #protocol: ExchangeProtocol;
  readonly #endings: Endings;
  #waiting: Waiting<Note>[] = [];
  /** So many of them can be told their answer; the others wait behind lost bytes. */
  #certain = Infinity;
  /** The server said something behind the lost bytes. */
  #heardSince = false;
  #uncounted = 0;
  /** The client goes on asking while some requests are answered and others wait; others send one, or many at once, and wait for all. */
  #interleaves = false;
  #answeredAt = at(-Infinity);
  #answers = 0;
  #slowest = 0;
  /** One request of this connection came when no other could be waiting. */
  #settled: boolean;
  #heardAt = at(-Infinity);

  constructor(context: ConversationContext, protocol: ExchangeProtocol) {
    this.#context = context;
    this.#protocol = protocol;
    this.#endings = new Endings(context);
    this.#settled = context.fromStart;
  }

  /** The one that what the server sends now belongs to; undefined where none is, or none for certain. */
  get front(): Waiting<Note> | undefined {
    return this.#certain > 0 ? this.#waiting[0] : undefined;
  }

  has(entry: Waiting<Note>): boolean {
    return this.#waiting.includes(entry);
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Whose answer comes next can't be told: bytes were lost. The next request may settle it. */
  get inDoubt(): boolean {
    return this.#certain <= 0;
  }

  /** A request begins. Its answer's place is known unless {@link inDoubt}. @returns undefined where there are too many */
  begin(first: Arrival, note: Note): Waiting<Note> | undefined {
    if (this.#uncounted > 0 || this.#waiting.length >= MAX_OPEN) {
      this.#uncounted++;
      return undefined;
    }
    // A request from behind a hole is handed on late: its answer may have been handed on before.
    const isLate = first.time < this.#heardAt;
    if (this.#certain !== Infinity) this.#settle(first, isLate);
    else if (this.#waiting.length > 0 && !isLate) this.#overlap();
    else if (!isLate) this.#settled = true;
    if (isLate && this.#certain === Infinity) this.#doubt(this.#waiting.length, false);
    const entry = { exchange: beginExchange(this.#context, this.#protocol, first), note };
    this.#waiting.push(entry);
    return entry;
  }

  /** The answer that was at hand is whole. */
  answered(arrival: Arrival, outcome: ExchangeOutcome): void {
    const front = this.front;
    if (front === undefined) {
      if (this.#waiting.length === 0 && this.#uncounted > 0) this.#uncounted--;
      return;
    }
    this.#waiting.shift();
    this.#certain--;
    this.#answeredAt = arrival.time;
    this.#answers++;
    this.#slowest = Math.max(this.#slowest, arrival.time - front.exchange.startedAt);
    endExchange(this.#context, front.exchange, arrival, outcome);
  }

  /** Bytes came from the server. */
  heard(time: Timestamp): void {
    if (time > this.#heardAt) this.#heardAt = time;
    this.#heardSince = true;
  }

  /** Requests may be missing from here on. */
  requestsLost(): void {
    this.#doubt(this.#waiting.length, false);
  }

  /** Answers may be missing. */
  answersLost(): void {
    this.#doubt(0, true);
  }

  /** All that wait are over, and nobody saw how. */
  abandon(arrival: Arrival): void {
    for (const { exchange } of this.#waiting) endExchange(this.#context, exchange, arrival, 'incomplete');
    this.#waiting = [];
    this.#certain = Infinity;
  }

  end(from: Side, arrival: Arrival, because: StreamEnd): void {
    const ending = this.#endings.of(from, because);
    if (ending === null) return;
    const certain = this.#certain;
    for (const [index, { exchange }] of this.#waiting.entries()) {
      if (index < certain) endWith(this.#context, exchange, arrival, ending);
      else endExchange(this.#context, exchange, arrival, 'incomplete');
    }
    this.#waiting = [];
  }

  #doubt(certain: number, heard: boolean): void {
    this.#certain = Math.min(this.#certain, certain);
    this.#heardSince = heard;
  }

  /** A request while another waits. */
  #overlap(): void {
    const oldest = this.#waiting[0]?.exchange.startedAt ?? at(Infinity);
    this.#interleaves ||= this.#answeredAt >= oldest;
    // From the midst of a connection there may be more before them.
    if (!this.#settled) this.#doubt(0, false);
  }

  #settle(first: Arrival, isLate: boolean): void {
    if (isLate || this.#certain > 0) return;
    const quiet = between(this.#context.connection.previousDataAt, first.time) >= this.#quiet();
    if (!quiet && (this.#interleaves || !this.#heardSince)) return;
    this.abandon(first);
    this.#settled = true;
  }

  #quiet(): number {
    if (this.#answers < ENOUGH_ANSWERS) return QUIET;
    return Math.min(QUIET, Math.max(LEAST_QUIET, SLOWEST_TIMES * this.#slowest));
  }
}
