import type { Arrival } from '../../model/tracked-connection.ts';
import type { Budget } from './budget.ts';

// What servers let clients send before they answer is 16 KB by default (OpenSSL, Go, NSS).
const MAX_HELD_BYTES = 1 << 16;

/** Early data until it is known whether the server takes it: one that refuses gets it again. */
export class HeldData {
  readonly #budget: Budget;
  #pieces: { bytes: Uint8Array; arrival: Arrival }[] = [];
  #size = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** @returns false where there is no room for it */
  hold(bytes: Uint8Array, { input, number, time }: Arrival): boolean {
    if (this.#size + bytes.length > MAX_HELD_BYTES || !this.#budget.take(bytes.length)) return false;
    this.#size += bytes.length;
    this.#pieces.push({ bytes, arrival: { input, number, time } });
    return true;
  }

  /** Hands on what was held, in order. */
  release(take: (bytes: Uint8Array, arrival: Arrival) => void): void {
    const pieces = this.#pieces;
    this.drop();
    for (const { bytes, arrival } of pieces) take(bytes, arrival);
  }

  drop(): void {
    this.#budget.give(this.#size);
    this.#pieces = [];
    this.#size = 0;
  }
}
