import { GapDensity } from './gap-density.ts';

/*
 * What requests of one kind usually do: which call comes after which, and after what pause. A
 * request is a walk over steps: it begins, makes its calls in order of their start, and answers. A
 * call that begins when no other is open comes `after` the last that ended; one that begins while
 * another is open comes `beside` the last that began (a fan-out). A program answers `after` its last
 * call; one that passes on what it gets (a proxy) begins to answer `beside` it, and ends after it.
 */

export const BEGIN = 0;
export const END = 1;
/** The first number that a call's step has. */
const FIRST_STEP = 2;
// In a loop the seventh turn is like the eighth.
const MOST_TURNS = 8;
// A step that was never seen after this one: rare, and not impossible.
const NEVER_SEEN = 0.02;
// Steps are told apart by multiplying: more kinds than that share the last.
const MAX_STEPS = 1 << 12;

/** What is asked of a step over and over. */
interface Usual {
  readonly logShare: number;
  readonly gaps: GapDensity;
}

interface Steps {
  readonly counts: Map<number, number>;
  total: number;
}

/** Where a walk begins and ends. */
export interface Walk {
  readonly startedAt: number;
  /** When the answer began. */
  readonly respondedAt: number;
  readonly endedAt: number;
}

/** One call of a walk. */
export interface Step {
  readonly kind: number;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** The step of a kind's call when so many of its kind came before. */
const stepOf = (kind: number, before: number): number =>
  Math.min(MAX_STEPS - 1, FIRST_STEP + kind * MOST_TURNS + Math.min(before, MOST_TURNS - 1));

export class CallPlan {
  readonly #next = new Map<number, Steps>();
  readonly #gaps = new Map<number, GapDensity>();
  /** Before a step, whatever came before: what a step's pause is where it was seldom seen after just this one. */
  readonly #gapsAnywhere = new Map<number, GapDensity>();
  /** By the step before and the step; only as long as nothing else is learned. */
  readonly #usual = new Map<number, Usual>();
  readonly #turns = new Int32Array(MAX_STEPS);
  readonly #touched: number[] = [];
  readonly #grain: number;
  readonly #nothingKnown: GapDensity;

  /** @param grain nanoseconds that readings of the clock lie apart at least */
  constructor(grain: number) {
    this.#grain = grain;
    this.#nothingKnown = new GapDensity(grain);
  }

  /** @param weight how sure it is that these calls are the request's */
  learn(walk: Walk, calls: readonly Step[], weight: number): void {
    this.#usual.clear();
    this.#walk(walk, calls, (from, to, beside, gap) => {
      const steps = this.#stepsFrom(from);
      const key = to * 2 + beside;
      steps.counts.set(key, (steps.counts.get(key) ?? 0) + weight);
      steps.total += weight;
      this.#gapsOf(from, key).learn(gap, weight);
      this.#anywhere(key).learn(gap, weight);
    });
  }

  /**
   * All that was learned is forgotten, but for which steps there were: what any guess came to is
   * something else that may follow, and takes a little from what usually does.
   */
  forget(): void {
    for (const steps of this.#next.values()) {
      steps.total = 0;
      for (const key of steps.counts.keys()) steps.counts.set(key, 0);
    }
    this.#usual.clear();
    this.#gaps.clear();
    this.#gapsAnywhere.clear();
  }

  fade(factor: number): void {
    this.#usual.clear();
    for (const steps of this.#next.values()) {
      steps.total *= factor;
      for (const [key, count] of steps.counts) steps.counts.set(key, count * factor);
    }
    for (const gaps of this.#gaps.values()) gaps.fade(factor);
    for (const gaps of this.#gapsAnywhere.values()) gaps.fade(factor);
  }

  /** ln of how likely a request is that does just this. @param calls in order of their start; the first `count` of them */
  logLikelihood({ startedAt, respondedAt, endedAt }: Walk, calls: readonly Step[], count = calls.length): number {
    let sum = 0;
    let lastEnd = startedAt;
    let lastStep = BEGIN;
    let lastStart = startedAt;
    let lastBegun = BEGIN;
    for (let index = 0; index < count; index++) {
      const call = calls[index] as Step;
      const step = this.#turnOf(call.kind);
      if (call.startedAt >= lastEnd) sum += this.#log(lastStep, step * 2, call.startedAt - lastEnd);
      else sum += this.#log(lastBegun, step * 2 + 1, call.startedAt - lastStart);
      lastStart = call.startedAt;
      lastBegun = step;
      if (call.endedAt >= lastEnd) {
        lastEnd = call.endedAt;
        lastStep = step;
      }
    }
    this.#forgetTurns();
    if (respondedAt >= lastEnd) return sum + this.#log(lastStep, END * 2, respondedAt - lastEnd);
    return sum + this.#log(lastStep, END * 2 + 1, endedAt - lastEnd);
  }

  #walk(
    { startedAt, respondedAt, endedAt }: Walk,
    calls: readonly Step[],
    take: (from: number, to: number, beside: 0 | 1, gap: number) => void,
  ): void {
    let lastEnd = startedAt;
    let lastStep = BEGIN;
    let lastStart = startedAt;
    let lastBegun = BEGIN;
    for (const call of calls) {
      const step = this.#turnOf(call.kind);
      if (call.startedAt >= lastEnd) take(lastStep, step, 0, call.startedAt - lastEnd);
      else take(lastBegun, step, 1, call.startedAt - lastStart);
      lastStart = call.startedAt;
      lastBegun = step;
      if (call.endedAt >= lastEnd) {
        lastEnd = call.endedAt;
        lastStep = step;
      }
    }
    this.#forgetTurns();
    if (respondedAt >= lastEnd) take(lastStep, END, 0, respondedAt - lastEnd);
    else take(lastStep, END, 1, endedAt - lastEnd);
  }

  #turnOf(kind: number): number {
    const first = stepOf(kind, 0);
    const before = this.#turns[first] as number;
    this.#turns[first] = before + 1;
    if (before === 0) this.#touched.push(first);
    return stepOf(kind, before);
  }

  #forgetTurns(): void {
    for (const first of this.#touched) this.#turns[first] = 0;
    this.#touched.length = 0;
  }

  #stepsFrom(from: number): Steps {
    let steps = this.#next.get(from);
    if (steps === undefined) {
      steps = { counts: new Map(), total: 0 };
      this.#next.set(from, steps);
    }
    return steps;
  }

  #gapsOf(from: number, key: number): GapDensity {
    const place = from * MAX_STEPS * 2 + key;
    let gaps = this.#gaps.get(place);
    if (gaps === undefined) {
      gaps = new GapDensity(this.#grain, this.#anywhere(key));
      this.#gaps.set(place, gaps);
    }
    return gaps;
  }

  #anywhere(key: number): GapDensity {
    let gaps = this.#gapsAnywhere.get(key);
    if (gaps === undefined) {
      gaps = new GapDensity(this.#grain);
      this.#gapsAnywhere.set(key, gaps);
    }
    return gaps;
  }

  #log(from: number, key: number, gap: number): number {
    const place = from * MAX_STEPS * 2 + key;
    let usual = this.#usual.get(place);
    if (usual === undefined) {
      usual = this.#usually(from, key);
      this.#usual.set(place, usual);
    }
    return usual.logShare + usual.gaps.logDensity(gap);
  }

  #usually(from: number, key: number): Usual {
    const steps = this.#next.get(from);
    const count = steps?.counts.get(key) ?? 0;
    const total = steps?.total ?? 0;
    const share = (count + NEVER_SEEN) / (total + NEVER_SEEN * ((steps?.counts.size ?? 0) + 1));
    const gaps = this.#gaps.get(from * MAX_STEPS * 2 + key) ?? this.#gapsAnywhere.get(key) ?? this.#nothingKnown;
    return { logShare: Math.log(share), gaps };
  }
}
