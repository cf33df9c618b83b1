import type { Timestamp } from '../../base/time.ts';
import { at } from '../../base/time.ts';
import type { Side } from '../../model/connection.ts';
import type { ExchangeOutcome, ExchangeProtocol } from '../../model/exchange.ts';
import type { Arrival, OpenExchange } from '../../model/tracked-connection.ts';
import { beginExchange, endExchange } from '../exchange-record.ts';
import type { ConversationContext, StreamEnd } from '../protocol.ts';
import { Endings, endWith } from '../endings.ts';
import { MAX_OPEN, type Waiting } from './in-order.ts';

/** Requests whose answers carry their number. */
export class ByNumber<Note> {
  readonly #context: ConversationContext;
  readonly #protocol: ExchangeProtocol;
  readonly #endings: Endings;
  /** In order of their start. */
  readonly #waiting = new Map<number, Waiting<Note>>();
  /** Some of them may have been answered unseen. */
  #answersLost = false;
  #heardAt = at(-Infinity);

  constructor(context: ConversationContext, protocol: ExchangeProtocol) {
    this.#context = context;
    this.#protocol = protocol;
    this.#endings = new Endings(context);
  }

  begin(number: number, first: Arrival, note: Note): OpenExchange {
    // A request from behind a hole is handed on late: its answer may have been handed on before.
    if (first.time < this.#heardAt) this.#answersLost = true;
    const former = this.#waiting.get(number);
    if (former !== undefined) this.#giveUp(number, former, first);
    if (this.#waiting.size >= MAX_OPEN) {
      const [oldest] = this.#waiting;
      if (oldest !== undefined) this.#giveUp(oldest[0], oldest[1], first);
    }
    const exchange = beginExchange(this.#context, this.#protocol, first);
    this.#waiting.set(number, { exchange, note });
    return exchange;
  }

  find(number: number): Waiting<Note> | undefined {
    return this.#waiting.get(number);
  }

  some(fits: (exchange: OpenExchange) => boolean): boolean {
    for (const { exchange } of this.#waiting.values()) if (fits(exchange)) return true;
    return false;
  }

  /** The next answer to it carries another number. */
  renumber(number: number, next: number): void {
    const waiting = this.#waiting.get(number);
    if (waiting === undefined || this.#waiting.has(next)) return;
    this.#waiting.delete(number);
    this.#waiting.set(next, waiting);
  }

  answered(number: number, arrival: Arrival, outcome: ExchangeOutcome): void {
    const waiting = this.#waiting.get(number);
    if (waiting === undefined) return;
    if (this.#answersLost) {
      // Servers answer in order: what was asked before was answered before.
      for (const [earlier, entry] of this.#waiting) {
        if (earlier === number) break;
        this.#giveUp(earlier, entry, arrival);
      }
      this.#answersLost = false;
    }
    this.#waiting.delete(number);
    endExchange(this.#context, waiting.exchange, arrival, outcome);
  }

  /** Bytes came from the server. */
  heard(time: Timestamp): void {
    if (time > this.#heardAt) this.#heardAt = time;
  }

  answersLost(): void {
    this.#answersLost = true;
  }

  end(from: Side, arrival: Arrival, because: StreamEnd): void {
    const ending = this.#endings.of(from, because);
    if (ending === null) return;
    for (const [number, entry] of this.#waiting) {
      if (this.#answersLost) this.#giveUp(number, entry, arrival);
      else endWith(this.#context, entry.exchange, arrival, ending);
    }
    this.#waiting.clear();
  }

  #giveUp(number: number, { exchange }: Waiting<Note>, arrival: Arrival): void {
    this.#waiting.delete(number);
    endExchange(this.#context, exchange, arrival, 'incomplete');
  }
}
