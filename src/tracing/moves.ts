import { Likelihoods } from './likelihoods.ts';
import { NOBODY, type LinkProblem } from './link-problem.ts';
import { Trade } from './trade.ts';

// How long a stretch of a request's calls is tried as a whole.
const MOST_SEGMENTS = 3;

// Among more, so much fits nearly as well that no stretch is told from another: each costs as much as ten moves.
const MANY_CANDIDATES = 8;

/** How a call gets to another request: what its own and the other one have then follows from it. */
export interface Move {
  to: number;
  /** ln of how much likelier all is with it. */
  gain: number;
  /** The call that comes back for it, -1 for none. Where `since` is a number, all calls of that stretch change places. */
  other: number;
  since: number;
  until: number;
}

// Fractions from the start, since a field that gets its first one later is laid out anew.
const emptyMove = (): Move => ({ to: NOBODY, gain: Number.NaN, other: -1, since: Number.NaN, until: Number.NaN });

/**
 * How a call could get to each other request: it alone, swapped with one of its kind, or with all that
 * follows in both requests or the next few of it, since a wrong choice early makes all later ones look
 * wrong.
 */
export class Moves {
  readonly #problem: LinkProblem;
  readonly #likelihoods: Likelihoods;
  readonly #trade: Trade;
  /** Filled anew for each call: of them the first `count`. */
  readonly found: Move[] = [];
  count = 0;

  constructor(problem: LinkProblem) {
    this.#problem = problem;
    this.#likelihoods = new Likelihoods(problem);
    this.#trade = new Trade(problem);
  }

  relearned(): void {
    this.#likelihoods.relearned();
  }

  /** @param isWhole tries all that two requests did the other way round, too: what is certain must bear that */
  find(call: number, isWhole: boolean): void {
    const { calls, owners, logAlone } = this.#problem;
    const { mine, theirs } = this.#trade;
    const from = owners[call] as number;
    const candidates = calls.candidates[call] as readonly number[];
    const alone = logAlone[calls.kinds[call] as number] as number;
    this.count = 0;
    this.#trade.exchange(call, from, NOBODY, -1);
    const leaving = from === NOBODY ? -alone : this.#likelihoods.change(from, mine);
    if (from !== NOBODY) this.#note(NOBODY, leaving + alone, -1, Number.NaN, Infinity);
    for (let place = 0; place < candidates.length; place++) {
      const to = candidates[place] as number;
      if (to === from) continue;
      this.#trade.exchange(call, from, to, -1);
      this.#note(to, leaving + this.#likelihoods.change(to, theirs), -1, Number.NaN, Infinity);
      if (from === NOBODY) continue;
      const other = this.#trade.counterpart(call, from, to);
      if (other >= 0) {
        this.#trade.exchange(call, from, to, other);
        this.#note(to, this.#likelihoods.bothChange(from, mine, to, theirs), other, Number.NaN, Infinity);
      }
      if (candidates.length > MANY_CANDIDATES) continue;
      this.#findStretches(from, to, calls.starts[call] as number);
      if (isWhole) this.#findStretches(from, to, -Infinity);
    }
  }

  /** Makes one of those that were found. */
  take(call: number, { to, other, since, until }: Move): void {
    const from = this.#problem.owners[call] as number;
    if (Number.isNaN(since)) this.#trade.exchange(call, from, to, other);
    else this.#trade.swapStretch(from, to, since, until);
    this.#problem.owners[call] = NOBODY;
    if (from !== NOBODY) {
      this.#problem.settle(from, this.#trade.mine);
      this.#likelihoods.changed(from);
    }
    if (to !== NOBODY) {
      this.#problem.settle(to, this.#trade.theirs);
      this.#likelihoods.changed(to);
    }
  }

  #findStretches(from: number, to: number, since: number): void {
    const { calls, callsOf } = this.#problem;
    const mine = callsOf[from] as readonly number[];
    // With one at most on each side that is the swap or the move.
    if (mine.length + (callsOf[to] as readonly number[]).length < 3) return;
    this.#findStretch(from, to, since, Infinity);
    let segments = 0;
    for (let index = 0; index < mine.length && segments <= MOST_SEGMENTS; index++) {
      const start = calls.starts[mine[index] as number] as number;
      if (start > since && segments++ > 0) this.#findStretch(from, to, since, start);
    }
  }

  #findStretch(from: number, to: number, since: number, until: number): void {
    const { mine, theirs } = this.#trade;
    if (!this.#trade.swapStretch(from, to, since, until)) return;
    this.#note(to, this.#likelihoods.bothChange(from, mine, to, theirs), -1, since, until);
  }

  #note(to: number, gain: number, other: number, since: number, until: number): void {
    if (this.count === this.found.length) this.found.push(emptyMove());
    const move = this.found[this.count++] as Move;
    move.to = to;
    move.gain = gain;
    move.other = other;
    move.since = since;
    move.until = until;
  }
}
