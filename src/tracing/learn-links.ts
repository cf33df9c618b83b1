import type { CallColumns, CallPlan } from './call-plan.ts';
import { FIRST_GUESSES, firstCome, guess } from './first-guesses.ts';
import { LinkSolver, NOBODY, type Child, type Parent } from './solve-links.ts';

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
const SAMPLES = 12;
const LAST_SWEEPS = 6;
// What a doubtful request does teaches little, as long as nothing better is known.
const DOUBTFUL_WEIGHT = 0.05;
// Before anything is known one call in so many belongs to nobody.
const FIRST_ALONE_SHARE = 0.01;
const LEAST_ALONE_SHARE = 0.0005;
const SEED = 0x5eed;

function assign(parents: readonly Parent[], children: readonly Child[], owners: readonly number[]): void {
  for (const parent of parents) parent.calls.length = 0;
  for (const [index, child] of children.entries()) {
    child.parent = owners[index] as number;
    if (child.parent !== NOBODY) (parents[child.parent] as Parent).calls.push(index);
  }
}

/**
 * Links, and learns what requests do: from each first guess, and goes on with the one that explains
 * all best. Of many calls the first ones tell which guess that is.
 */
export function improve(parents: readonly Parent[], children: readonly Child[], kinds: number): LinkSolver {
  const problem: Learning = {
    parents,
    children,
    columns: columnsOf(children),
    logAlone: Array.from({ length: kinds }, () => 0),
    random: randomFrom(SEED),
  };
  const first = children.length > 2 * TRIED_CALLS ? beginningOf(problem) : problem;
  let best = { likelihood: -Infinity, rank: firstCome, owners: [] as readonly number[] };
  for (const rank of FIRST_GUESSES) {
    guess(first.parents, first.children, rank);
    forget(first);
    alternate(first);
    const owners = first.children.map(({ parent }) => parent);
    const likelihood = crossValidated(first);
    if (likelihood > best.likelihood) best = { likelihood, rank, owners };
  }
  assign(first.parents, first.children, best.owners);
  relearn(first);
  if (first !== problem) {
    // What the beginning taught is where all begins.
    guess(parents, children, best.rank);
    setAlone(problem, true);
    sweepAll(new LinkSolver(problem), problem, LATER_TEMPERATURES);
  }
  const solver = new LinkSolver(problem);
  for (let sample = 0; sample < SAMPLES; sample++) solver.sweep(1, true);
  for (let sweep = 0; sweep < LAST_SWEEPS; sweep++) if (solver.sweep(0, false) === 0) break;
  return solver;
}

/** The first calls, and the requests that began before the last of them. */
function beginningOf({ parents, children, columns, logAlone, random }: Learning): Learning {
  const some = children.slice(0, TRIED_CALLS);
  const until = (some.at(-1) as Child).startedAt;
  const begun = parents.findIndex(({ startedAt }) => startedAt > until);
  const whole = parents.slice(0, begun < 0 ? parents.length : begun).map((parent) => ({ ...parent, calls: [] }));
  return { parents: whole, children: some.map((child) => ({ ...child })), columns, logAlone: [...logAlone], random };
}

const columnsOf = (children: readonly Child[]): CallColumns => ({
  kinds: Int32Array.from(children, ({ kind }) => kind),
  starts: Float64Array.from(children, ({ startedAt }) => startedAt),
  ends: Float64Array.from(children, ({ endedAt }) => endedAt),
});

interface Learning {
  readonly parents: readonly Parent[];
  readonly children: readonly Child[];
  readonly columns: CallColumns;
  readonly logAlone: number[];
  random(): number;
}

const plansOf = (problem: Learning): Set<CallPlan> => new Set(problem.parents.map(({ plan }) => plan));

function forget(problem: Learning): void {
  for (const plan of plansOf(problem)) plan.forget();
}

/** Learns from a first guess, above all from what is beyond doubt; then links and learns in turns. */
function alternate(problem: Learning): void {
  const { parents, children } = problem;
  const isClear = parents.map(({ calls }) =>
    calls.every((call) => (children[call] as Child).isFixed || (children[call] as Child).candidates.length === 1),
  );
  setAlone(problem, true);
  learn(problem, (place) => (isClear[place] === true ? 1 : DOUBTFUL_WEIGHT));
  sweepAll(new LinkSolver(problem), problem, TEMPERATURES);
}

function sweepAll(solver: LinkSolver, problem: Learning, rounds: readonly (readonly number[])[]): void {
  for (const temperatures of rounds) {
    for (const temperature of temperatures) solver.sweep(temperature, false);
    relearn(problem);
    solver.relearned();
  }
}

/**
 * ln of how likely one half of all requests is by what the other half taught, both ways: an answer
 * that fits by chance only what it was learned from does not win by it.
 */
function crossValidated(problem: Learning): number {
  const { parents, children, columns, logAlone } = problem;
  let sum = 0;
  for (const half of [0, 1]) {
    forget(problem);
    for (const [place, parent] of parents.entries()) {
      if (place % 2 === half) parent.plan.learn(parent, parent.calls, columns, 1);
    }
    for (const [place, parent] of parents.entries()) {
      if (place % 2 !== half) sum += parent.plan.logLikelihood(parent, parent.calls, columns);
    }
  }
  for (const { parent, kind, candidates } of children) {
    if (parent === NOBODY && candidates.length > 0) sum += logAlone[kind] as number;
  }
  return sum;
}

function relearn(problem: Learning): void {
  forget(problem);
  setAlone(problem, false);
  learn(problem, () => 1);
}

function learn({ parents, columns }: Learning, weightOf: (place: number) => number): void {
  for (const [place, parent] of parents.entries()) parent.plan.learn(parent, parent.calls, columns, weightOf(place));
}

/** Calls of nobody come at any time: as many of a kind as do, spread over all the time there is. */
function setAlone({ logAlone, parents, children }: Learning, isFirst: boolean): void {
  let first = children[0]?.startedAt ?? 0;
  let last = children.at(-1)?.startedAt ?? 0;
  // One call alone takes no time, but the request around it does.
  for (const { startedAt, endedAt } of parents) {
    first = Math.min(first, startedAt);
    last = Math.max(last, endedAt);
  }
  const lasts = Math.max(1, last - first);
  const all = logAlone.map(() => 0);
  const alone = logAlone.map(() => 0);
  for (const { kind, parent } of children) {
    all[kind] = (all[kind] as number) + 1;
    if (parent === NOBODY) alone[kind] = (alone[kind] as number) + 1;
  }
  for (let kind = 0; kind < logAlone.length; kind++) {
    const count = all[kind] as number;
    const least = count * (isFirst ? FIRST_ALONE_SHARE : LEAST_ALONE_SHARE);
    logAlone[kind] = Math.log(Math.max(alone[kind] as number, least, LEAST_ALONE_SHARE) / lasts);
  }
}

/** mulberry32: the same links for the same calls, whenever. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
