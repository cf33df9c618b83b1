import { nanoseconds, type Duration } from '../../base/time.ts';

/** Stretches of time whose overlaps count once. */
export class Intervals {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  add(start: number, end: number): void {
    if (!(end > start)) return;
    this.#starts.push(start);
    this.#ends.push(end);
  }

  addAll(others: Intervals): void {
    this.#starts.push(...others.#starts);
    this.#ends.push(...others.#ends);
  }

  /** How long at least one of them lasts. */
  length(): Duration {
    return nanoseconds(this.#merged().reduce((sum, [start, end]) => sum + end - start, 0));
  }

  /** How long at least one of them lasts while none of the others does. */
  lengthWithout(others: Intervals): Duration {
    const covered = others.#merged();
    let total = 0;
    for (const [start, end] of this.#merged()) {
      total += end - start;
      for (const [from, to] of covered) total -= Math.max(0, Math.min(end, to) - Math.max(start, from));
    }
    return nanoseconds(total);
  }

  #merged(): [number, number][] {
    const order = this.#starts.map((_, index) => index).sort((a, b) => this.#start(a) - this.#start(b));
    const merged: [number, number][] = [];
    for (const index of order) {
      const start = this.#start(index);
      const end = this.#ends[index] as number;
      const last = merged.at(-1);
      if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
      else merged.push([start, end]);
    }
    return merged;
  }

  #start(index: number): number {
    return this.#starts[index] as number;
  }
}
