import { NOBODY, type LinkProblem } from './link-problem.ts';

/**
 * Of two answers the likelier, piece by piece: requests hang together where a call is the one's in the
 * first answer and the other's in the second. Leaves the problem with it.
 */
export function takeLikelier(problem: LinkProblem, one: Int32Array, other: Int32Array): void {
  const pieces = new Pieces(problem, one, other);
  if (pieces.calls.length === 0) return problem.assign(one);
  problem.assign(other);
  pieces.add(1);
  problem.assign(one);
  pieces.add(-1);
  const likelier = one.slice();
  for (const call of pieces.calls) if (pieces.gainOf(call) > 0) likelier[call] = other[call] as number;
  problem.assign(likelier);
}

class Pieces {
  /** Whose owners differ. */
  readonly calls: number[] = [];
  readonly #problem: LinkProblem;
  /** By call: one of its owners. */
  readonly #owners: Int32Array;
  /** By request: another of its piece, itself for the one that stands for the piece; {@link NOBODY} in none. */
  readonly #next: Int32Array;
  /** By the request that stands for a piece. */
  readonly #gains: Float64Array;

  constructor(problem: LinkProblem, one: Int32Array, other: Int32Array) {
    this.#problem = problem;
    this.#owners = one.slice();
    this.#next = new Int32Array(problem.requestCount).fill(NOBODY);
    this.#gains = new Float64Array(problem.requestCount);
    for (let call = 0; call < problem.callCount; call++) {
      const mine = one[call] as number;
      const theirs = other[call] as number;
      if (mine === theirs) continue;
      this.calls.push(call);
      if (mine === NOBODY) this.#owners[call] = theirs;
      const root = this.#rootOf(this.#owners[call] as number);
      if (mine !== NOBODY && theirs !== NOBODY) this.#next[this.#rootOf(theirs)] = root;
    }
  }

  gainOf(call: number): number {
    return this.#gains[this.#rootOf(this.#owners[call] as number)] as number;
  }

  /** Adds what the problem's answer is worth, so many times. */
  add(times: number): void {
    const { callsOf, owners, requestCount, logAlone, calls } = this.#problem;
    for (let request = 0; request < requestCount; request++) {
      if (this.#next[request] === NOBODY) continue;
      const own = callsOf[request] as readonly number[];
      this.#gain(request, times * this.#problem.logLikelihood(request, own, own.length));
      // Who keeps to an order is not told by what each request does: it stays as it is.
      if (this.#problem.planOf(request).overtaking < 0) this.#gain(request, -Infinity);
    }
    for (const call of this.calls) {
      const isAlone = owners[call] === NOBODY;
      if (isAlone) this.#gain(this.#owners[call] as number, times * (logAlone[calls.kinds[call] as number] as number));
    }
  }

  #gain(request: number, gain: number): void {
    const root = this.#rootOf(request);
    this.#gains[root] = (this.#gains[root] as number) + gain;
  }

  #rootOf(request: number): number {
    let root = request;
    while (this.#next[root] !== root) {
      if (this.#next[root] === NOBODY) this.#next[root] = root;
      root = this.#next[root] as number;
    }
    this.#next[request] = root;
    return root;
  }
}
