import type { LinkProblem } from './link-problem.ts';
import type { LinkSolver } from './solve-links.ts';

// A link as likely as that is called so.
const LIKELY = 0.9;
// What is learned of a kind is learned from its links: where most of them may be wrong, so may what was learned.
const LEAST_SHARE = 0.5;

/** Kinds of calls of which so few are told that none is certain, however well its pauses fit. */
export class UnclearKinds {
  readonly #problem: LinkProblem;
  /** By kind: 1 where it is. */
  readonly #isUnclear: Uint8Array;

  constructor(problem: LinkProblem, solver: Pick<LinkSolver, 'mostLikely'>) {
    const { calls, callCount, logAlone } = problem;
    this.#problem = problem;
    this.#isUnclear = new Uint8Array(logAlone.length);
    const all = new Int32Array(logAlone.length);
    const told = new Int32Array(logAlone.length);
    for (let call = 0; call < callCount; call++) {
      if (!this.#isOpen(call)) continue;
      const kind = calls.kinds[call] as number;
      all[kind] = (all[kind] as number) + 1;
      if (solver.mostLikely(call) >= LIKELY) told[kind] = (told[kind] as number) + 1;
    }
    for (let kind = 0; kind < all.length; kind++)
      if ((told[kind] as number) < (all[kind] as number) * LEAST_SHARE) this.#isUnclear[kind] = 1;
  }

  /** Several could have made the call, and pauses tell who too seldom. */
  has(call: number): boolean {
    return this.#isUnclear[this.#problem.calls.kinds[call] as number] === 1 && this.#isOpen(call);
  }

  #isOpen(call: number): boolean {
    const { candidates, isFixed } = this.#problem.calls;
    return isFixed[call] === 0 && (candidates[call] as readonly number[]).length > 1;
  }
}
