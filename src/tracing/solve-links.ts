import type { CallColumns, CallPlan } from './call-plan.ts';

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
export interface Child {
  readonly kind: number;
  readonly startedAt: number;
  readonly endedAt: number;
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
  /** Of the children. */
  readonly columns: CallColumns;
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

/** How a call gets to another request: what its own and the other one have then follows from it. */
interface Alternative {
  to: number;
  gain: number;
  /** The call that comes back for it, -1 for none. Where `since` is a number, all calls of that stretch change places. */
  other: number;
  since: number;
  until: number;
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
  /** Filled anew for each call; of them the first `#found`. */
  readonly #alternatives: Alternative[] = [];
  #found = 0;
  /** What two requests would have. */
  readonly #mine: number[] = [];
  readonly #theirs: number[] = [];

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
      this.#likelihoods[place] = this.#logLikelihood(place, (this.#problem.parents[place] as Parent).calls);
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
    this.#find(index, child, isSampled);
    // Staying has a gain of 0.
    let best = 0;
    let likeliest = -1;
    let isHopeless = true;
    for (let place = 0; place < this.#found; place++) {
      const { gain } = this.#alternatives[place] as Alternative;
      if (gain >= HOPELESS) isHopeless = false;
      if (gain <= best) continue;
      best = gain;
      likeliest = place;
    }
    if (isSampled) this.#count(index, child, best);
    if (isHopeless) this.#stamps[index] = stamp;
    const taken = temperature === 0 ? likeliest : this.#drawn(best, temperature);
    if (taken < 0) return false;
    this.#take(index, child, this.#alternatives[taken] as Alternative);
    return true;
  }

  /** One of the alternatives, as often as it is likely; -1 to stay. */
  #drawn(best: number, temperature: number): number {
    let total = Math.exp(-best / temperature);
    for (let place = 0; place < this.#found; place++)
      total += Math.exp(((this.#alternatives[place] as Alternative).gain - best) / temperature);
    let left = this.#problem.random() * total;
    for (let place = 0; place < this.#found; place++) {
      left -= Math.exp(((this.#alternatives[place] as Alternative).gain - best) / temperature);
      if (left < 0) return place;
    }
    return -1;
  }

  /** Changes whenever one of the requests that it could belong to changes. */
  #stampOf({ candidates }: Child): number {
    let sum = this.#learned;
    for (let index = 0; index < candidates.length; index++)
      sum += this.#versions[candidates[index] as number] as number;
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

  #count(index: number, child: Child, best: number): void {
    const { candidates } = child;
    this.#seen[index] ??= new Float64Array(candidates.length + 1);
    const now = (this.#last[index] ??= new Float64Array(candidates.length + 1)).fill(0);
    now[placeOf(child.parent, candidates)] = Math.exp(-best / CAUTION);
    let total = Math.exp(-best / CAUTION);
    for (let found = 0; found < this.#found; found++) {
      const { to, gain } = this.#alternatives[found] as Alternative;
      const place = placeOf(to, candidates);
      const weight = Math.exp((gain - best) / CAUTION);
      now[place] = (now[place] as number) + weight;
      total += weight;
    }
    for (let place = 0; place < now.length; place++) now[place] = (now[place] as number) / total;
    this.#countAgain(index);
  }

  #take(index: number, child: Child, { to, other, since, until }: Alternative): void {
    const from = child.parent;
    if (Number.isNaN(since)) this.#exchange(index, from, to, other);
    else this.#swapStretch(from, to, since, until);
    this.#settle(from, this.#mine);
    this.#settle(to, this.#theirs);
    if (to === NOBODY) child.parent = NOBODY;
  }

  #settle(place: number, calls: readonly number[]): void {
    if (place === NOBODY) return;
    const own = (this.#problem.parents[place] as Parent).calls;
    own.length = 0;
    for (const call of calls) {
      own.push(call);
      (this.#problem.children[call] as Child).parent = place;
    }
    this.#likelihoods[place] = this.#logLikelihood(place, own);
    this.#versions[place] = (this.#versions[place] as number) + 1;
  }

  /** @param isWhole tries all that two requests did the other way round, too: what is certain must bear that */
  #find(index: number, child: Child, isWhole: boolean): void {
    this.#found = 0;
    const { parent: from, candidates, kind, startedAt } = child;
    const alone = this.#problem.logAlone[kind] as number;
    this.#exchange(index, from, NOBODY, -1);
    const leaving = from === NOBODY ? -alone : this.#change(from, this.#mine);
    if (from !== NOBODY) this.#note(NOBODY, leaving + alone, -1);
    for (let place = 0; place < candidates.length; place++) {
      const to = candidates[place] as number;
      if (to === from) continue;
      this.#exchange(index, from, to, -1);
      this.#note(to, leaving + this.#change(to, this.#theirs), -1);
      if (from === NOBODY) continue;
      const other = this.#counterpart(this.#callsOf(to), child);
      if (other >= 0 && this.#fits(other, from)) {
        this.#exchange(index, from, to, other);
        this.#note(to, this.#bothChange(from, to), other);
      }
      this.#trySwappedRest(from, to, startedAt);
      if (isWhole) this.#trySwappedRest(from, to, -Infinity);
    }
  }

  #note(to: number, gain: number, other: number, since = Number.NaN, until = Infinity): void {
    const known = this.#alternatives[this.#found++];
    if (known === undefined) {
      this.#alternatives.push({ to, gain, other, since, until });
      return;
    }
    known.to = to;
    known.gain = gain;
    known.other = other;
    known.since = since;
    known.until = until;
  }

  /** All that follows, or the next few of it: what goes wrong at one call and comes right at a later one. */
  #trySwappedRest(from: number, to: number, since: number): void {
    const mine = this.#callsOf(from);
    // With one at most on each side that is the swap or the move.
    if (mine.length + this.#callsOf(to).length < 3) return;
    this.#trySwapped(from, to, since, Infinity);
    let segments = 0;
    for (let index = 0; index < mine.length && segments <= MOST_SEGMENTS; index++) {
      const start = this.#startOf(mine[index] as number);
      if (start > since && segments++ > 0) this.#trySwapped(from, to, since, start);
    }
  }

  #trySwapped(from: number, to: number, since: number, until: number): void {
    if (this.#swapStretch(from, to, since, until)) this.#note(to, this.#bothChange(from, to), -1, since, until);
  }

  /** What both would have if a call went over to the other, and another came back for it. */
  #exchange(index: number, from: number, to: number, other: number): void {
    fill(this.#mine, this.#callsOf(from), index, other);
    fill(this.#theirs, this.#callsOf(to), other, index);
  }

  /** What both would have if all calls of that time changed places. @returns whether that can be, and is no move or swap of two */
  #swapStretch(from: number, to: number, since: number, until: number): boolean {
    this.#mine.length = 0;
    this.#theirs.length = 0;
    const moved = this.#part(this.#callsOf(from), since, until, to, this.#mine, this.#theirs);
    const taken = moved >= 0 ? this.#part(this.#callsOf(to), since, until, from, this.#theirs, this.#mine) : -1;
    if (taken < 0 || moved + taken < 3) return false;
    sort(this.#mine);
    sort(this.#theirs);
    return true;
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
    return this.#problem.columns.starts[call] as number;
  }

  #callsOf(place: number): readonly number[] {
    return place === NOBODY ? NO_CALLS : (this.#problem.parents[place] as Parent).calls;
  }

  /** Theirs of the same kind that lies nearest. */
  #counterpart(theirs: readonly number[], { kind, startedAt }: Child): number {
    let nearest = -1;
    let distance = Infinity;
    for (let index = 0; index < theirs.length; index++) {
      const call = theirs[index] as number;
      if (this.#problem.columns.kinds[call] !== kind || (this.#problem.children[call] as Child).isFixed) continue;
      const by = Math.abs(this.#startOf(call) - startedAt);
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

  #bothChange(from: number, to: number): number {
    return this.#change(from, this.#mine) + this.#change(to, this.#theirs);
  }

  #change(place: number, calls: readonly number[]): number {
    return this.#logLikelihood(place, calls) - (this.#likelihoods[place] as number);
  }

  #logLikelihood(place: number, calls: readonly number[]): number {
    const parent = this.#problem.parents[place] as Parent;
    return parent.plan.logLikelihood(parent, calls, this.#problem.columns);
  }
}

const NO_CALLS: readonly number[] = [];

/** Fills a list with calls, without one and with another; -1 for none. Places of calls are in order of their start. */
function fill(list: number[], calls: readonly number[], without: number, added: number): void {
  list.length = 0;
  let isIn = added < 0;
  for (let index = 0; index < calls.length; index++) {
    const call = calls[index] as number;
    if (!isIn && call > added) {
      list.push(added);
      isIn = true;
    }
    if (call !== without) list.push(call);
  }
  if (!isIn) list.push(added);
}

/** By insertion: a request has few calls, and they are nearly in order. */
function sort(calls: number[]): void {
  for (let index = 1; index < calls.length; index++) {
    const call = calls[index] as number;
    let place = index;
    for (; place > 0 && (calls[place - 1] as number) > call; place--) calls[place] = calls[place - 1] as number;
    calls[place] = call;
  }
}

const placeOf = (parent: number, candidates: readonly number[]): number =>
  parent === NOBODY ? candidates.length : candidates.indexOf(parent);
