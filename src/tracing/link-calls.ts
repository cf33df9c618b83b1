import type { Confidence } from '../model/lookup.ts';
import { CallPlan } from './call-plan.ts';
import type { CallLinker, Link, LinkBasis, LinkListener, ReceivedCall, RunnerUp, SentCall } from './calls.ts';
import { FIRST_GUESSES, guess, type FirstGuess } from './first-guesses.ts';
import { LinkSolver, NOBODY, type Child, type Parent } from './solve-links.ts';
import { Unusual } from './unusual.ts';

// Calls that are learned from and solved together; of these the later half is solved once more with what follows.
const WINDOW = 1 << 14;
const SETTLED_SHARE = 0.75;
// Requests in flight at a time that a call is tried with; of more, those that began last.
const MAX_CANDIDATES = 48;
const RUNNERS_UP = 3;
const LEAST_RUNNER_UP = 0.01;
// A link that may be wrong once in two hundred is certain to nobody.
const CERTAIN = 0.997;
const LIKELY = 0.9;

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
// What was learned from a window counts half against the next: services change.
const FADES = 0.5;
// Before anything is known one call in so many belongs to nobody.
const FIRST_ALONE_SHARE = 0.01;
const LEAST_ALONE_SHARE = 0.0005;
// Captures resolve a microsecond; logs a millisecond; what is coarser is no clock's grain but few calls.
const LEAST_GRAIN = 1e3;
const MOST_GRAIN = 1e6;
const SEED = 0x5eed;

/** The causality engine of one service: see `calls.ts`. */
export function createCallLinker<Received extends ReceivedCall, Sent extends SentCall>(
  listener: LinkListener<Received, Sent>,
): CallLinker<Received, Sent> {
  const kinds = new Map<string, number>();
  const plans = new Map<string, CallPlan>();
  let received: Received[] = [];
  let sent: Sent[] = [];
  const settled = new Set<Received>();
  const linked = new Set<Sent>();
  let grain = LEAST_GRAIN;

  const kindOf = (kind: string): number => {
    const known = kinds.get(kind);
    if (known !== undefined) return known;
    kinds.set(kind, kinds.size);
    return kinds.size - 1;
  };
  const planOf = (kind: string): CallPlan => {
    const known = plans.get(kind);
    if (known !== undefined) return known;
    const plan = new CallPlan(grain);
    plans.set(kind, plan);
    return plan;
  };

  function solve(isLast: boolean): void {
    received = sorted(received);
    sent = sorted(sent);
    if (plans.size === 0) grain = grainOf([...received, ...sent]);
    const starts = sent.map(({ startedAt }) => startedAt as number);
    const until = isLast ? Infinity : (starts[Math.floor(starts.length * SETTLED_SHARE)] ?? -Infinity);
    const links = linksOf(received, sent, kindOf, planOf, kinds);
    for (const link of links) {
      if (link.call.startedAt >= until) continue;
      listener.link(link);
      linked.add(link.call);
    }
    const isOver = (call: Received): boolean => isLast || call.endedAt < until;
    for (const call of received) if (isOver(call)) listener.settled?.(call);
    received = received.filter((call) => !isOver(call));
    sent = sent.filter((call) => !linked.has(call));
    linked.clear();
    settled.clear();
    for (const plan of plans.values()) plan.fade(FADES);
  }

  return {
    received(call) {
      received.push(call);
      if (received.length + sent.length >= WINDOW) solve(false);
    },
    sent(call) {
      sent.push(call);
      if (received.length + sent.length >= WINDOW) solve(false);
    },
    finish() {
      solve(true);
    },
  };
}

/** What readings of the clock lie apart at least: 1 ms where that is what the program logs. */
function grainOf(calls: readonly SentCall[]): number {
  const times = calls
    .flatMap(({ startedAt, endedAt }) => [startedAt as number, endedAt as number])
    .toSorted((a, b) => a - b);
  let grain = Infinity;
  for (let index = 1; index < times.length; index++) {
    const apart = (times[index] as number) - (times[index - 1] as number);
    if (apart > 0 && apart < grain) grain = apart;
  }
  return Math.min(MOST_GRAIN, Math.max(LEAST_GRAIN, grain));
}

const sorted = <Some extends SentCall>(calls: readonly Some[]): Some[] =>
  calls.toSorted((a, b) => a.startedAt - b.startedAt || a.endedAt - b.endedAt || (a.id < b.id ? -1 : 1));

function linksOf<Received extends ReceivedCall, Sent extends SentCall>(
  received: readonly Received[],
  sent: readonly Sent[],
  kindOf: (kind: string) => number,
  planOf: (kind: string) => CallPlan,
  kinds: ReadonlyMap<string, number>,
): Link<Received, Sent>[] {
  const parents: Parent[] = received.map(({ startedAt, endedAt, kind }) => ({
    startedAt,
    endedAt,
    plan: planOf(kind),
    calls: [],
  }));
  const byIdentifier = identified(received);
  const bounded = new Set<number>();
  const children: Child[] = [];
  let next = 0;
  let open: number[] = [];
  for (const [index, call] of sent.entries()) {
    while (next < received.length && (received[next] as Received).startedAt <= call.startedAt) open.push(next++);
    open = open.filter((place) => (received[place] as Received).endedAt >= call.startedAt);
    let candidates = open.filter((place) => (received[place] as Received).endedAt >= call.endedAt);
    if (candidates.length > MAX_CANDIDATES) {
      candidates = candidates.slice(-MAX_CANDIDATES);
      bounded.add(index);
    }
    const named = call.identifiers.flatMap((identifier) => byIdentifier.get(identifier) ?? []);
    const owner = candidates.filter((place) => named.includes(place));
    const isFixed = owner.length === 1;
    children.push({
      kind: kindOf(call.kind),
      startedAt: call.startedAt,
      endedAt: call.endedAt,
      candidates: isFixed ? owner : candidates,
      isFixed,
      parent: NOBODY,
    });
  }
  const solver = improve(parents, children, kinds.size);
  const unusual = new Unusual(parents, children);
  return sent.map((call, index) => linkOf(call, index, children, received, solver, unusual, bounded));
}

function identified(received: readonly ReceivedCall[]): Map<string, number[]> {
  const byIdentifier = new Map<string, number[]>();
  for (const [place, { identifiers }] of received.entries()) {
    for (const identifier of identifiers)
      byIdentifier.set(identifier, [...(byIdentifier.get(identifier) ?? []), place]);
  }
  return byIdentifier;
}

/**
 * Links, and learns what requests do: from each first guess, and goes on with the one that explains
 * all best. Of many calls the first ones tell which guess that is.
 */
function improve(parents: readonly Parent[], children: readonly Child[], kinds: number): LinkSolver {
  const problem: Learning = {
    parents,
    children,
    logAlone: Array.from({ length: kinds }, () => 0),
    random: randomFrom(SEED),
  };
  const first = children.length > 2 * TRIED_CALLS ? beginningOf(problem) : problem;
  let best: { likelihood: number; rank: FirstGuess } | null = null;
  for (const rank of FIRST_GUESSES) {
    guess(first.parents, first.children, rank);
    forget(first);
    alternate(first);
    const likelihood = crossValidated(first);
    if (best === null || likelihood > best.likelihood) best = { likelihood, rank };
  }
  const { rank } = best as { rank: FirstGuess };
  guess(first.parents, first.children, rank);
  forget(first);
  alternate(first);
  if (first !== problem) {
    // What the beginning taught is where all begins.
    guess(parents, children, rank);
    setAlone(problem, true);
    sweepAll(new LinkSolver(problem), problem, LATER_TEMPERATURES);
  }
  const solver = new LinkSolver(problem);
  for (let sample = 0; sample < SAMPLES; sample++) solver.sweep(1, true);
  for (let sweep = 0; sweep < LAST_SWEEPS; sweep++) if (solver.sweep(0, false) === 0) break;
  return solver;
}

/** The first calls, and the requests that began before the last of them. */
function beginningOf({ parents, children, logAlone, random }: Learning): Learning {
  const some = children.slice(0, TRIED_CALLS);
  const until = (some.at(-1) as Child).startedAt;
  const begun = parents.findIndex(({ startedAt }) => startedAt > until);
  const whole = parents.slice(0, begun < 0 ? parents.length : begun).map((parent) => ({ ...parent, calls: [] }));
  return { parents: whole, children: some.map((child) => ({ ...child })), logAlone: [...logAlone], random };
}

interface Learning {
  readonly parents: readonly Parent[];
  readonly children: readonly Child[];
  readonly logAlone: number[];
  random(): number;
}

const plansOf = (problem: Learning): Set<CallPlan> => new Set(problem.parents.map(({ plan }) => plan));

function forget(problem: Learning): void {
  for (const plan of plansOf(problem)) plan.fade(0);
}

/** Learns from a first guess, above all from what is beyond doubt; then links and learns in turns. */
function alternate(problem: Learning): void {
  const { parents, children } = problem;
  const isClear = parents.map(({ calls }) =>
    calls.every((call) => (children[call] as Child).isFixed || (children[call] as Child).candidates.length === 1),
  );
  setAlone(problem, true);
  learn(parents, children, (place) => (isClear[place] === true ? 1 : DOUBTFUL_WEIGHT));
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
  const { parents, children, logAlone } = problem;
  const callsOf = ({ calls }: Parent): Child[] => calls.map((call) => children[call] as Child);
  let sum = 0;
  for (const half of [0, 1]) {
    forget(problem);
    for (const [place, parent] of parents.entries()) {
      if (place % 2 === half) parent.plan.learn(parent.startedAt, parent.endedAt, callsOf(parent), 1);
    }
    for (const [place, parent] of parents.entries()) {
      if (place % 2 !== half) sum += parent.plan.logLikelihood(parent.startedAt, parent.endedAt, callsOf(parent));
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
  learn(problem.parents, problem.children, () => 1);
}

function learn(parents: readonly Parent[], children: readonly Child[], weightOf: (place: number) => number): void {
  for (const [place, { plan, startedAt, endedAt, calls }] of parents.entries()) {
    plan.learn(
      startedAt,
      endedAt,
      calls.map((call) => children[call] as Child),
      weightOf(place),
    );
  }
}

/** Calls of nobody come at any time: as many of a kind as do, spread over all the time there is. */
function setAlone({ logAlone, children }: Learning, isFirst: boolean): void {
  const first = children[0]?.startedAt ?? 0;
  const lasts = Math.max(1, (children.at(-1)?.startedAt ?? 0) - first);
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

function linkOf<Received extends ReceivedCall, Sent extends SentCall>(
  call: Sent,
  index: number,
  children: readonly Child[],
  received: readonly Received[],
  solver: LinkSolver,
  unusual: Unusual,
  bounded: ReadonlySet<number>,
): Link<Received, Sent> {
  const child = children[index] as Child;
  const { candidates, parent, isFixed } = child;
  const isBounded = bounded.has(index);
  const at = (place: number): Received | undefined => (place === NOBODY ? undefined : received[place]);
  const probabilities = solver.probabilities(index);
  const place = parent === NOBODY ? candidates.length : candidates.indexOf(parent);
  const probability = probabilities === null ? 1 : Math.min(1, probabilities[place] as number);
  const runnersUp: RunnerUp<Received>[] = [];
  if (probabilities !== null) {
    for (const [other, chance] of probabilities.entries()) {
      if (other !== place && chance >= LEAST_RUNNER_UP)
        runnersUp.push({ parent: at(candidates[other] ?? NOBODY), probability: chance });
    }
  }
  return {
    call,
    parent: at(parent),
    probability,
    confidence: confidenceOf(probability, isBounded || unusual.isDoubtful(child)),
    because: basisOf(parent, isFixed, candidates.length),
    runnersUp: runnersUp.toSorted((a, b) => b.probability - a.probability).slice(0, RUNNERS_UP),
    bounded: isBounded,
  };
}

function confidenceOf(probability: number, isDoubtful: boolean): Confidence {
  if (probability >= CERTAIN && !isDoubtful) return 'certain';
  return probability >= LIKELY ? 'likely' : 'possible';
}

function basisOf(parent: number, isFixed: boolean, candidates: number): LinkBasis {
  if (parent === NOBODY) return 'none';
  if (isFixed) return 'identifier';
  return candidates === 1 ? 'contained' : 'pattern';
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
