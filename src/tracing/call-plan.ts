import { GapDensity } from './gap-density.ts';
import type { CallColumns, RequestColumns } from './link-problem.ts';

/*
 * What requests of one kind usually do: which call comes after which, and after what pause. A
 * request is a walk over steps: it begins, makes its calls in order of their start, and answers. A
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
// A step that was never seen after this one: rare, and not impossible.
const NEVER_SEEN = 0.02;
// Steps are told apart by multiplying: more kinds than that share the last.
const MAX_STEPS = 1 << 12;
// Of more pairs of steps, as kinds without end would make, the later ones are like none that was seen.
const MAX_TRANSITIONS = 1 << 12;

/** What comes after one step. */
interface Steps {
  total: number;
  /** How many were ever learned. */
  known: number;
}

/** One step after another. */
interface Transition {
  readonly from: Steps;
  /** Before the step, whatever came before: what its pause is where it was seldom seen after just this one. */
  readonly anywhere: GapDensity;
  /** Null: never learned. */
  gaps: GapDensity | null;
  /** ln of how often it comes, of the plan's revision. */
  logShare: number;
  revision: number;
}

/** The step of a kind's call when so many of its kind came before. */
const stepOf = (kind: number, before: number): number =>
  Math.min(MAX_STEPS - 1, FIRST_STEP + kind * MOST_TURNS + Math.min(before, MOST_TURNS - 1));

export class CallPlan {
  readonly #steps = new Map<number, Steps>();
  readonly #transitions = new Map<number, Transition>();
  readonly #anywhere = new Map<number, GapDensity>();
  readonly #turns = new Int32Array(MAX_STEPS);
  /** The first steps of kinds that the walk has come to; emptied by its count, since a list cut to nothing lets go of its memory. */
  readonly #touched: number[] = [];
  #touches = 0;
  readonly #grain: number;
  /** Grows with all that is learned or forgotten. */
  #revision = 0;

  /** @param grain nanoseconds that readings of the clock lie apart at least */
  constructor(grain: number) {
    this.#grain = grain;
  }

  /** @param weight how sure it is that these calls are the request's */
  learn(
    requests: RequestColumns,
    request: number,
    columns: CallColumns,
    calls: readonly number[],
    weight: number,
  ): void {
    this.#revision++;
    this.#walk(requests, request, columns, calls, calls.length, weight);
  }

  /**
   * All that was learned is forgotten, but for which steps there were: what any guess came to is
   * something else that may follow, and takes a little from what usually does.
   */
  forget(): void {
    this.#revision++;
    for (const steps of this.#steps.values()) steps.total = 0;
    for (const { gaps } of this.#transitions.values()) gaps?.forget();
    for (const gaps of this.#anywhere.values()) gaps.forget();
  }

  fade(factor: number): void {
    this.#revision++;
    for (const steps of this.#steps.values()) steps.total *= factor;
    for (const { gaps } of this.#transitions.values()) gaps?.fade(factor);
    for (const gaps of this.#anywhere.values()) gaps.fade(factor);
  }

  /** ln of how likely a request is that does just this. @param calls in order of their start; the first `count` of them */
  logLikelihood(
    requests: RequestColumns,
    request: number,
    columns: CallColumns,
    calls: readonly number[],
    count: number,
  ): number {
    return this.#walk(requests, request, columns, calls, count, 0);
  }

  /** Learns each step where it has a weight; else sums up how likely they are. */
  #walk(
    requests: RequestColumns,
    request: number,
    { kinds, starts, ends }: CallColumns,
    calls: readonly number[],
    count: number,
    weight: number,
  ): number {
    const startedAt = requests.starts[request] as number;
    const respondedAt = requests.responses[request] as number;
    let sum = 0;
    let lastEnd = startedAt;
    let lastStep = BEGIN;
    let lastStart = startedAt;
    let lastBegun = BEGIN;
    for (let index = 0; index < count; index++) {
      const call = calls[index] as number;
      const start = starts[call] as number;
      const end = ends[call] as number;
      const step = this.#turnOf(kinds[call] as number);
      if (start >= lastEnd) sum += this.#step(lastStep, step * 2, start - lastEnd, weight);
      else sum += this.#step(lastBegun, step * 2 + 1, start - lastStart, weight);
      lastStart = start;
      lastBegun = step;
      if (end >= lastEnd) {
        lastEnd = end;
        lastStep = step;
      }
    }
    for (let index = 0; index < this.#touches; index++) this.#turns[this.#touched[index] as number] = 0;
    this.#touches = 0;
    if (respondedAt >= lastEnd) return sum + this.#step(lastStep, END * 2, respondedAt - lastEnd, weight);
    return sum + this.#step(lastStep, END * 2 + 1, (requests.ends[request] as number) - lastEnd, weight);
  }

  #turnOf(kind: number): number {
    const first = stepOf(kind, 0);
    const before = this.#turns[first] as number;
    this.#turns[first] = before + 1;
    if (before === 0) this.#touched[this.#touches++] = first;
    return stepOf(kind, before);
  }

  /** @param key the step and whether it comes beside */
  #step(from: number, key: number, gap: number, weight: number): number {
    const place = from * MAX_STEPS * 2 + key;
    const transition = this.#transitions.get(place) ?? this.#created(place, from, key);
    if (weight > 0) {
      this.#learn(transition, gap, weight);
      return 0;
    }
    if (transition.revision !== this.#revision) {
      const { total, known } = transition.from;
      const count = transition.gaps?.weight ?? 0;
      transition.logShare = Math.log((count + NEVER_SEEN) / (total + NEVER_SEEN * (known + 1)));
      transition.revision = this.#revision;
    }
    return transition.logShare + (transition.gaps ?? transition.anywhere).logDensity(gap);
  }

  #learn(transition: Transition, gap: number, weight: number): void {
    const { from, anywhere } = transition;
    if (transition.gaps === null) {
      transition.gaps = new GapDensity(this.#grain, anywhere);
      from.known++;
    }
    from.total += weight;
    transition.gaps.learn(gap, weight);
    anywhere.learn(gap, weight);
  }

  #created(place: number, from: number, key: number): Transition {
    let steps = this.#steps.get(from);
    if (steps === undefined) {
      steps = { total: 0, known: 0 };
      this.#steps.set(from, steps);
    }
    let anywhere = this.#anywhere.get(key);
    if (anywhere === undefined) {
      anywhere = new GapDensity(this.#grain);
      this.#anywhere.set(key, anywhere);
    }
    const transition = { from: steps, anywhere, gaps: null, logShare: Number.NaN, revision: -1 };
    if (this.#transitions.size < MAX_TRANSITIONS) this.#transitions.set(place, transition);
    return transition;
  }
}
