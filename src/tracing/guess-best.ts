import { UNEVEN_SHARE } from './call-plan.ts';
import { firstGuesses, guess } from './first-guesses.ts';
import { learnCounts, unevenCalls } from './learn-counts.ts';
import { FIRST_ALONE_SHARE, learnRound, setAlone } from './learn-round.ts';
import type { LinkProblem } from './link-problem.ts';
import type { LinkSolver } from './solve-links.ts';

// Rounds of learning what requests do and linking anew; sweeps of each, hot to cold.
const FIRST_ROUND = [2, 1, 0];
export const NEXT_ROUNDS = [
  [1.5, 1, 0],
  [1, 0.5, 0],
];
// A guess that is so much less likely for each call after its first round will not come out best.
const FAR_BEHIND = 0.5;
// What a doubtful request does teaches little, as long as nothing better is known.
const DOUBTFUL_WEIGHT = 0.05;

export interface Guessed {
  readonly owners: Int32Array;
  /** Calls that requests made beyond what others do, or fewer. */
  readonly uneven: number;
}

/** What the best first guess came to. */
export function bestOfGuesses(solver: LinkSolver, first: LinkProblem): Guessed {
  const guesses: Int32Array[] = [];
  const firstRounds: Int32Array[] = [];
  let best: Guessed = { owners: first.owners, uneven: 0 };
  let most = -Infinity;
  let mostBegun = -Infinity;
  for (const rank of firstGuesses(first)) {
    guess(first, rank);
    if (!isNew(first.owners, guesses)) continue;
    learnFirst(first);
    solver.restart();
    learnRound(solver, first, FIRST_ROUND);
    // Most guesses come to the same links at once, and from there to the same end.
    if (!isNew(first.owners, firstRounds)) continue;
    const begun = scoreOf(solver, first).likelihood;
    if (begun < mostBegun - FAR_BEHIND * first.callCount) continue;
    mostBegun = Math.max(mostBegun, begun);
    for (const temperatures of NEXT_ROUNDS) learnRound(solver, first, temperatures);
    const { likelihood, uneven } = scoreOf(solver, first);
    if (likelihood <= most) continue;
    most = likelihood;
    best = { owners: first.owners.slice(), uneven };
  }
  return best;
}

/** How likely all is, less what requests do that others of their kind don't, and how much that is. */
function scoreOf(solver: LinkSolver, first: LinkProblem): { likelihood: number; uneven: number } {
  const uneven = unevenCalls(first);
  return { likelihood: solver.likelihood(null) + (first.isEven ? 0 : uneven * Math.log(UNEVEN_SHARE)), uneven };
}

/** Learns from a first guess, above all from what is beyond doubt. */
function learnFirst(problem: LinkProblem): void {
  problem.forget();
  if (problem.isEven) learnCounts(problem);
  setAlone(problem, FIRST_ALONE_SHARE);
  for (let request = 0; request < problem.requestCount; request++)
    problem.learn(request, isClear(problem, request) ? 1 : DOUBTFUL_WEIGHT);
}

/** None of its calls could be another's. */
function isClear({ callsOf, calls: { candidates, isFixed } }: LinkProblem, request: number): boolean {
  const own = callsOf[request] as readonly number[];
  for (let index = 0; index < own.length; index++) {
    const call = own[index] as number;
    if (isFixed[call] === 0 && (candidates[call] as readonly number[]).length > 1) return false;
  }
  return true;
}

/** Whether there were no such owners; from now on there are. */
function isNew(owners: Int32Array, known: Int32Array[]): boolean {
  for (const others of known) if (isSame(owners, others)) return false;
  known.push(owners.slice());
  return true;
}

export function isSame(some: Int32Array, others: Int32Array): boolean {
  for (let call = 0; call < some.length; call++) if (some[call] !== others[call]) return false;
  return true;
}
