import { NOBODY, type LinkProblem } from './link-problem.ts';
import { MadeSets } from './made-sets.ts';

// Of all requests of a kind: what fewer do is unusual.
const RARE_SHARE = 0.15;
// What most requests of a kind do: one that does something that no other does is then an exception.
const USUAL_SHARE = 0.5;

/**
 * Requests that made other calls than requests of their kind do: one too many, one missing. Two of
 * these in flight at once may have each other's calls, however well the pauses fit. And what only one
 * of them ever did, several may have done a part of.
 */
export class Unusual {
  readonly #problem: LinkProblem;
  /** By request: 1 where it is. */
  readonly #isRare: Uint8Array;
  readonly #isException: Uint8Array;

  constructor(problem: LinkProblem) {
    const { requestCount } = problem;
    this.#problem = problem;
    this.#isRare = new Uint8Array(requestCount);
    this.#isException = new Uint8Array(requestCount);
    const { plans, counts } = new MadeSets(problem);
    for (const { requests, most } of plans) {
      for (const request of requests) {
        const count = counts[request] as number;
        if (count <= Math.max(1, requests.length * RARE_SHARE)) this.#isRare[request] = 1;
        if (count === 1 && most >= requests.length * USUAL_SHARE) this.#isException[request] = 1;
      }
    }
  }

  /**
   * The call's request is unusual, and so is another that could have made it; or it is the only one of its kind. Or it
   * makes several of the kind, while another of its own kind that could have made this one makes none at all.
   */
  isDoubtful(call: number): boolean {
    const { owners, calls } = this.#problem;
    const owner = owners[call] as number;
    if (owner === NOBODY || calls.isFixed[call] === 1) return false;
    const candidates = calls.candidates[call] as readonly number[];
    if (candidates.length > 1 && this.#isOneOfSeveral(call, owner) && this.#isAnyBare(owner, candidates)) return true;
    if (this.#isRare[owner] === 0) return false;
    for (let place = 0; place < candidates.length; place++) {
      const other = candidates[place] as number;
      if (other !== owner && (this.#isException[owner] === 1 || this.#isRare[other] === 1)) return true;
    }
    return false;
  }

  #isOneOfSeveral(call: number, owner: number): boolean {
    const { callsOf, calls } = this.#problem;
    const own = callsOf[owner] as readonly number[];
    for (let place = 0; place < own.length; place++) {
      const other = own[place] as number;
      if (other !== call && calls.kinds[other] === calls.kinds[call]) return true;
    }
    return false;
  }

  /** Requests that wait together, for what one of them asked or for a busy program, go on together: nothing tells whose calls those are. */
  #isAnyBare(owner: number, candidates: readonly number[]): boolean {
    const { callsOf, requests } = this.#problem;
    for (let place = 0; place < candidates.length; place++) {
      const other = candidates[place] as number;
      if ((callsOf[other] as readonly number[]).length === 0 && requests.plans[other] === requests.plans[owner])
        return true;
    }
    return false;
  }
}
