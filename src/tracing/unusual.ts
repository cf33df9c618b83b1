import type { CallPlan } from './call-plan.ts';
import { NOBODY, type LinkProblem } from './link-problem.ts';

// Of all requests of a kind: what fewer do is unusual.
const RARE_SHARE = 0.15;
// What most requests of a kind do: one that does something that no other does is then an exception.
const USUAL_SHARE = 0.5;

/** Requests of one kind by the calls that they made. */
interface Counts {
  all: number;
  most: number;
  readonly by: Map<string, number>;
}

/**
 * Requests that made other calls than requests of their kind do: one too many, one missing. Two of
 * these in flight at once may have each other's calls, however well the pauses fit. And what only one
 * of them ever did, several may have done a part of.
 */
export class Unusual {
  readonly #problem: LinkProblem;
  readonly #isRare: readonly boolean[];
  readonly #isException: readonly boolean[];

  constructor(problem: LinkProblem) {
    this.#problem = problem;
    const { plans } = problem.requests;
    const signatures = problem.callsOf.map((calls) =>
      calls
        .map((call) => problem.calls.kinds[call] as number)
        .toSorted((a, b) => a - b)
        .join(' '),
    );
    const counts = new Map<CallPlan, Counts>();
    for (const [request, signature] of signatures.entries()) {
      const plan = plans[request] as CallPlan;
      const known = counts.get(plan) ?? { all: 0, most: 0, by: new Map<string, number>() };
      const count = (known.by.get(signature) ?? 0) + 1;
      known.all++;
      known.most = Math.max(known.most, count);
      known.by.set(signature, count);
      counts.set(plan, known);
    }
    const alike = signatures.map((signature, request) => {
      const { all, most, by } = counts.get(plans[request] as CallPlan) as Counts;
      return { all, most, count: by.get(signature) as number };
    });
    this.#isRare = alike.map(({ all, count }) => count <= Math.max(1, all * RARE_SHARE));
    this.#isException = alike.map(({ all, most, count }) => count === 1 && most >= all * USUAL_SHARE);
  }

  /** The call's request is unusual, and so is another that could have made it; or it is the only one of its kind. */
  isDoubtful(call: number): boolean {
    const { owners, calls } = this.#problem;
    const owner = owners[call] as number;
    if (owner === NOBODY || calls.isFixed[call] === 1 || this.#isRare[owner] !== true || this.#isRare.length < 2)
      return false;
    const isException = this.#isException[owner] === true;
    return (calls.candidates[call] as readonly number[]).some(
      (other) => other !== owner && (isException || this.#isRare[other]),
    );
  }
}
