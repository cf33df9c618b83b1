import { NOBODY, type LinkProblem } from './link-problem.ts';

// Of all requests of a kind: what fewer do is unusual.
const RARE_SHARE = 0.15;

/**
 * Requests that made other calls than requests of their kind do: one too many, one missing. Two of
 * these in flight at once may have each other's calls, however well the pauses fit.
 */
export class Unusual {
  readonly #problem: LinkProblem;
  readonly #isRare: readonly boolean[];

  constructor(problem: LinkProblem) {
    this.#problem = problem;
    const { plans } = problem.requests;
    const signatures = problem.callsOf.map((calls) =>
      calls
        .map((call) => problem.calls.kinds[call] as number)
        .toSorted((a, b) => a - b)
        .join(' '),
    );
    const counts = new Map<unknown, { all: number; by: Map<string, number> }>();
    for (const [request, signature] of signatures.entries()) {
      const known = counts.get(plans[request]) ?? { all: 0, by: new Map<string, number>() };
      known.all++;
      known.by.set(signature, (known.by.get(signature) ?? 0) + 1);
      counts.set(plans[request], known);
    }
    this.#isRare = signatures.map((signature, request) => {
      const known = counts.get(plans[request]);
      return known === undefined || (known.by.get(signature) ?? 0) <= Math.max(1, known.all * RARE_SHARE);
    });
  }

  /** The call's request is unusual, and so is another that could have made it. */
  isDoubtful(call: number): boolean {
    const { owners, calls } = this.#problem;
    const owner = owners[call] as number;
    if (owner === NOBODY || calls.isFixed[call] === 1 || this.#isRare[owner] !== true || this.#isRare.length < 2)
      return false;
    return (calls.candidates[call] as readonly number[]).some((other) => other !== owner && this.#isRare[other]);
  }
}
