import { linkInOrder, type Ordered } from './beam.ts';
import { UNEVEN_SHARE } from './call-plan.ts';
import { firstGuesses, guess } from './first-guesses.ts';
import { bestOfGuesses, isSame, NEXT_ROUNDS } from './guess-best.ts';
import { FIRST_ALONE_SHARE, learnRound, relearn, setAlone } from './learn-round.ts';
import { takeLikelier } from './likelier.ts';
import type { LinkProblem } from './link-problem.ts';
import { learnOvertaking } from './overtaking.ts';
import { LinkSolver } from './solve-links.ts';
import { isBeside, keyOf } from './walk.ts';

// Of many calls so many are tried with every first guess.
const TRIED_CALLS = 400;
// What the beginning taught needs less.
const LATER_ROUNDS = [
  [1, 0],
  [1, 0],
];
// In requests that make fewer calls each, hardly any follows that could be wrong as well.
const FEW_CALLS = 2;
// Nor where most of their calls go out together: those come after the same, whoever else waits.
const MOST_BESIDE = 0.5;
// Linking all anew in their order is better by far where all calls are likelier by so much each: of a hundred calls
// one in e^2, of the first ones that are tried one in e^8 would come to that by chance.
const TANGLED_GAIN = 0.02;
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
  /** Requests are held to make as many calls as others of their kind. */
  readonly isEven: boolean;
  /** By call, where that is so: 1 where the answer is as when all are linked in their order, and any other far from it. */
  readonly isSure: Uint8Array | null;
}

/**
 * Links, and learns what requests do: from each first guess, and goes on with the one that explains
 * all best. Of many calls the first ones tell which guess that is, but for those that follow others.
 * @param isTaught the plans know already what their requests do
 * @param wasTangled when they were taught
 */
export function improve(problem: LinkProblem, isTaught: boolean, wasTangled: boolean, wasEven: boolean): Improved {
  const first = problem.callCount > 2 * TRIED_CALLS ? problem.beginning(TRIED_CALLS) : problem;
  const beginning = !isTaught || first === problem ? learnBeginning(first) : null;
  const isTangled = beginning?.isTangled ?? wasTangled;
  problem.isEven = beginning?.isEven ?? wasEven;
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
  return {
    solver,
    isTangled,
    isEven: problem.isEven,
    isSure: isTangled && ordered !== null ? sureCalls(problem, ordered) : null,
  };
}

function settle(solver: LinkSolver): void {
  for (let sweep = 0; sweep < LAST_SWEEPS; sweep++) if (solver.sweep(0) === 0) return;
}

/**
 * Tries each first guess, and leaves what the best of them came to, or what is better by far.
 */
function learnBeginning(first: LinkProblem): { isTangled: boolean; isEven: boolean; ordered: Ordered | null } {
  const solver = new LinkSolver(first);
  let best = bestOfGuesses(solver, first);
  if (best.uneven > first.requestCount * UNEVEN_SHARE) {
    first.isEven = true;
    best = bestOfGuesses(solver, first);
  }
  const { isEven } = first;
  first.assign(best.owners);
  relearn(first);
  solver.relearned();
  const isInRow =
    first.callCount >= FEW_CALLS * first.requestCount && besideOthers(first) < MOST_BESIDE * first.callCount;
  if (!isInRow) return { isTangled: false, isEven, ordered: null };
  return first.tries(() => {
    const { isBetter, ordered } = untangle(solver, first, NEXT_ROUNDS);
    return { isTangled: isBetter || isFarFromBest(solver, first), isEven, ordered };
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
