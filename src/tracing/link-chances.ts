import { NOBODY, type LinkProblem } from './link-problem.ts';
import type { Moves } from './moves.ts';

// What was learned is less sure than it looks: it was learned from links that may be wrong.
export const CAUTION = 1.5;

/**
 * How likely each parent of a call is, from samples of all links: in each one, of what it could
 * be while all others stay. What is not looked at again is as it was the last time.
 */
export class LinkChances {
  readonly #problem: LinkProblem;
  /** By call: where its candidates begin in the sums, nobody behind them. */
  readonly #begins: Int32Array;
  /** The sum over samples. */
  readonly #sums: Float64Array;
  /** What the last sample said that it was looked at in, and which one that was: 0 for none. */
  readonly #last: Float64Array;
  readonly #lastOf: Int32Array;
  #samples = 0;

  constructor(problem: LinkProblem) {
    const { callCount, calls } = problem;
    this.#problem = problem;
    this.#begins = new Int32Array(callCount + 1);
    this.#lastOf = new Int32Array(callCount);
    let count = 0;
    for (let call = 0; call < callCount; call++) {
      count += (calls.candidates[call] as readonly number[]).length + 1;
      this.#begins[call + 1] = count;
    }
    this.#sums = new Float64Array(count);
    this.#last = new Float64Array(count);
  }

  begin(): void {
    this.#samples++;
  }

  /** @param moves weighed, as {@link CAUTION} says */
  note(call: number, { targets, weights, staying, total, count }: Moves): void {
    const candidates = this.#problem.calls.candidates[call] as readonly number[];
    const begin = this.#begins[call] as number;
    const end = this.#begins[call + 1] as number;
    const owner = begin + placeOf(this.#problem.owners[call] as number, candidates);
    const last = this.#last;
    const times = this.#samples - (this.#lastOf[call] as number);
    // Until it was looked at for the first time it was beyond doubt.
    if (this.#lastOf[call] === 0) this.#sums[owner] = times - 1;
    for (let place = begin; place < end; place++) {
      this.#sums[place] = (this.#sums[place] as number) + times * (last[place] as number);
      last[place] = 0;
    }
    this.#lastOf[call] = this.#samples;
    last[owner] = staying;
    for (let index = 0; index < count; index++) {
      const place = begin + placeOf(targets[index] as number, candidates);
      last[place] = (last[place] as number) + (weights[index] as number);
    }
    for (let place = begin; place < end; place++) last[place] = (last[place] as number) / total;
  }

  /** By candidate, nobody last. Null for a call that was never in doubt. */
  of(call: number): Float64Array | null {
    if (this.#lastOf[call] === 0) return null;
    const begin = this.#begins[call] as number;
    const chances = new Float64Array((this.#begins[call + 1] as number) - begin);
    for (let place = 0; place < chances.length; place++) chances[place] = this.#at(call, begin + place);
    return chances;
  }

  /** How likely the likeliest is. */
  most(call: number): number {
    if (this.#lastOf[call] === 0) return 1;
    const end = this.#begins[call + 1] as number;
    let most = 0;
    for (let place = this.#begins[call] as number; place < end; place++) most = Math.max(most, this.#at(call, place));
    return most;
  }

  /** The last one that a call was looked at in holds for all samples from that one on. */
  #at(call: number, place: number): number {
    const times = this.#samples + 1 - (this.#lastOf[call] as number);
    return ((this.#sums[place] as number) + times * (this.#last[place] as number)) / this.#samples;
  }
}

const placeOf = (parent: number, candidates: readonly number[]): number =>
  parent === NOBODY ? candidates.length : candidates.indexOf(parent);
