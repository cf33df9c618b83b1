import type { CallPlan } from './call-plan.ts';
import { NOBODY, type LinkProblem } from './link-problem.ts';

// Of all requests of a kind: what fewer do is unusual.
const RARE_SHARE = 0.15;
// What most requests of a kind do: one that does something that no other does is then an exception.
const USUAL_SHARE = 0.5;

/** Requests of one kind by the set of calls that they made. */
interface Counts {
  all: number;
  most: number;
  readonly by: Map<number, number>;
}

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
    const sets = new Float64Array(requestCount);
    const byPlan = new Map<CallPlan, Counts>();
    for (let request = 0; request < requestCount; request++) {
      const { set } = problem.walkOf(request);
      sets[request] = set;
      const plan = problem.planOf(request);
      let counts = byPlan.get(plan);
      if (counts === undefined) byPlan.set(plan, (counts = { all: 0, most: 0, by: new Map() }));
      const count = (counts.by.get(set) ?? 0) + 1;
      counts.by.set(set, count);
      counts.all++;
      if (count > counts.most) counts.most = count;
    }
    for (let request = 0; request < requestCount; request++) {
      const { all, most, by } = byPlan.get(problem.planOf(request)) as Counts;
      const count = by.get(sets[request] as number) as number;
      if (count <= Math.max(1, all * RARE_SHARE)) this.#isRare[request] = 1;
      if (count === 1 && most >= all * USUAL_SHARE) this.#isException[request] = 1;
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
