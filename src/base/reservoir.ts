import { Random } from './random.ts';

// A reservoir for something rare stays small.
const FIRST_CAPACITY = 16;

/**
 * A sample of bounded size of pairs of numbers, in which each pair that was ever added is with the
 * same probability: algorithm R (Vitter, "Random Sampling with a Reservoir", ACM TOMS 11, 1985).
 * The same pairs in the same order give the same sample.
 */
export class Reservoir {
  /** All that were added. */
  count = 0;
  readonly #most: number;
  readonly #random: Random;
  /** The last that was drawn, and where it is to be put. */
  #drawn = -1;
  #place = -1;
  #firsts = new Float64Array(FIRST_CAPACITY);
  #seconds = new Float64Array(FIRST_CAPACITY);

  /** @param most pairs that are kept, at least one */
  constructor(most: number, seed: number) {
    this.#most = most;
    this.#random = Random.of(seed);
  }

  get size(): number {
    return Math.min(this.count, this.#most);
  }

  add(first: number, second: number): void {
    const place = this.draw();
    if (place >= 0) this.put(place, first, second);
  }

  /** Counts one more. @returns where it is to be put, -1 where it is not drawn: of many, most are not */
  draw(): number {
    const index = this.count++;
    if (index < this.#most) return index;
    if (index > this.#drawn) this.#drawNext(index);
    return index === this.#drawn ? this.#place : -1;
  }

  /** Draws for all up to the next that is kept: those before it only need to be counted. */
  #drawNext(from: number): void {
    this.#drawn = from - 1;
    do {
      this.#drawn++;
      this.#place = this.#random.below(this.#drawn + 1);
    } while (this.#place >= this.#most);
  }

  put(place: number, first: number, second: number): void {
    if (place >= this.#firsts.length) this.#grow();
    this.#firsts[place] = first;
    this.#seconds[place] = second;
  }

  /** What was kept, in no order. */
  each(take: (first: number, second: number) => void): void {
    for (let index = 0; index < this.size; index++) {
      take(this.#firsts[index] as number, this.#seconds[index] as number);
    }
  }

  #grow(): void {
    const capacity = Math.min(this.#most, this.#firsts.length * 4);
    const firsts = new Float64Array(capacity);
    const seconds = new Float64Array(capacity);
    firsts.set(this.#firsts);
    seconds.set(this.#seconds);
    this.#firsts = firsts;
    this.#seconds = seconds;
  }
}
