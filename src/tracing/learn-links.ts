import { FIRST_GUESSES, guess } from './first-guesses.ts';
import { learnOvertaking } from './overtaking.ts';
import { LinkProblem, NOBODY } from './link-problem.ts';
import { LinkSolver } from './solve-links.ts';

// Of many calls so many are tried with every first guess.
const TRIED_CALLS = 400;
// Rounds of learning what requests do and linking anew; sweeps of each, hot to cold.
const TEMPERATURES = [
  [2, 1, 0],
  [1.5, 1, 0],
  [1, 0.5, 0],
];
// What the beginning taught needs less.
const LATER_TEMPERATURES = [
  [1, 0],
  [1, 0],
];
const LAST_TEMPERATURES = [1, 1, 1, 1];
const SAMPLES = 10;
// After so many a call that nothing tells is known to be one.
const FEW_SAMPLES = 4;
const LAST_SWEEPS = 6;
// What a doubtful request does teaches little, as long as nothing better is known.
const DOUBTFUL_WEIGHT = 0.05;
// Before anything is known one call in so many belongs to nobody.
const FIRST_ALONE_SHARE = 0.01;
const LEAST_ALONE_SHARE = 0.0005;

/**
 * Links, and learns what requests do: from each first guess, and goes on with the one that explains
 * all best. Of many calls the first ones tell which guess that is, but for those that follow others.
 * @param isTaught the plans know already what their requests do
 */
export function improve(problem: LinkProblem, isTaught: boolean): LinkSolver {
  const first = problem.callCount > 2 * TRIED_CALLS ? problem.beginning(TRIED_CALLS) : problem;
  if (!isTaught || first === problem) learnBeginning(first);
  const solver = new LinkSolver(problem);
  if (first !== problem) {
    // What was learned is where all begins.
    guessLikeliest(problem);
    for (const temperatures of LATER_TEMPERATURES) {
      sweepAll(solver, problem, [temperatures]);
      learnOvertaking(problem);
    }
  } else learnOvertaking(problem);
  for (const temperature of LAST_TEMPERATURES) solver.sweep(temperature);
  for (let sweep = 0; sweep < LAST_SWEEPS; sweep++) if (solver.sweep(0) === 0) break;
  // Samples say how sure the answer is, and leave it as it is.
  const answer = problem.owners.slice();
  const sampler = new LinkSolver(problem);
  for (let sample = 0; sample < SAMPLES; sample++) {
    if (sample === FEW_SAMPLES) sampler.giveUp();
    sampler.sample();
  }
  problem.assign(answer);
  return sampler;
}

/** Tries each first guess, and leaves what the best of them came to. */
function learnBeginning(first: LinkProblem): void {
  let best = { likelihood: -Infinity, owners: first.owners };
  const guesses: Int32Array[] = [];
  const firstRounds: Int32Array[] = [];
  for (const rank of FIRST_GUESSES) {
    guess(first, rank);
    if (!isNew(first.owners, guesses)) continue;
    learnFirst(first);
    const solver = new LinkSolver(first);
    sweepAll(solver, first, TEMPERATURES.slice(0, 1));
    // Most guesses come to the same links at once, and from there to the same end.
    if (!isNew(first.owners, firstRounds)) continue;
    sweepAll(solver, first, TEMPERATURES.slice(1));
    const likelihood = likelihoodOf(first);
    if (likelihood > best.likelihood) best = { likelihood, owners: first.owners.slice() };
  }
  first.assign(best.owners);
  relearn(first);
}

/** The first guess that is likeliest by what was learned: which led to that does not matter. */
function guessLikeliest(problem: LinkProblem): void {
  let best = { likelihood: -Infinity, owners: problem.owners };
  for (const rank of FIRST_GUESSES) {
    guess(problem, rank);
    const likelihood = likelihoodOf(problem);
    if (likelihood > best.likelihood) best = { likelihood, owners: problem.owners.slice() };
  }
  problem.assign(best.owners);
  setAlone(problem, true);
}

/** Whether there were no such owners; from now on there are. */
function isNew(owners: Int32Array, known: Int32Array[]): boolean {
  if (known.some((others) => others.every((owner, call) => owner === owners[call]))) return false;
  known.push(owners.slice());
  return true;
}

/** Learns from a first guess, above all from what is beyond doubt. */
function learnFirst(problem: LinkProblem): void {
  const { candidates, isFixed } = problem.calls;
  const isClear = (call: number): boolean =>
    isFixed[call] === 1 || (candidates[call] as readonly number[]).length === 1;
  problem.forget();
  setAlone(problem, true);
  for (let request = 0; request < problem.requestCount; request++) {
    const weight = (problem.callsOf[request] as number[]).every(isClear) ? 1 : DOUBTFUL_WEIGHT;
    problem.learn(request, weight);
  }
}

function sweepAll(solver: LinkSolver, problem: LinkProblem, rounds: readonly (readonly number[])[]): void {
  for (const temperatures of rounds) {
    for (const temperature of temperatures) solver.sweep(temperature);
    relearn(problem);
    solver.relearned();
  }
}

/**
 * ln of how likely all is, each request by what the others taught: an answer that fits by chance only
 * what it was learned from does not win by it.
 */
function likelihoodOf(problem: LinkProblem): number {
  const { requestCount, callCount, callsOf, owners, logAlone, calls } = problem;
  let sum = 0;
  for (let request = 0; request < requestCount; request++) {
    const own = callsOf[request] as readonly number[];
    sum += problem.logLikelihood(request, own, own.length);
  }
  for (let call = 0; call < callCount; call++) {
    const isAlone = owners[call] === NOBODY && (calls.candidates[call] as readonly number[]).length > 0;
    if (isAlone) sum += logAlone[calls.kinds[call] as number] as number;
  }
  return sum;
}

function relearn(problem: LinkProblem): void {
  setAlone(problem, false);
  problem.relearn();
}

/** Calls of nobody come at any time: as many of a kind as do, spread over all the time there is. */
function setAlone(problem: LinkProblem, isFirst: boolean): void {
  const { requests, requestCount, calls, callCount, owners, logAlone } = problem;
  let first = calls.starts[0] ?? 0;
  let last = calls.starts[callCount - 1] ?? 0;
  // One call alone takes no time, but the request around it does.
  for (let request = 0; request < requestCount; request++) {
    first = Math.min(first, requests.starts[request] as number);
    last = Math.max(last, requests.ends[request] as number);
  }
  const lasts = Math.max(1, last - first);
  const all = new Float64Array(logAlone.length);
  const alone = new Float64Array(logAlone.length);
  for (let call = 0; call < callCount; call++) {
    const kind = calls.kinds[call] as number;
    all[kind] = (all[kind] as number) + 1;
    if (owners[call] === NOBODY) alone[kind] = (alone[kind] as number) + 1;
  }
  for (let kind = 0; kind < logAlone.length; kind++) {
    const count = all[kind] as number;
    const least = count * (isFirst ? FIRST_ALONE_SHARE : LEAST_ALONE_SHARE);
    logAlone[kind] = Math.log(Math.max(alone[kind] as number, least, LEAST_ALONE_SHARE) / lasts);
  }
}
