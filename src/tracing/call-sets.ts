/*
 * Which calls requests of one kind make in all, in whatever order. A chain of steps does not see
 * that one was left out or came from another request; the set does. Where every request makes others,
 * nearly all sets are seen once, and so the next new one costs nothing (Good and Turing: what was
 * never seen comes as often as what was seen once).
 */

import { NO_FRACTION } from '../base/fraction.ts';

// What was never seen may be the next (Laplace).
const UNSEEN = 1;
// Of sets that were never seen, those are rarer that are far larger than what is seen: beyond four times the mean.
const LARGE = 4;

export class CallSets {
  /** How often each was seen. */
  readonly #counts = new Map<number, number>();
  #total = NO_FRACTION;
  /** The sum of their sizes, each by its weight. */
  #calls = NO_FRACTION;
  /** Sets that were seen once or less. */
  #rare = 0;

  /** How much was learned: the sum of weights. */
  get weight(): number {
    return this.#total;
  }

  /**
   * @param weight below 0 takes back what was learned
   * @param size how many calls the set has
   */
  learn(set: number, weight: number, size: number): void {
    this.#total += weight;
    this.#calls += weight * size;
    const before = this.#counts.get(set);
    if (before !== undefined && before <= 1) this.#rare--;
    const count = (before ?? 0) + weight;
    if (count <= 0) {
      this.#counts.delete(set);
      return;
    }
    this.#counts.set(set, count);
    if (count <= 1) this.#rare++;
  }

  forget(): void {
    this.#counts.clear();
    this.#total = 0;
    this.#calls = 0;
    this.#rare = 0;
  }

  /**
   * How often it comes, of all.
   * @param own how much of what was learned is the asker's own, and tells nothing of it
   */
  share(set: number, own: number): number {
    const count = this.#counts.get(set);
    // Who taught a set that nobody knows any more has nothing of his own here.
    const mine = count === undefined ? 0 : own;
    const seen = count ?? 0;
    const total = Math.max(0, this.#total - mine);
    const rare = this.#rare - (mine > 0 && seen <= 1 ? 1 : 0);
    const unseen = (rare + UNSEEN) / (total + 2 * UNSEEN);
    const known = total > 0 ? ((1 - unseen) * Math.max(0, seen - mine)) / total : 0;
    return known + unseen / (this.#counts.size + 1);
  }

  /**
   * ln of how much rarer a set is that only the asker did, since it is so large: as Poisson has it. Else a few requests
   * that last long, and make all calls of those beside them, would be as good an answer as that each makes its own.
   */
  logLarge(set: number, own: number, size: number): number {
    const mean = this.#calls / Math.max(1, this.#total);
    const most = LARGE * Math.max(1, mean);
    if (size <= most || (this.#counts.get(set) ?? 0) >= 1 + own) return 0;
    return logPoisson(size, mean) - logPoisson(most, mean);
  }
}

/** ln of mean^count / count!, by Stirling. */
const logPoisson = (count: number, mean: number): number => count * (Math.log(Math.max(1, mean) / count) + 1);
