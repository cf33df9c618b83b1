import { addNew, firstGuesses } from './first-guesses.ts';
import { takeLikelier } from './likelier.ts';
import { LinkProblem, NOBODY } from './link-problem.ts';
import { learnOvertaking } from './overtaking.ts';
import { LinkSolver } from './solve-links.ts';

// Of many calls so many are tried with every first guess, and about as many behind them say which of these taught best.
const TRIED_CALLS = 400;
// Rounds of learning what requests do and linking anew; sweeps of each, hot to cold.
const FIRST_ROUND = [2, 1, 0];
const NEXT_ROUNDS = [
  [1.5, 1, 0],
  [1, 0.5, 0],
];
// What the beginning taught needs less.
const LATER_ROUNDS = [
  [1, 0],
  [1, 0],
];
// What was shifted along chains teaches anew, and shows others.
const MOST_SHIFTS = 3;
const SHIFTED_ROUND = [0];
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
 * all best. Of many calls the first ones teach, and those behind them tell which guess that is; but for those that
 * follow others, of which much is known.
 * @param isTaught the plans know already what their requests do
 */
export function improve(problem: LinkProblem, isTaught: boolean): LinkSolver {
  const first = problem.callCount > 2 * TRIED_CALLS ? problem.beginning(TRIED_CALLS) : problem;
  const guesses = firstGuesses(problem);
  if (first === problem) learnAll(problem, guesses);
  else if (!isTaught) learnBeginning(first, problem, guesses);
  const solver = new LinkSolver(problem);
  // What was learned is where all begins.
  if (first !== problem) guessLikeliest(solver, problem, guesses);
  if (first === problem) learnOvertaking(problem);
  else {
    for (const temperatures of LATER_ROUNDS) {
      learnRound(solver, problem, temperatures);
      learnOvertaking(problem);
    }
  }
  for (let times = 0; times < MOST_SHIFTS && solver.shift(false); times++) {
    learnRound(solver, problem, SHIFTED_ROUND);
    learnOvertaking(problem);
  }
  for (const temperature of LAST_TEMPERATURES) solver.sweep(temperature);
  settle(solver);
  solver.shift(true);
  // Samples say how sure the answer is, and where they lead is another.
  const answer = problem.owners.slice();
  for (let sample = 0; sample < SAMPLES; sample++) {
    if (sample === FEW_SAMPLES) solver.giveUp();
    solver.sample();
  }
  settle(solver);
  takeLikelier(problem, answer, problem.owners.slice());
  return solver;
}

function settle(solver: LinkSolver): void {
  for (let sweep = 0; sweep < LAST_SWEEPS; sweep++) if (solver.sweep(0) === 0) return;
}

/** Tries each first guess, and leaves what the best of them came to. */
function learnAll(problem: LinkProblem, guesses: readonly Int32Array[]): void {
  const solver = new LinkSolver(problem);
  learnFromBest(problem, solver, guesses, () => {
    for (const temperatures of NEXT_ROUNDS) learnRound(solver, problem, temperatures);
    return solver.likelihood(null);
  });
}

/**
 * Tries each first guess with the first calls, and leaves what came to the one that taught best: by what it taught, calls
 * behind are likelier than by what any other did. By the same calls that it was learned from, what fits them by chance is
 * as likely.
 */
function learnBeginning(first: LinkProblem, problem: LinkProblem, guesses: readonly Int32Array[]): void {
  const solver = new LinkSolver(first);
  const requests = behind(problem, first.requestCount);
  const given = guesses.map((owners) => callsOfEach(requests, owners, problem.requestCount));
  learnFromBest(first, solver, guesses, () => {
    let most = -Infinity;
    for (const calls of given) most = Math.max(most, likelihoodOf(problem, requests, calls));
    return most;
  });
  solver.restart();
  for (const temperatures of NEXT_ROUNDS) learnRound(solver, first, temperatures);
}

/** Of all requests behind those that are known as many: what comes at one time may be alike. */
function behind({ requestCount }: LinkProblem, known: number): number[] {
  const requests: number[] = [];
  const step = Math.max(1, Math.floor((requestCount - known) / known));
  for (let request = known; request < requestCount; request += step) requests.push(request);
  return requests;
}

/** By place of these requests: which calls each of them has. */
function callsOfEach(requests: readonly number[], owners: Int32Array, requestCount: number): number[][] {
  const places = new Int32Array(requestCount).fill(NOBODY);
  for (let place = 0; place < requests.length; place++) places[requests[place] as number] = place;
  const calls = Array.from(requests, (): number[] => []);
  for (let call = 0; call < owners.length; call++) {
    const owner = owners[call] as number;
    const place = owner === NOBODY ? NOBODY : (places[owner] as number);
    if (place !== NOBODY) (calls[place] as number[]).push(call);
  }
  return calls;
}

/** ln of how likely these requests are with these calls. */
function likelihoodOf(
  problem: LinkProblem,
  requests: readonly number[],
  calls: readonly (readonly number[])[],
): number {
  let sum = 0;
  for (let place = 0; place < requests.length; place++) {
    const own = calls[place] as readonly number[];
    sum += problem.logLikelihood(requests[place] as number, own, own.length);
  }
  return sum;
}

/**
 * Learns from each first guess, and leaves what came to the best.
 * @param worth of what was just learned
 */
function learnFromBest(
  problem: LinkProblem,
  solver: LinkSolver,
  guesses: readonly Int32Array[],
  worth: () => number,
): void {
  const tried: Int32Array[] = [];
  const firstRounds: Int32Array[] = [];
  let best = problem.owners;
  let most = -Infinity;
  for (const guessed of guesses) {
    problem.assign(guessed);
    if (!addNew(problem.owners, tried)) continue;
    learnFirst(problem);
    solver.restart();
    learnRound(solver, problem, FIRST_ROUND);
    // Most guesses come to the same links at once, and from there to the same end.
    if (!addNew(problem.owners, firstRounds)) continue;
    const now = worth();
    if (now <= most) continue;
    most = now;
    best = problem.owners.slice();
  }
  problem.assign(best);
  relearn(problem);
}

/** Takes the first guess that is likeliest by what was learned: which led to that does not matter. */
function guessLikeliest(solver: LinkSolver, problem: LinkProblem, guesses: readonly Int32Array[]): void {
  let best = problem.owners;
  let most = -Infinity;
  for (const owners of guesses) {
    problem.assign(owners);
    const likelihood = solver.likelihood(problem.isDoubtful);
    if (likelihood <= most) continue;
    most = likelihood;
    best = owners;
  }
  problem.assign(best);
  solver.reassigned();
  setAlone(problem, FIRST_ALONE_SHARE);
}

/** Learns from a first guess, above all from what is beyond doubt. */
function learnFirst(problem: LinkProblem): void {
  problem.forget();
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

function learnRound(solver: LinkSolver, problem: LinkProblem, temperatures: readonly number[]): void {
  for (const temperature of temperatures) solver.sweep(temperature);
  relearn(problem);
  solver.relearned();
}

function relearn(problem: LinkProblem): void {
  setAlone(problem, LEAST_ALONE_SHARE);
  problem.relearn();
}

/**
 * Calls of nobody come at any time: as many of a kind as do, spread over all the time there is.
 * @param leastShare of all calls of the kind
 */
function setAlone({ calls, callCount, owners, logAlone, lasts }: LinkProblem, leastShare: number): void {
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
