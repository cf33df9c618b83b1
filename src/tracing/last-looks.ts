import type { CallColumns } from './columns.ts';
import { NOBODY } from './link-problem.ts';

// Sums of the same weights in another order differ by less.
const ROUNDING = 1e-9;

/**
 * What was found at each call when it was looked at last: the same again, as long as all requests that could have
 * made it have the calls that they had then, and the plans are the same. Most looks find nothing else.
 */
export class LastLooks {
  readonly #candidates: CallColumns['candidates'];
  /** Counts what changes and what is looked at. */
  #now = 1;
  /** Whatever was found before holds no more. */
  #since = 1;
  /** By request: when it got other calls. */
  readonly #changed: Int32Array;
  /** By call: when it was looked at, 0 for never. */
  readonly #looked: Int32Array;
  /** How, and what came of it. */
  readonly #isWhole: Uint8Array;
  readonly #states: Uint8Array;
  readonly #temperatures: Float64Array;
  /** The share of its weights that is another place's. */
  readonly #leaving: Float64Array;

  constructor({ candidates }: Pick<CallColumns, 'candidates'>, callCount: number, requestCount: number) {
    this.#candidates = candidates;
    this.#changed = new Int32Array(requestCount);
    this.#looked = new Int32Array(callCount);
    this.#isWhole = new Uint8Array(callCount);
    this.#states = new Uint8Array(callCount);
    this.#temperatures = new Float64Array(callCount);
    this.#leaving = new Float64Array(callCount);
  }

  /** The plans, or the calls of all requests. */
  allChanged(): void {
    this.#since = ++this.#now;
  }

  changed(request: number): void {
    if (request !== NOBODY) this.#changed[request] = ++this.#now;
  }

  note(call: number, state: number, isWhole: boolean, temperature: number, leaving: number): void {
    this.#looked[call] = ++this.#now;
    this.#states[call] = state;
    this.#isWhole[call] = isWhole ? 1 : 0;
    this.#temperatures[call] = temperature;
    this.#leaving[call] = leaving;
  }

  /** Whether another look in the same way would find the same. */
  holds(call: number, isWhole: boolean): boolean {
    const looked = this.#looked[call] as number;
    if (looked < this.#since || this.#isWhole[call] !== (isWhole ? 1 : 0)) return false;
    const candidates = this.#candidates[call] as readonly number[];
    for (let index = 0; index < candidates.length; index++)
      if ((this.#changed[candidates[index] as number] as number) > looked) return false;
    return true;
  }

  stateOf(call: number): number {
    return this.#states[call] as number;
  }

  /** Whether it stays where it is, if this is drawn, from 0 to below 1. */
  stays(call: number, temperature: number, drawn: number): boolean {
    return this.#temperatures[call] === temperature && drawn > (this.#leaving[call] as number) + ROUNDING;
  }
}
