import type { CallColumns, RequestTimes } from './columns.ts';

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
const MAX_KEYS = MAX_STEPS * 2;
// Of most requests; there is no most.
const ROOM = 16;

/** The step of a kind's first call in a request; those of later ones follow. */
export const firstStepOf = (kind: number): number => Math.min(MAX_STEPS - MOST_TURNS, FIRST_STEP + kind * MOST_TURNS);

/** A transition's step to: twice its number, and one more where it comes beside. */
export const keyOf = (transition: number): number => transition % MAX_KEYS;
/** A transition's step from. */
export const fromOf = (transition: number): number => (transition - keyOf(transition)) / MAX_KEYS;
/** Whether a step is waited for by nobody: it comes beside, and is no answer. */
export const isBeside = (key: number): boolean => (key & 1) === 1 && key >> 1 !== END;

/** A number below 2^32 for another that looks like chance: sums of some tell which they were (the mix of MurmurHash3). */
export function markOf(step: number): number {
  let mark = Math.imul(step ^ (step >>> 16), 0x85ebca6b);
  mark = Math.imul(mark ^ (mark >>> 13), 0xc2b2ae35);
  return (mark ^ (mark >>> 16)) >>> 0;
}

/** The last walk that was taken: filled anew for each. */
export class Walk {
  count = 0;
  /** The same for the same calls in whatever order, and hardly ever for others. */
  set = Number.NaN;
  /** From which step to which. */
  transitions = new Int32Array(ROOM);
  /** When the pause before a step began, and how long it lasted. */
  sources = new Float64Array(ROOM);
  pauses = new Float64Array(ROOM);
  /** Among how many lanes the step had the choice, and whether it took one of its request's (`lanes.ts`). */
  choices = new Int32Array(ROOM);
  readonly #turns = new Uint8Array(MAX_STEPS);

  /** @param calls in order of their start; the first `count` of them */
  take(
    requests: RequestTimes,
    request: number,
    { steps, starts, ends, lanes }: CallColumns,
    calls: readonly number[],
    count: number,
  ): void {
    if (count >= this.transitions.length) this.#grow(2 * count);
    const turns = this.#turns;
    const { transitions, sources, pauses } = this;
    let set = 0;
    let lastEnd = requests.starts[request] as number;
    let lastStep = BEGIN;
    let lastStart = lastEnd;
    let lastBegun = BEGIN;
    if (lanes !== null) lanes.begin();
    for (let index = 0; index < count; index++) {
      const call = calls[index] as number;
      const start = starts[call] as number;
      const end = ends[call] as number;
      const first = steps[call] as number;
      const turn = turns[first] as number;
      if (turn < MOST_TURNS - 1) turns[first] = turn + 1;
      const step = first + turn;
      set += markOf(step);
      if (lanes !== null) this.choices[index] = lanes.choiceOf(call);
      const isAfter = start >= lastEnd;
      const source = isAfter ? lastEnd : lastStart;
      transitions[index] = isAfter ? lastStep * MAX_KEYS + step * 2 : lastBegun * MAX_KEYS + step * 2 + 1;
      sources[index] = source;
      pauses[index] = start - source;
      lastStart = start;
      lastBegun = step;
      if (end >= lastEnd) {
        lastEnd = end;
        lastStep = step;
      }
    }
    for (let index = 0; index < count; index++) turns[steps[calls[index] as number] as number] = 0;
    if (lanes !== null) this.choices[count] = 0;
    const respondedAt = requests.responses[request] as number;
    const isAfter = respondedAt >= lastEnd;
    transitions[count] = lastStep * MAX_KEYS + (isAfter ? END * 2 : END * 2 + 1);
    sources[count] = lastEnd;
    pauses[count] = (isAfter ? respondedAt : (requests.ends[request] as number)) - lastEnd;
    this.count = count + 1;
    this.set = set;
  }

  #grow(room: number): void {
    this.transitions = new Int32Array(room);
    this.sources = new Float64Array(room);
    this.pauses = new Float64Array(room);
    this.choices = new Int32Array(room);
  }
}
