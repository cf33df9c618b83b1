import { at } from '../../base/time.ts';
import type { Arrival, OpenExchange } from '../../model/tracked-connection.ts';
import { sawResponse } from '../exchange-record.ts';
import { askedMore } from '../endings.ts';

/** A request (or an answer) that began, of which it isn't known yet what it is or whose. */
export class Beginning {
  /** There is one. */
  pending = false;
  /** The packet of its first byte. */
  readonly first = { input: 0, number: 0, time: at(0) };
  #bytes = 0;

  start(first: Arrival): void {
    this.pending = true;
    this.first.input = first.input;
    this.first.number = first.number;
    this.first.time = first.time;
    this.#bytes = 0;
  }

  bytes(length: number): void {
    this.#bytes += length;
  }

  /** It is none after all. */
  drop(): void {
    this.pending = false;
  }

  /** It is this one: which gets what came of it. */
  become(exchange: OpenExchange | undefined, arrival: Arrival): void {
    this.pending = false;
    if (exchange === undefined) return;
    askedMore(exchange, 0, this.first);
    askedMore(exchange, this.#bytes, arrival);
  }

  /** The same of an answer. */
  becomeAnswer(exchange: OpenExchange | undefined, arrival: Arrival): void {
    this.pending = false;
    if (exchange === undefined) return;
    sawResponse(exchange, 0, this.first);
    sawResponse(exchange, this.#bytes, arrival);
  }
}
