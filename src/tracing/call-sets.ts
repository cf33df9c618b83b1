/*
 * Which calls requests of one kind make in all, in whatever order. A chain of steps does not see
 * that one was left out or came from another request; the set does. Where every request makes others,
 * nearly all sets are seen once, and so the next new one costs nothing (Good and Turing: what was
 * never seen comes as often as what was seen once).
 */

interface Known {
  count: number;
  /** ln of how often it comes, of the sets' revision. */
  logShare: number;
  revision: number;
}

// What was never seen may be the next (Laplace).
const UNSEEN = 1;

export class CallSets {
  readonly #sets = new Map<number, Known>();
  #total = 0;
  /** Sets that were seen once or less. */
  #rare = 0;
  /** Grows with all that is learned or forgotten. */
  #revision = 0;
  #logUnseen = Number.NaN;
  #unseenOf = -1;

  /** How much was learned: the sum of weights. */
  get weight(): number {
    return this.#total;
  }

  /** @param weight below 0 takes back what was learned */
  learn(set: number, weight: number): void {
    this.#revision++;
    this.#total += weight;
    let known = this.#sets.get(set);
    if (known === undefined) {
      known = { count: 0, logShare: Number.NaN, revision: -1 };
      this.#sets.set(set, known);
    } else if (known.count <= 1) this.#rare--;
    known.count += weight;
    if (known.count <= 0) this.#sets.delete(set);
    else if (known.count <= 1) this.#rare++;
  }

  forget(): void {
    this.#revision++;
    this.#sets.clear();
    this.#total = 0;
    this.#rare = 0;
  }

  /** @param own how much of what was learned is the asker's own, and tells nothing of it */
  logShare(set: number, own: number): number {
    const known = this.#sets.get(set);
    if (known === undefined) return this.#unseen();
    if (own > 0) return Math.log(this.#shareOf(known.count, own));
    if (known.revision !== this.#revision) {
      known.logShare = Math.log(this.#shareOf(known.count, 0));
      known.revision = this.#revision;
    }
    return known.logShare;
  }

  #unseen(): number {
    if (this.#unseenOf !== this.#revision) {
      this.#logUnseen = Math.log(this.#shareOf(0, 0));
      this.#unseenOf = this.#revision;
    }
    return this.#logUnseen;
  }

  #shareOf(count: number, own: number): number {
    const total = Math.max(0, this.#total - own);
    const rare = this.#rare - (own > 0 && count <= 1 ? 1 : 0);
    const unseen = (rare + UNSEEN) / (total + 2 * UNSEEN);
    const seen = total > 0 ? ((1 - unseen) * Math.max(0, count - own)) / total : 0;
    return seen + unseen / (this.#sets.size + 1);
  }
}
