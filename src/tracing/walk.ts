import type { CallColumns, RequestTimes } from './columns.ts';
import { choiceOf } from './lanes.ts';

/*
 * A request is a walk over steps: it begins, makes its calls in order of their start, and answers. A
 * call that begins when no other is open comes `after` the last that ended; one that begins while
 * another is open comes `beside` the last that began (a fan-out). A program answers `after` its last
 * call; one that passes on what it gets (a proxy) begins to answer `beside` it, and ends after it.
 */

const BEGIN = 0;
const END = 1;
/** The first number that a call's step has. */
const FIRST_STEP = 2;
// In a loop the seventh turn is like the eighth.
const MOST_TURNS = 8;
// Steps are told apart by multiplying: more kinds than that share the last.
const MAX_STEPS = 1 << 12;

/** The step of a kind's call when so many of its kind came before. */
const stepOf = (kind: number, before: number): number =>
  Math.min(MAX_STEPS - 1, FIRST_STEP + kind * MOST_TURNS + Math.min(before, MOST_TURNS - 1));

/** A transition's step to: whether it comes beside, too. */
export const keyOf = (transition: number): number => transition % (MAX_STEPS * 2);
/** A transition's step from. */
export const fromOf = (transition: number): number => (transition - keyOf(transition)) / (MAX_STEPS * 2);

/** A number below 2^32 that looks like chance: sums of some tell which they were (the mix of MurmurHash3). */
function markOf(step: number): number {
  let mark = Math.imul(step ^ (step >>> 16), 0x85ebca6b);
  mark = Math.imul(mark ^ (mark >>> 13), 0xc2b2ae35);
  return (mark ^ (mark >>> 16)) >>> 0;
}

/** The last walk that was taken: filled anew for each. */
export class Walk {
  count = 0;
  /** The same for the same calls in whatever order, and hardly ever for others. */
  set = 0;
  /** From which step to which. */
  readonly transitions: number[] = [];
  /** When the pause before a step began, and when it was over. */
  readonly sources: number[] = [];
  readonly targets: number[] = [];
  /** Among how many lanes the step had the choice, and whether it took one of its request's (`lanes.ts`). */
  readonly choices: number[] = [];
  /** The same without regard to what else was begun meanwhile: the step that was waited for, and when that was over. */
  readonly ways: number[] = [];
  readonly origins: number[] = [];
  readonly #turns = new Int32Array(MAX_STEPS);

  /** @param calls in order of their start; the first `count` of them */
  take(
    requests: RequestTimes,
    request: number,
    { kinds, starts, ends, lanes }: CallColumns,
    calls: readonly number[],
    count: number,
  ): void {
    this.count = 0;
    this.set = 0;
    let lastEnd = requests.starts[request] as number;
    let lastStep = BEGIN;
    let lastStart = lastEnd;
    let lastBegun = BEGIN;
    let origin = lastEnd;
    let originStep = BEGIN;
    for (let index = 0; index < count; index++) {
      const call = calls[index] as number;
      const start = starts[call] as number;
      const end = ends[call] as number;
      const step = this.#turnOf(kinds[call] as number);
      this.set += markOf(step);
      if (start >= lastEnd) {
        origin = lastEnd;
        originStep = lastStep;
      }
      this.#came(originStep, step, origin);
      this.choices[index] = lanes === null ? 0 : choiceOf(lanes, calls, index);
      if (start >= lastEnd) this.#push(lastStep, step * 2, lastEnd, start);
      else this.#push(lastBegun, step * 2 + 1, lastStart, start);
      lastStart = start;
      lastBegun = step;
      if (end >= lastEnd) {
        lastEnd = end;
        lastStep = step;
      }
    }
    for (let index = 0; index < count; index++) this.#turns[stepOf(kinds[calls[index] as number] as number, 0)] = 0;
    this.choices[count] = 0;
    const respondedAt = requests.responses[request] as number;
    this.#came(lastStep, END, lastEnd);
    if (respondedAt >= lastEnd) this.#push(lastStep, END * 2, lastEnd, respondedAt);
    else this.#push(lastStep, END * 2 + 1, lastEnd, requests.ends[request] as number);
  }

  #turnOf(kind: number): number {
    const first = stepOf(kind, 0);
    const before = this.#turns[first] as number;
    this.#turns[first] = before + 1;
    return stepOf(kind, before);
  }

  #came(from: number, step: number, origin: number): void {
    this.ways[this.count] = from * MAX_STEPS + step;
    this.origins[this.count] = origin;
  }

  #push(from: number, key: number, source: number, target: number): void {
    const place = this.count++;
    this.transitions[place] = from * MAX_STEPS * 2 + key;
    this.sources[place] = source;
    this.targets[place] = target;
  }
}
