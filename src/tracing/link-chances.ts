import { NOBODY, type LinkProblem } from './link-problem.ts';
import type { Move, Moves } from './moves.ts';

// What was learned is less sure than it looks: it was learned from links that may be wrong.
export const CAUTION = 1.5;

/**
 * How likely each parent of a call is, from samples of all links: in each one, of what it could
 * be while all others stay. What is not looked at again is as it was the last time.
 */
export class LinkChances {
  readonly #problem: LinkProblem;
  /** By call: the sum over samples by candidate, nobody last. Null for a call that was never looked at. */
  readonly #sums: (Float64Array | null)[];
  /** The same of the last sample that it was looked at in, and which one that was. */
  readonly #last: (Float64Array | null)[];
  readonly #lastOf: Int32Array;
  #samples = 0;

  constructor(problem: LinkProblem) {
    this.#problem = problem;
    this.#sums = Array.from({ length: problem.callCount }, () => null);
    this.#last = Array.from({ length: problem.callCount }, () => null);
    this.#lastOf = new Int32Array(problem.callCount);
  }

  begin(): void {
    this.#samples++;
  }

  /** @param best the gain of the best move, 0 where staying is best */
  note(call: number, { found, count }: Moves, best: number): void {
    const candidates = this.#problem.calls.candidates[call] as readonly number[];
    this.#add(call, this.#samples);
    this.#lastOf[call] = this.#samples;
    const now = (this.#last[call] ??= new Float64Array(candidates.length + 1)).fill(0);
    let total = Math.exp(-best / CAUTION);
    now[placeOf(this.#problem.owners[call] as number, candidates)] = total;
    for (let index = 0; index < count; index++) {
      const { to, gain } = found[index] as Move;
      const place = placeOf(to, candidates);
      const weight = Math.exp((gain - best) / CAUTION);
      now[place] = (now[place] as number) + weight;
      total += weight;
    }
    for (let place = 0; place < now.length; place++) now[place] = (now[place] as number) / total;
  }

  /** By candidate, nobody last. Null for a call that was never in doubt. */
  of(call: number): Float64Array | null {
    this.#add(call, this.#samples + 1);
    this.#lastOf[call] = this.#samples + 1;
    const sums = this.#sums[call];
    return sums ? sums.map((sum) => sum / this.#samples) : null;
  }

  /** How likely the likeliest is. */
  most(call: number): number {
    return this.of(call)?.reduce((most, chance) => Math.max(most, chance), 0) ?? 1;
  }

  /** The last one holds for all samples before that one. */
  #add(call: number, until: number): void {
    const last = this.#last[call];
    if (!last) return;
    const sums = (this.#sums[call] ??= new Float64Array(last.length));
    const times = until - (this.#lastOf[call] as number);
    for (let place = 0; place < sums.length; place++)
      sums[place] = (sums[place] as number) + times * (last[place] as number);
  }
}

const placeOf = (parent: number, candidates: readonly number[]): number =>
  parent === NOBODY ? candidates.length : candidates.indexOf(parent);
