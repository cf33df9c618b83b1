import type { CallPlan, Step } from './call-plan.ts';

/** A received call, as the solver sees it. */
export interface Parent {
  readonly startedAt: number;
  readonly respondedAt: number;
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
    const alternatives = this.#alternatives(index, isSampled);
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
    let total = Math.exp(-best / CAUTION);
    for (const { gain } of alternatives) total += Math.exp((gain - best) / CAUTION);
    const stays = placeOf(child.parent, candidates);
    now[stays] = (now[stays] as number) + Math.exp(-best / CAUTION) / total;
    for (const { to, gain } of alternatives) {
      const place = placeOf(to, candidates);
      now[place] = (now[place] as number) + Math.exp((gain - best) / CAUTION) / total;
    }
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

  /** @param isWhole tries all that two requests did the other way round, too: what is certain must bear that */
  #alternatives(index: number, isWhole: boolean): Alternative[] {
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
      if (isWhole) this.#trySwappedRest(found, from, to, mine, theirs, -Infinity);
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
    // With one at most on each side that is the swap or the move.
    if (mine.length + theirs.length < 3) return;
    this.#trySwapped(found, from, to, mine, theirs, since, Infinity);
    let segments = 0;
    for (let index = 0; index < mine.length && segments <= MOST_SEGMENTS; index++) {
      const start = this.#startOf(mine[index] as number);
      if (start > since && segments++ > 0) this.#trySwapped(found, from, to, mine, theirs, since, start);
    }
  }

  #trySwapped(
    found: Alternative[],
    from: number,
    to: number,
    mine: readonly number[],
    theirs: readonly number[],
    since: number,
    until: number,
  ): void {
    const myRest: number[] = [];
    const theirRest: number[] = [];
    const isMoved = this.#part(mine, since, until, to, myRest, theirRest);
    const isTaken = isMoved >= 0 ? this.#part(theirs, since, until, from, theirRest, myRest) : -1;
    if (isTaken < 0 || isMoved + isTaken < 3) return;
    this.#try(found, from, to, myRest.sort(ascending), theirRest.sort(ascending));
  }

  /** Calls in that time go over to another request. @returns how many, -1 where one can't */
  #part(
    calls: readonly number[],
    since: number,
    until: number,
    to: number,
    staying: number[],
    leaving: number[],
  ): number {
    let count = 0;
    for (let index = 0; index < calls.length; index++) {
      const call = calls[index] as number;
      const start = this.#startOf(call);
      if (start < since || start >= until) {
        staying.push(call);
        continue;
      }
      if (!this.#fits(call, to)) return -1;
      leaving.push(call);
      count++;
    }
    return count;
  }

  #startOf(call: number): number {
    return (this.#problem.children[call] as Child).startedAt;
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

  /** Filled anew for each request; longer than that may be. */
  readonly #steps: Child[] = [];

  #logLikelihood(parent: Parent, calls: readonly number[]): number {
    const steps = this.#steps;
    const { children } = this.#problem;
    for (let index = 0; index < calls.length; index++) steps[index] = children[calls[index] as number] as Child;
    return parent.plan.logLikelihood(parent, steps, calls.length);
  }
}

const ascending = (a: number, b: number): number => a - b;

const placeOf = (parent: number, candidates: readonly number[]): number =>
  parent === NOBODY ? candidates.length : candidates.indexOf(parent);
