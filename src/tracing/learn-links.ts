import { linkInOrder, type Ordered } from './beam.ts';
import { firstGuesses, guess } from './first-guesses.ts';
import { takeLikelier } from './likelier.ts';
import { LinkProblem, NOBODY } from './link-problem.ts';
import { learnOvertaking } from './overtaking.ts';
import { LinkSolver } from './solve-links.ts';
import { isBeside, keyOf } from './walk.ts';

// Of many calls so many are tried with every first guess.
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
// In requests that make fewer calls each, hardly any follows that could be wrong as well.
const FEW_CALLS = 2;
// Nor where most of their calls go out together: those come after the same, whoever else waits.
const MOST_BESIDE = 0.5;
// Linking all anew in their order is better by far where all calls are likelier by so much each.
const TANGLED_GAIN = 0.1;
// What was better once is better still by what it taught.
const MOST_UNTANGLINGS = 4;
// One in three hundred, with the same caution as where each call is looked at: e^(8.7 / 1.5).
const SURE = 8.7;
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

interface Untangled {
  readonly isBetter: boolean;
  /** The last time. */
  readonly ordered: Ordered;
}

/** What {@link improve} leaves. */
export interface Improved {
  readonly solver: LinkSolver;
  /** Looks at single calls did not find out of what they began with: so it will be with what follows. */
  readonly isTangled: boolean;
  /** By call, where that is so: 1 where the answer is as when all are linked in their order, and any other far from it. */
  readonly isSure: Uint8Array | null;
}

/**
 * Links, and learns what requests do: from each first guess, and goes on with the one that explains
 * all best. Of many calls the first ones tell which guess that is, but for those that follow others.
 * @param isTaught the plans know already what their requests do
 * @param wasTangled when they were taught
 */
export function improve(problem: LinkProblem, isTaught: boolean, wasTangled: boolean): Improved {
  const first = problem.callCount > 2 * TRIED_CALLS ? problem.beginning(TRIED_CALLS) : problem;
  const beginning = !isTaught || first === problem ? learnBeginning(first) : null;
  const isTangled = beginning?.isTangled ?? wasTangled;
  let ordered = first === problem ? (beginning?.ordered ?? null) : null;
  const solver = new LinkSolver(problem);
  // What was learned is where all begins.
  if (first !== problem) guessLikeliest(solver, problem);
  if (first === problem) learnOvertaking(problem);
  else {
    for (const temperatures of LATER_ROUNDS) {
      learnRound(solver, problem, temperatures);
      learnOvertaking(problem);
    }
    if (isTangled) {
      ({ ordered } = untangle(solver, problem, LATER_ROUNDS));
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
  return { solver, isTangled, isSure: isTangled && ordered !== null ? sureCalls(problem, ordered) : null };
}

function settle(solver: LinkSolver): void {
  for (let sweep = 0; sweep < LAST_SWEEPS; sweep++) if (solver.sweep(0) === 0) return;
}

/**
 * Tries each first guess, and leaves what the best of them came to, or what is better by far.
 */
function learnBeginning(first: LinkProblem): { isTangled: boolean; ordered: Ordered | null } {
  const guesses: Int32Array[] = [];
  const firstRounds: Int32Array[] = [];
  const solver = new LinkSolver(first);
  let best = first.owners;
  let most = -Infinity;
  for (const rank of firstGuesses(first)) {
    guess(first, rank);
    if (!isNew(first.owners, guesses)) continue;
    learnFirst(first);
    solver.restart();
    learnRound(solver, first, FIRST_ROUND);
    // Most guesses come to the same links at once, and from there to the same end.
    if (!isNew(first.owners, firstRounds)) continue;
    for (const temperatures of NEXT_ROUNDS) learnRound(solver, first, temperatures);
    const likelihood = solver.likelihood(null);
    if (likelihood <= most) continue;
    most = likelihood;
    best = first.owners.slice();
  }
  first.assign(best);
  relearn(first);
  solver.relearned();
  const isInRow =
    first.callCount >= FEW_CALLS * first.requestCount && besideOthers(first) < MOST_BESIDE * first.callCount;
  if (!isInRow) return { isTangled: false, ordered: null };
  return first.tries(() => {
    const { isBetter, ordered } = untangle(solver, first, NEXT_ROUNDS);
    return { isTangled: isBetter || isFarFromBest(solver, first), ordered };
  });
}

/** Calls that begin while another of their request is open. */
function besideOthers(problem: LinkProblem): number {
  let beside = 0;
  for (let request = 0; request < problem.requestCount; request++) {
    const { count, transitions } = problem.walkOf(request);
    for (let place = 0; place < count; place++) if (isBeside(keyOf(transitions[place] as number))) beside++;
  }
  return beside;
}

/** Whether what was learned does not lead the first calls to where they are, from one of the guesses as it will be with the others. */
function isFarFromBest(solver: LinkSolver, first: LinkProblem): boolean {
  const best = first.owners.slice();
  const most = solver.likelihood(null);
  guessLikeliest(solver, first);
  for (const temperatures of LATER_ROUNDS) learnRound(solver, first, temperatures);
  const likelihood = solver.likelihood(null);
  first.assign(best);
  relearn(first);
  return likelihood < most - TANGLED_GAIN * first.callCount;
}

/**
 * Where one wrong link makes all that follow wrong as well, as in requests of many calls one after another, no look at
 * single calls finds out of it: all are linked anew in their order, as long as that is better by far.
 */
function untangle(solver: LinkSolver, problem: LinkProblem, rounds: readonly (readonly number[])[]): Untangled {
  const least = TANGLED_GAIN * problem.callCount;
  let most = solver.likelihood(null);
  for (let times = 0; ; times++) {
    const known = problem.owners.slice();
    const ordered = linkInOrder(problem);
    const isChanged = !isSame(problem.owners, known);
    solver.restart();
    if (isChanged) for (const temperatures of rounds) learnRound(solver, problem, temperatures);
    const likelihood = isChanged ? solver.likelihood(null) : most;
    const isBetter = likelihood >= most + least;
    if (isBetter && times < MOST_UNTANGLINGS) {
      most = likelihood;
      continue;
    }
    if (!isBetter) {
      problem.assign(known);
      relearn(problem);
      solver.restart();
    }
    return { isBetter: isBetter || times > 0, ordered };
  }
}

/** 1 where the answer is as when all were linked in their order, and any other was far from it. */
function sureCalls({ owners: answer }: LinkProblem, { owners, margins }: Ordered): Uint8Array {
  return Uint8Array.from(margins, (margin, call) => (margin >= SURE && owners[call] === answer[call] ? 1 : 0));
}

/** The first guess that is likeliest by what was learned: which led to that does not matter. */
function guessLikeliest(solver: LinkSolver, problem: LinkProblem): void {
  let best = problem.owners;
  let most = -Infinity;
  for (const rank of firstGuesses(problem)) {
    guess(problem, rank);
    const likelihood = solver.likelihood(problem.isDoubtful);
    if (likelihood <= most) continue;
    most = likelihood;
    best = problem.owners.slice();
  }
  problem.assign(best);
  solver.reassigned();
  setAlone(problem, FIRST_ALONE_SHARE);
}

/** Whether there were no such owners; from now on there are. */
function isNew(owners: Int32Array, known: Int32Array[]): boolean {
  for (const others of known) if (isSame(owners, others)) return false;
  known.push(owners.slice());
  return true;
}

function isSame(some: Int32Array, others: Int32Array): boolean {
  for (let call = 0; call < some.length; call++) if (some[call] !== others[call]) return false;
  return true;
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
