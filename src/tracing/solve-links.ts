import type { CallPlan, Step } from './call-plan.ts';

/** A received call, as the solver sees it. */
export interface Parent {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly plan: CallPlan;
  /** Its calls by place, in order of their start. */
  readonly calls: number[];
}

/** A sent call, as the solver sees it. */
export interface Child extends Step {
  /** Parents in flight while it lasted. */
  readonly candidates: readonly number[];
  /** An identifier says whose it is: it stays there. */
  readonly isFixed: boolean;
  /** {@link NOBODY} or a place. */
  parent: number;
}

export const NOBODY = -1;

export interface Problem {
  readonly parents: readonly Parent[];
  readonly children: readonly Child[];
  /** ln of how likely it is, by kind, that a call at just this time belongs to no request. */
  readonly logAlone: readonly number[];
  /** From 0 to below 1. */
  random(): number;
}

// One in e^12 = 160,000 is not worth another look as long as nothing changes.
const HOPELESS = -12;
const LEARNED_STEP = 2 ** 32;
// What was learned is less sure than it looks: it was learned from links that may be wrong.
const CAUTION = 1.5;
// How long a stretch of a request's calls is tried as a whole.
const MOST_SEGMENTS = 3;

interface Alternative {
  to: number;
  gain: number;
  mine: number[];
  theirs: number[];
}

/**
 * Moves calls between requests until what all requests do together is as likely as can be found:
 * one call to another request, two of a kind swapped, or all that follows in two requests swapped,
 * since a wrong choice early makes all later ones look wrong. With a temperature above 0 less
 * likely ways are taken as often as they are likely (Gibbs sampling), which gets out of dead ends,
 * and tells how sure each link is.
 */
export class LinkSolver {
  readonly #problem: Problem;
  readonly #likelihoods: Float64Array;
  readonly #open: number[];
  /** By child: how often (in probability) each parent was seen, nobody last. */
  readonly #seen: (Float64Array | null)[];
  /** The same of the last time that it was looked at. */
  readonly #last: (Float64Array | null)[];
  readonly #stamps: Float64Array;
  readonly #versions: Float64Array;
  /** Grows with each time that the plans change, by more than all versions do between. */
  #learned = 0;
  #samples = 0;

  constructor(problem: Problem) {
    this.#problem = problem;
    this.#likelihoods = new Float64Array(problem.parents.length);
    this.#open = [];
    for (const [index, { isFixed, candidates }] of problem.children.entries()) {
      if (!isFixed && candidates.length > 0) this.#open.push(index);
    }
    this.#seen = problem.children.map(() => null);
    this.#last = problem.children.map(() => null);
    this.#stamps = new Float64Array(problem.children.length).fill(Number.NaN);
    this.#versions = new Float64Array(problem.parents.length);
    this.relearned();
  }

  /** The plans have changed. */
  relearned(): void {
    this.#learned += LEARNED_STEP;
    for (let place = 0; place < this.#likelihoods.length; place++) {
      const parent = this.#problem.parents[place] as Parent;
      this.#likelihoods[place] = this.#logLikelihood(parent, parent.calls);
    }
  }

  /**
   * Looks at each call once.
   * @param temperature 0: always the likeliest way
   * @param isSampled counts what was seen for {@link probabilities}
   * @returns how many calls changed their place
   */
  sweep(temperature: number, isSampled: boolean): number {
    let moved = 0;
    if (isSampled) this.#samples++;
    for (const index of this.#open) if (this.#visit(index, temperature, isSampled)) moved++;
    return moved;
  }

  /** By candidate, nobody last. Null for a call that was never in doubt. */
  probabilities(index: number): Float64Array | null {
    const seen = this.#seen[index] as Float64Array | null;
    return seen === null ? null : seen.map((sum) => sum / this.#samples);
  }

  #visit(index: number, temperature: number, isSampled: boolean): boolean {
    const child = this.#problem.children[index] as Child;
    const stamp = this.#stampOf(child);
    // Nothing around it has changed since it was found to stay where it is.
    if (this.#stamps[index] === stamp && (!isSampled || this.#countAgain(index))) return false;
    this.#stamps[index] = Number.NaN;
    const alternatives = this.#alternatives(index);
    // Staying has a gain of 0.
    let best = 0;
    for (const { gain } of alternatives) if (gain > best) best = gain;
    if (isSampled) this.#count(index, child, alternatives, best);
    if (alternatives.every(({ gain }) => gain < HOPELESS)) this.#stamps[index] = stamp;
    if (temperature === 0) {
      const likeliest = alternatives.find(({ gain }) => gain === best);
      if (likeliest === undefined || best <= 0) return false;
      this.#take(child, likeliest);
      return true;
    }
    let total = Math.exp(-best / temperature);
    for (const { gain } of alternatives) total += Math.exp((gain - best) / temperature);
    let left = this.#problem.random() * total;
    for (const alternative of alternatives) {
      left -= Math.exp((alternative.gain - best) / temperature);
      if (left < 0) {
        this.#take(child, alternative);
        return true;
      }
    }
    return false;
  }

  /** Changes whenever one of the requests that it could belong to changes. */
  #stampOf({ candidates }: Child): number {
    let sum = this.#learned;
    for (const place of candidates) sum += this.#versions[place] as number;
    return sum;
  }

  /** What was seen of it the last time. */
  #countAgain(index: number): boolean {
    const seen = this.#seen[index];
    const last = this.#last[index];
    if (!seen || !last) return false;
    for (let place = 0; place < seen.length; place++) seen[place] = (seen[place] as number) + (last[place] as number);
    return true;
  }

  #count(index: number, child: Child, alternatives: readonly Alternative[], best: number): void {
    const { candidates } = child;
    this.#seen[index] ??= new Float64Array(candidates.length + 1);
    const now = (this.#last[index] ??= new Float64Array(candidates.length + 1)).fill(0);
    const placeOf = (parent: number): number => (parent === NOBODY ? candidates.length : candidates.indexOf(parent));
    const weigh = (gain: number): number => Math.exp((gain - best) / CAUTION);
    let total = weigh(0);
    for (const { gain } of alternatives) total += weigh(gain);
    const add = (parent: number, gain: number): void => {
      const place = placeOf(parent);
      now[place] = (now[place] as number) + weigh(gain) / total;
    };
    add(child.parent, 0);
    for (const { to, gain } of alternatives) add(to, gain);
    this.#countAgain(index);
  }

  #take(child: Child, { to, mine, theirs }: Alternative): void {
    const from = child.parent;
    this.#settle(from, mine);
    this.#settle(to, theirs);
    if (to === NOBODY) child.parent = NOBODY;
  }

  #settle(place: number, calls: readonly number[]): void {
    if (place === NOBODY) return;
    const parent = this.#problem.parents[place] as Parent;
    parent.calls.length = 0;
    for (const call of calls) {
      parent.calls.push(call);
      (this.#problem.children[call] as Child).parent = place;
    }
    this.#likelihoods[place] = this.#logLikelihood(parent, calls);
    this.#versions[place] = (this.#versions[place] as number) + 1;
  }

  #alternatives(index: number): Alternative[] {
    const { children, parents, logAlone } = this.#problem;
    const child = children[index] as Child;
    const from = child.parent;
    const mine = from === NOBODY ? [] : (parents[from] as Parent).calls;
    const without = mine.filter((call) => call !== index);
    const alone = logAlone[child.kind] as number;
    const leaving = from === NOBODY ? -alone : this.#change(from, without);
    const found: Alternative[] = [];
    if (from !== NOBODY) found.push({ to: NOBODY, gain: leaving + alone, mine: without, theirs: [] });
    for (const to of child.candidates) {
      if (to === from) continue;
      const theirs = (parents[to] as Parent).calls;
      const added = this.#inserted(theirs, index);
      found.push({ to, gain: leaving + this.#change(to, added), mine: without, theirs: added });
      if (from === NOBODY) continue;
      const other = this.#counterpart(theirs, child);
      if (other >= 0 && this.#fits(other, from))
        this.#try(
          found,
          from,
          to,
          this.#inserted(without, other),
          this.#inserted(
            theirs.filter((call) => call !== other),
            index,
          ),
        );
      this.#trySwappedRest(found, from, to, mine, theirs, child.startedAt);
    }
    return found;
  }

  #try(found: Alternative[], from: number, to: number, mine: number[], theirs: number[]): void {
    found.push({ to, gain: this.#change(from, mine) + this.#change(to, theirs), mine, theirs });
  }

  /** All that follows, or the next few of it: what goes wrong at one call and comes right at a later one. */
  #trySwappedRest(
    found: Alternative[],
    from: number,
    to: number,
    mine: readonly number[],
    theirs: readonly number[],
    since: number,
  ): void {
    const children = this.#problem.children;
    const startOf = (call: number): number => (children[call] as Child).startedAt;
    const starts = mine.map(startOf).filter((start) => start > since);
    for (const until of [Infinity, ...starts.slice(1, 1 + MOST_SEGMENTS)]) {
      const isIn = (call: number): boolean => startOf(call) >= since && startOf(call) < until;
      const myPart = mine.filter(isIn);
      const theirPart = theirs.filter(isIn);
      // With one at most on each side that is the swap or the move above.
      if (myPart.length + theirPart.length < 3) continue;
      if (!myPart.every((call) => this.#fits(call, to)) || !theirPart.every((call) => this.#fits(call, from))) continue;
      const rest = (calls: readonly number[], more: readonly number[]): number[] =>
        [...calls.filter((call) => !isIn(call)), ...more].toSorted((a, b) => a - b);
      this.#try(found, from, to, rest(mine, theirPart), rest(theirs, myPart));
    }
  }

  /** Theirs of the same kind that lies nearest. */
  #counterpart(theirs: readonly number[], { kind, startedAt }: Child): number {
    let nearest = -1;
    let distance = Infinity;
    for (const call of theirs) {
      const other = this.#problem.children[call] as Child;
      if (other.kind !== kind || other.isFixed) continue;
      const by = Math.abs(other.startedAt - startedAt);
      if (by < distance) {
        distance = by;
        nearest = call;
      }
    }
    return nearest;
  }

  #fits(call: number, parent: number): boolean {
    const { isFixed, candidates } = this.#problem.children[call] as Child;
    return !isFixed && candidates.includes(parent);
  }

  /** Places of calls are in order of their start. */
  #inserted(calls: readonly number[], call: number): number[] {
    const result: number[] = [];
    let isIn = false;
    for (const other of calls) {
      if (!isIn && other > call) {
        result.push(call);
        isIn = true;
      }
      result.push(other);
    }
    if (!isIn) result.push(call);
    return result;
  }

  #change(place: number, calls: readonly number[]): number {
    return this.#logLikelihood(this.#problem.parents[place] as Parent, calls) - (this.#likelihoods[place] as number);
  }

  readonly #steps: Child[] = [];

  #logLikelihood({ plan, startedAt, endedAt }: Parent, calls: readonly number[]): number {
    const steps = this.#steps;
    steps.length = calls.length;
    for (let index = 0; index < calls.length; index++)
      steps[index] = this.#problem.children[calls[index] as number] as Child;
    return plan.logLikelihood(startedAt, endedAt, steps);
  }
}
