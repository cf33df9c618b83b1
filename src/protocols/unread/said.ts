import type { Side } from '../../model/connection.ts';
import type { Arrival } from '../../model/tracked-connection.ts';
import type { StreamEnd } from '../protocol.ts';

// So often a client went on behind an answer, and no protocol knew it: what is known shows with a request or two.
const MAX_TURNS = 8;
// Notes of one connection, and of all: twice as many as turns need, of about 100 bytes each.
const MAX_SAID = 64;
const MAX_SAID_TOTAL = 1 << 16;

/** That one side said so much, lacked it, or ended: what is known of it without its bytes. */
export interface Said {
  readonly from: Side;
  readonly length: number;
  readonly missing: boolean;
  readonly because: StreamEnd | null;
  readonly arrival: Arrival;
}

/** Who said how much when, of a connection of which nobody knows yet what it speaks: to be told by whose turn it was. */
export class SaidSoFar {
  /** Notes of all connections. */
  readonly #all: { said: number };
  #notes: Said[] = [];
  #last: Side | null = null;
  #turns = 0;

  constructor(all: { said: number }) {
    this.#all = all;
  }

  /** So many bytes came, whether or not the capture holds them. */
  heard(from: Side, length: number, arrival: Arrival): void {
    if (from === 'client' && this.#last === 'server') this.#turns++;
    this.#last = from;
    this.#note(from, length, false, null, arrival);
  }

  missed(from: Side, length: number, arrival: Arrival): void {
    this.#note(from, length, true, null, arrival);
  }

  ended(from: Side, because: StreamEnd, arrival: Arrival): void {
    this.#note(from, 0, false, because, arrival);
  }

  get isNothing(): boolean {
    return this.#last === null;
  }

  /** The two have taken turns so often that what they say is in no protocol that is read. */
  get areManyTurns(): boolean {
    return this.#turns >= MAX_TURNS;
  }

  /** All notes, which are forgotten. */
  take(): readonly Said[] {
    const notes = this.#notes;
    this.#all.said -= notes.length;
    this.#notes = [];
    return notes;
  }

  #note(from: Side, length: number, missing: boolean, because: StreamEnd | null, arrival: Arrival): void {
    if (this.#notes.length >= MAX_SAID || this.#all.said >= MAX_SAID_TOTAL) return;
    const { input, number, time } = arrival;
    this.#notes.push({ from, length, missing, because, arrival: { input, number, time } });
    this.#all.said++;
  }
}
