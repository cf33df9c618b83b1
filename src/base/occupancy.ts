import { partitionPoint } from './sorted.ts';

interface Taken {
  readonly startedAt: number;
  readonly endedAt: number;
}

// A link that is wrong makes two seem to be at it where one was; what is rarer than this is no use of it.
const RARE = 0.02;

/** When a resource was full: as many were at it as ever are but for rare moments. */
export class Occupancy {
  /** How many it takes at a time, as far as was seen. */
  readonly most: number;
  // Stretches in order, and how long all before each were.
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #before: number[] = [];

  constructor(uses: readonly Taken[]) {
    const changes = uses
      .flatMap(({ startedAt, endedAt }) => [
        { at: startedAt, by: 1 },
        { at: endedAt, by: -1 },
      ])
      .toSorted((a, b) => a.at - b.at || a.by - b.by);
    this.most = usualMost(changes);
    let count = 0;
    let sum = 0;
    for (const change of changes) {
      const before = count;
      count += change.by;
      if (before < this.most && count >= this.most) {
        this.#starts.push(change.at);
        this.#before.push(sum);
      } else if (before >= this.most && count < this.most) {
        this.#ends.push(change.at);
        sum += change.at - (this.#starts.at(-1) as number);
      }
    }
  }

  /** For how long it was full between two moments. */
  within(from: number, until: number): number {
    return Math.max(0, this.#fullUntil(until) - this.#fullUntil(from));
  }

  /** When it last ceased to be full before then; -Infinity where it never was. */
  lastEnd(time: number): number {
    const index = countAtMost(this.#ends, time);
    return index === 0 ? -Infinity : (this.#ends[index - 1] as number);
  }

  /** From when on it was full, at then or next after it; Infinity where it is not any more. */
  firstStart(time: number): number {
    const index = countAtMost(this.#ends, time);
    return this.#starts[index] ?? Infinity;
  }

  #fullUntil(time: number): number {
    const index = countAtMost(this.#starts, time) - 1;
    if (index < 0) return 0;
    const end = this.#ends[index] ?? Infinity;
    return (this.#before[index] as number) + Math.min(time, end) - (this.#starts[index] as number);
  }
}

/** The least number that more than so many are at it only for rare moments. */
function usualMost(changes: readonly { at: number; by: number }[]): number {
  const lasted: number[] = [];
  let count = 0;
  let since = 0;
  for (const change of changes) {
    if (count > 0) lasted[count] = (lasted[count] ?? 0) + change.at - since;
    count += change.by;
    since = change.at;
  }
  let left = 0;
  for (const time of lasted) left += time ?? 0;
  const rare = left * RARE;
  for (let most = 1; most < lasted.length; most++) {
    left -= lasted[most] ?? 0;
    if (left <= rare) return most;
  }
  return Math.max(1, lasted.length - 1);
}

/** How many of ascending numbers are not above a value. */
const countAtMost = (ascending: readonly number[], value: number): number =>
  partitionPoint(ascending.length, (index) => (ascending[index] as number) <= value);
