import { CallList } from './call-list.ts';
import { NOBODY, type LinkProblem } from './link-problem.ts';
import { overtakingsOf } from './overtaking.ts';
import { Walk } from './walk.ts';

// One in e^12 = 160,000 is not worth another look as long as nothing changes.
const HOPELESS = -12;
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
  readonly #problem: LinkProblem;
  readonly #likelihoods: Float64Array;
  readonly #open: number[];
  /** By child: how often (in probability) each parent was seen, nobody last. */
  readonly #seen: (Float64Array | null)[];
  /** The same of the last time that it was looked at. */
  readonly #last: (Float64Array | null)[];
  readonly #stamps: Float64Array;
  readonly #versions: Float64Array;
  /** How often the plans had changed when a request's likelihood was worked out. */
  readonly #likelihoodOf: Int32Array;
  #learned = 0;
  #samples = 0;
  /** Filled anew for each call; of them the first `#found`. */
  readonly #alternatives: Alternative[] = [];
  #found = 0;
  /** What two requests would have. */
  readonly #mine = new CallList();
  readonly #theirs = new CallList();
  readonly #one = new Walk();
  readonly #other = new Walk();

  constructor(problem: LinkProblem) {
    this.#problem = problem;
    this.#likelihoods = new Float64Array(problem.requestCount);
    this.#likelihoodOf = new Int32Array(problem.requestCount).fill(-1);
    this.#open = [];
    for (let call = 0; call < problem.callCount; call++) {
      if (problem.calls.isFixed[call] === 0 && this.#candidatesOf(call).length > 0) this.#open.push(call);
    }
    this.#seen = Array.from({ length: problem.callCount }, () => null);
    this.#last = Array.from({ length: problem.callCount }, () => null);
    this.#stamps = new Float64Array(problem.callCount).fill(Number.NaN);
    this.#versions = new Float64Array(problem.requestCount);
  }

  /** The plans have changed; a little: what was hopeless stays so. */
  relearned(): void {
    this.#learned++;
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
    for (const call of this.#open) if (this.#visit(call, temperature, isSampled)) moved++;
    return moved;
  }

  /** By candidate, nobody last. Null for a call that was never in doubt. */
  probabilities(call: number): Float64Array | null {
    const seen = this.#seen[call] as Float64Array | null;
    return seen === null ? null : seen.map((sum) => sum / this.#samples);
  }

  #visit(call: number, temperature: number, isSampled: boolean): boolean {
    const stamp = this.#stampOf(call);
    // Nothing around it has changed since it was found to stay where it is.
    if (this.#stamps[call] === stamp && (!isSampled || this.#countAgain(call))) return false;
    this.#stamps[call] = Number.NaN;
    this.#find(call, isSampled);
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
    if (isSampled) this.#count(call, best);
    if (isHopeless) this.#stamps[call] = stamp;
    const taken = temperature === 0 ? likeliest : this.#drawn(best, temperature);
    if (taken < 0) return false;
    this.#take(call, this.#alternatives[taken] as Alternative);
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
  #stampOf(call: number): number {
    const candidates = this.#candidatesOf(call);
    let sum = 0;
    for (let index = 0; index < candidates.length; index++)
      sum += this.#versions[candidates[index] as number] as number;
    return sum;
  }

  /** What was seen of it the last time. */
  #countAgain(call: number): boolean {
    const seen = this.#seen[call];
    const last = this.#last[call];
    if (!seen || !last) return false;
    for (let place = 0; place < seen.length; place++) seen[place] = (seen[place] as number) + (last[place] as number);
    return true;
  }

  #count(call: number, best: number): void {
    const candidates = this.#candidatesOf(call);
    this.#seen[call] ??= new Float64Array(candidates.length + 1);
    const now = (this.#last[call] ??= new Float64Array(candidates.length + 1)).fill(0);
    now[placeOf(this.#ownerOf(call), candidates)] = Math.exp(-best / CAUTION);
    let total = Math.exp(-best / CAUTION);
    for (let found = 0; found < this.#found; found++) {
      const { to, gain } = this.#alternatives[found] as Alternative;
      const place = placeOf(to, candidates);
      const weight = Math.exp((gain - best) / CAUTION);
      now[place] = (now[place] as number) + weight;
      total += weight;
    }
    for (let place = 0; place < now.length; place++) now[place] = (now[place] as number) / total;
    this.#countAgain(call);
  }

  #take(call: number, { to, other, since, until }: Alternative): void {
    const from = this.#ownerOf(call);
    if (Number.isNaN(since)) this.#exchange(call, from, to, other);
    else this.#swapStretch(from, to, since, until);
    this.#settle(from, this.#mine);
    this.#settle(to, this.#theirs);
    if (to === NOBODY) this.#problem.owners[call] = NOBODY;
  }

  #settle(request: number, calls: CallList): void {
    if (request === NOBODY) return;
    calls.copyTo(this.#problem.callsOf[request] as number[]);
    for (let index = 0; index < calls.count; index++) this.#problem.owners[calls.places[index] as number] = request;
    this.#likelihoodOf[request] = -1;
    this.#versions[request] = (this.#versions[request] as number) + 1;
  }

  /** @param isWhole tries all that two requests did the other way round, too: what is certain must bear that */
  #find(call: number, isWhole: boolean): void {
    this.#found = 0;
    const from = this.#ownerOf(call);
    const candidates = this.#candidatesOf(call);
    const startedAt = this.#startOf(call);
    const alone = this.#problem.logAlone[this.#kindOf(call)] as number;
    this.#exchange(call, from, NOBODY, -1);
    const leaving = from === NOBODY ? -alone : this.#change(from, this.#mine);
    if (from !== NOBODY) this.#note(NOBODY, leaving + alone, -1);
    for (let place = 0; place < candidates.length; place++) {
      const to = candidates[place] as number;
      if (to === from) continue;
      this.#exchange(call, from, to, -1);
      this.#note(to, leaving + this.#change(to, this.#theirs), -1);
      if (from === NOBODY) continue;
      const other = this.#counterpart(call, to);
      if (other >= 0 && this.#fits(other, from)) {
        this.#exchange(call, from, to, other);
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
  #exchange(call: number, from: number, to: number, other: number): void {
    this.#mine.fill(this.#callsOf(from), call, other);
    this.#theirs.fill(this.#callsOf(to), other, call);
  }

  /** What both would have if all calls of that time changed places. @returns whether that can be, and is no move or swap of two */
  #swapStretch(from: number, to: number, since: number, until: number): boolean {
    this.#mine.clear();
    this.#theirs.clear();
    const moved = this.#part(this.#callsOf(from), since, until, to, this.#mine, this.#theirs);
    const taken = moved >= 0 ? this.#part(this.#callsOf(to), since, until, from, this.#theirs, this.#mine) : -1;
    if (taken < 0 || moved + taken < 3) return false;
    this.#mine.sort();
    this.#theirs.sort();
    return true;
  }

  /** Calls in that time go over to another request. @returns how many, -1 where one can't */
  #part(
    calls: readonly number[],
    since: number,
    until: number,
    to: number,
    staying: CallList,
    leaving: CallList,
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
    return this.#problem.calls.starts[call] as number;
  }

  #kindOf(call: number): number {
    return this.#problem.calls.kinds[call] as number;
  }

  #candidatesOf(call: number): readonly number[] {
    return this.#problem.calls.candidates[call] as readonly number[];
  }

  #ownerOf(call: number): number {
    return this.#problem.owners[call] as number;
  }

  #callsOf(request: number): readonly number[] {
    return request === NOBODY ? NO_CALLS : (this.#problem.callsOf[request] as number[]);
  }

  /** Theirs of the same kind that lies nearest. */
  #counterpart(call: number, request: number): number {
    const theirs = this.#callsOf(request);
    let nearest = -1;
    let distance = Infinity;
    for (let index = 0; index < theirs.length; index++) {
      const other = theirs[index] as number;
      if (this.#kindOf(other) !== this.#kindOf(call) || this.#problem.calls.isFixed[other] === 1) continue;
      const by = Math.abs(this.#startOf(other) - this.#startOf(call));
      if (by < distance) {
        distance = by;
        nearest = other;
      }
    }
    return nearest;
  }

  #fits(call: number, request: number): boolean {
    return this.#problem.calls.isFixed[call] === 0 && this.#candidatesOf(call).includes(request);
  }

  #bothChange(from: number, to: number): number {
    return this.#change(from, this.#mine) + this.#change(to, this.#theirs) + this.#orderChange(from, to);
  }

  /** Where a program keeps the order of its requests, or does not: what two of them say of it. */
  #orderChange(from: number, to: number): number {
    const { overtaking } = this.#problem.planOf(from);
    if (overtaking === 0 || this.#problem.planOf(to) !== this.#problem.planOf(from)) return 0;
    const mine = this.#problem.walkWith(from, this.#mine.places, this.#mine.count, this.#one);
    const theirs = this.#problem.walkWith(to, this.#theirs.places, this.#theirs.count, this.#other);
    const now = overtakingsOf(mine, theirs);
    const before = overtakingsOf(this.#problem.walkOf(from, this.#one), this.#problem.walkOf(to, this.#other));
    return overtaking * (now - before);
  }

  #change(request: number, { places, count }: CallList): number {
    return this.#problem.logLikelihood(request, places, count) - this.#likelihood(request);
  }

  /** Of what the request has now. */
  #likelihood(request: number): number {
    if (this.#likelihoodOf[request] !== this.#learned) {
      const calls = this.#problem.callsOf[request] as readonly number[];
      this.#likelihoods[request] = this.#problem.logLikelihood(request, calls, calls.length);
      this.#likelihoodOf[request] = this.#learned;
    }
    return this.#likelihoods[request] as number;
  }
}

const NO_CALLS: readonly number[] = [];

const placeOf = (parent: number, candidates: readonly number[]): number =>
  parent === NOBODY ? candidates.length : candidates.indexOf(parent);
