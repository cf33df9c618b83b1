import { CallList } from './call-list.ts';
import { NOBODY, type LinkProblem } from './link-problem.ts';

const NO_CALLS: readonly number[] = [];

/** Calls that two requests trade: what both would have then. Filled anew over and over. */
export class Trade {
  readonly mine = new CallList();
  readonly theirs = new CallList();
  readonly #problem: LinkProblem;

  constructor(problem: LinkProblem) {
    this.#problem = problem;
  }

  /** A call goes over to another request, and another comes back for it: -1 for none. */
  exchange(call: number, from: number, to: number, other: number): void {
    this.mine.fill(this.#callsOf(from), call, other);
    this.theirs.fill(this.#callsOf(to), other, call);
  }

  /**
   * All calls of that time change places.
   * @returns whether that can be, and is not the same as moving one or swapping two
   */
  swapStretch(from: number, to: number, since: number, until: number): boolean {
    this.mine.clear();
    this.theirs.clear();
    const moved = this.#part(this.#callsOf(from), since, until, to, this.mine, this.theirs);
    const taken = moved >= 0 ? this.#part(this.#callsOf(to), since, until, from, this.theirs, this.mine) : -1;
    if (taken < 0 || moved + taken < 3) return false;
    this.mine.sort();
    this.theirs.sort();
    return true;
  }

  /** Theirs of the same kind that lies nearest and could come back; -1 for none. */
  counterpart(call: number, from: number, to: number): number {
    const { kinds, starts } = this.#problem.calls;
    const theirs = this.#callsOf(to);
    let nearest = -1;
    let distance = Infinity;
    for (let index = 0; index < theirs.length; index++) {
      const other = theirs[index] as number;
      const by = Math.abs((starts[other] as number) - (starts[call] as number));
      if (kinds[other] !== kinds[call] || by >= distance || this.#problem.calls.isFixed[other] === 1) continue;
      distance = by;
      nearest = other;
    }
    return nearest >= 0 && this.#fits(nearest, from) ? nearest : -1;
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
    const { starts } = this.#problem.calls;
    let count = 0;
    for (let index = 0; index < calls.length; index++) {
      const call = calls[index] as number;
      const start = starts[call] as number;
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

  #fits(call: number, request: number): boolean {
    const { isFixed, candidates } = this.#problem.calls;
    return isFixed[call] === 0 && (candidates[call] as readonly number[]).includes(request);
  }

  #callsOf(request: number): readonly number[] {
    return request === NOBODY ? NO_CALLS : (this.#problem.callsOf[request] as number[]);
  }
}
