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

  /** The call's request is unusual, and so is another that could have made it; or it is the only one of its kind. */
  isDoubtful(call: number): boolean {
    const { owners, calls } = this.#problem;
    const owner = owners[call] as number;
    if (owner === NOBODY || calls.isFixed[call] === 1 || this.#isRare[owner] === 0) return false;
    const candidates = calls.candidates[call] as readonly number[];
    for (let place = 0; place < candidates.length; place++) {
      const other = candidates[place] as number;
      if (other !== owner && (this.#isException[owner] === 1 || this.#isRare[other] === 1)) return true;
    }
    return false;
  }
}
