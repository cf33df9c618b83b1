import { learnCounts } from './learn-counts.ts';
import { NOBODY, type LinkProblem } from './link-problem.ts';
import type { LinkSolver } from './solve-links.ts';

// Before anything is known one call in so many belongs to nobody.
export const FIRST_ALONE_SHARE = 0.01;
const LEAST_ALONE_SHARE = 0.0005;

/** Links, hot to cold, and learns what requests do then. */
export function learnRound(solver: LinkSolver, problem: LinkProblem, temperatures: readonly number[]): void {
  for (const temperature of temperatures) solver.sweep(temperature);
  relearn(problem);
  solver.relearned();
}

export function relearn(problem: LinkProblem): void {
  setAlone(problem, LEAST_ALONE_SHARE);
  if (problem.isEven) learnCounts(problem);
  problem.relearn();
}

/**
 * Calls of nobody come at any time: as many of a kind as do, spread over all the time there is.
 * @param leastShare of all calls of the kind
 */
export function setAlone({ calls, callCount, owners, logAlone, lasts }: LinkProblem, leastShare: number): void {
  const all = new Float64Array(logAlone.length);
  const alone = new Float64Array(logAlone.length);
  for (let call = 0; call < callCount; call++) {
    const kind = calls.kinds[call] as number;
    all[kind] = (all[kind] as number) + 1;
    if (owners[call] === NOBODY) alone[kind] = (alone[kind] as number) + 1;
  }
  for (let kind = 0; kind < logAlone.length; kind++) {
    const least = Math.max(LEAST_ALONE_SHARE, (all[kind] as number) * leastShare);
    logAlone[kind] = Math.log(Math.max(alone[kind] as number, least) / lasts);
  }
}
