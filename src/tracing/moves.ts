import { NO_FRACTION } from '../base/fraction.ts';
import { Likelihoods } from './likelihoods.ts';
import { NOBODY, type LinkProblem } from './link-problem.ts';
import { Trade } from './trade.ts';

// How long a stretch of a request's calls is tried as a whole.
const MOST_SEGMENTS = 3;

// Among more, so much fits nearly as well that no stretch is told from another: each costs as much as ten moves. Only
// what is to be certain must bear that all that follows changes places, or all that there is.
const MANY_CANDIDATES = 8;

const EARLIEST = -Infinity;

// To each candidate alone and swapped, and twice each stretch; and to nobody.
const MOST_TO_ONE = 2 + 2 * (MOST_SEGMENTS + 1);
const roomFor = (candidates: number): number => 1 + candidates * MOST_TO_ONE;

/**
 * How a call could get to each other request: it alone, swapped with one of its kind, or with all that
 * follows in both requests or the next few of it, since a wrong choice early makes all later ones look
 * wrong. Filled anew for each call; columns, of which the first `count` hold.
 */
export class Moves {
  readonly #problem: LinkProblem;
  readonly likelihoods: Likelihoods;
  readonly #trade: Trade;
  count = 0;
  /** To which request. */
  targets = new Int32Array(roomFor(MANY_CANDIDATES));
  /** ln of how much likelier all is with it. */
  gains = new Float64Array(roomFor(MANY_CANDIDATES));
  /** How likely each is by that, and to stay, and all together: once they are weighed. */
  weights = new Float64Array(roomFor(MANY_CANDIDATES));
  staying = NO_FRACTION;
  total = NO_FRACTION;
  /** The call that comes back for it, -1 for none. */
  #others = new Int32Array(roomFor(MANY_CANDIDATES));
  /** Where these are numbers, all calls of that stretch change places. */
  #sinces = new Float64Array(roomFor(MANY_CANDIDATES));
  #untils = new Float64Array(roomFor(MANY_CANDIDATES));

  constructor(problem: LinkProblem) {
    this.#problem = problem;
    this.likelihoods = new Likelihoods(problem);
    this.#trade = new Trade(problem);
  }

  relearned(): void {
    this.likelihoods.relearned();
  }

  /** @param isWhole tries all that two requests did the other way round, too: what is certain must bear that */
  find(call: number, isWhole: boolean): void {
    const { calls, owners, logAlone } = this.#problem;
    const candidates = calls.candidates[call] as readonly number[];
    const from = owners[call] as number;
    const alone = logAlone[calls.kinds[call] as number] as number;
    let leaving = 0 - alone;
    this.#begin(candidates.length);
    if (from !== NOBODY) {
      this.#trade.exchange(call, from, NOBODY, -1);
      leaving = this.likelihoods.change(from, this.#trade.mine);
      this.#note(NOBODY, leaving + alone, -1, Number.NaN, Number.NaN);
    }
    for (let place = 0; place < candidates.length; place++) {
      const to = candidates[place] as number;
      if (to === from) continue;
      this.#trade.exchange(call, NOBODY, to, -1);
      this.#note(to, leaving + this.likelihoods.change(to, this.#trade.theirs), -1, Number.NaN, Number.NaN);
      if (from !== NOBODY) this.#findTrades(call, from, to, candidates.length <= MANY_CANDIDATES, isWhole);
    }
  }

  /** @param best the gain of the best move, 0 where staying is best */
  weigh(best: number, temperature: number): void {
    const { gains, weights, count } = this;
    this.staying = Math.exp(-best / temperature);
    let total = this.staying;
    for (let place = 0; place < count; place++) {
      const weight = Math.exp(((gains[place] as number) - best) / temperature);
      weights[place] = weight;
      total += weight;
    }
    this.total = total;
  }

  /** Makes one of those that were found. */
  take(call: number, place: number): void {
    const from = this.#problem.owners[call] as number;
    const to = this.targets[place] as number;
    const since = this.#sinces[place] as number;
    if (since === since) this.#trade.swapStretch(from, to, since, this.#untils[place] as number);
    else this.#trade.exchange(call, from, to, this.#others[place] as number);
    this.#problem.owners[call] = NOBODY;
    if (from !== NOBODY) {
      this.#problem.settle(from, this.#trade.mine);
      this.likelihoods.changed(from);
    }
    if (to !== NOBODY) {
      this.#problem.settle(to, this.#trade.theirs);
      this.likelihoods.changed(to);
    }
  }

  #findTrades(call: number, from: number, to: number, isFew: boolean, isWhole: boolean): void {
    const { mine, theirs } = this.#trade;
    const other = this.#trade.counterpart(call, from, to);
    if (other >= 0) {
      this.#trade.exchange(call, from, to, other);
      this.#note(to, this.likelihoods.bothChange(from, mine, to, theirs), other, Number.NaN, Number.NaN);
    }
    const { calls, callsOf } = this.#problem;
    const own = callsOf[from] as readonly number[];
    // With one at most on each side that is the swap or the move.
    if (own.length + (callsOf[to] as readonly number[]).length < 3) return;
    const start = calls.starts[call] as number;
    if (!isFew) {
      if (isWhole) for (const since of [start, EARLIEST]) this.#findStretch(from, to, since, Infinity);
      return;
    }
    for (let since = start; ; since = EARLIEST) {
      this.#findStretch(from, to, since, Infinity);
      let segments = 0;
      for (let index = 0; index < own.length && segments <= MOST_SEGMENTS; index++) {
        const until = calls.starts[own[index] as number] as number;
        if (until > since && segments++ > 0) this.#findStretch(from, to, since, until);
      }
      if (since !== start || !isWhole) return;
    }
  }

  #findStretch(from: number, to: number, since: number, until: number): void {
    const { mine, theirs } = this.#trade;
    if (!this.#trade.swapStretch(from, to, since, until)) return;
    this.#note(to, this.likelihoods.bothChange(from, mine, to, theirs), -1, since, until);
  }

  #begin(candidates: number): void {
    const room = roomFor(candidates);
    this.count = 0;
    if (room <= this.gains.length) return;
    this.targets = new Int32Array(room);
    this.gains = new Float64Array(room);
    this.weights = new Float64Array(room);
    this.#others = new Int32Array(room);
    this.#sinces = new Float64Array(room);
    this.#untils = new Float64Array(room);
  }

  #note(to: number, gain: number, other: number, since: number, until: number): void {
    const place = this.count++;
    this.targets[place] = to;
    this.gains[place] = gain;
    this.#others[place] = other;
    this.#sinces[place] = since;
    this.#untils[place] = until;
  }
}
