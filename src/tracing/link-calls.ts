import type { Confidence } from '../model/lookup.ts';
import { CallPlan } from './call-plan.ts';
import type { Call, CallLinker, Link, LinkBasis, LinkListener, ReceivedCall, RunnerUp, SentCall } from './calls.ts';
import { flightsOf } from './flights.ts';
import { lanesOf } from './lanes.ts';
import { improve } from './learn-links.ts';
import { LinkProblem, NOBODY } from './link-problem.ts';
import type { LinkSolver } from './solve-links.ts';
import { freedTimes, sharing } from './turn-taking.ts';
import { UnclearKinds } from './unclear.ts';
import { Unusual } from './unusual.ts';
import { firstStepOf } from './walk.ts';

// Calls that are learned from and solved together; of these the later part is solved once more with what follows.
const WINDOW = 1 << 14;
const SETTLED_SHARE = 0.75;
// What has to stay, since it is not over, is not looked at again before so many more have come.
const LEAST_MORE = WINDOW * (1 - SETTLED_SHARE);
const RUNNERS_UP = 3;
const LEAST_RUNNER_UP = 0.01;
// A link that may be wrong once in two hundred is certain to nobody.
const CERTAIN = 0.997;
const LIKELY = 0.9;

// Captures resolve a microsecond; logs a millisecond; what is coarser is no clock's grain but few calls.
const LEAST_GRAIN = 1e3;
const MOST_GRAIN = 1e6;

/** The causality engine of one service: see `calls.ts`. */
export function createCallLinker<Received extends ReceivedCall, Sent extends SentCall>(
  listener: LinkListener<Received, Sent>,
): CallLinker<Received, Sent> {
  const kinds = new Map<string, number>();
  const plans = new Map<string, CallPlan>();
  let received: Received[] = [];
  let sent: Sent[] = [];
  let grain = LEAST_GRAIN;
  let most = WINDOW;
  let isTangled = false;
  let isEven = false;

  function kindOf(kind: string): number {
    let number = kinds.get(kind);
    if (number === undefined) kinds.set(kind, (number = kinds.size));
    return number;
  }

  function planOf(kind: string): CallPlan {
    let plan = plans.get(kind);
    if (plan === undefined) plans.set(kind, (plan = new CallPlan(grain)));
    return plan;
  }

  function problemOf(served: Times, made: Times): LinkProblem {
    const kindsOf = new Int32Array(sent.length);
    const steps = new Int32Array(sent.length);
    for (let place = 0; place < sent.length; place++) {
      const kind = kindOf((sent[place] as Sent).kind);
      kindsOf[place] = kind;
      steps[place] = firstStepOf(kind);
    }
    const responses = new Float64Array(received.length);
    const plansOf: CallPlan[] = [];
    for (let place = 0; place < received.length; place++) {
      const { kind, respondedAt } = received[place] as Received;
      responses[place] = respondedAt;
      plansOf.push(planOf(kind));
    }
    const { candidates, isFixed, isBounded } = flightsOf(received, sent);
    return new LinkProblem(
      { starts: served.starts, responses, ends: served.ends, plans: plansOf },
      {
        kinds: kindsOf,
        steps,
        starts: made.starts,
        ends: made.ends,
        lanes: lanesOf(sent),
        freed: freedTimes(sent),
        isShared: sharing(sent),
        candidates,
        isFixed,
        isBounded,
      },
      kinds.size,
    );
  }

  function link(until: number): void {
    const served = timesOf(received);
    const made = timesOf(sent);
    const known = plans.size;
    if (known === 0) grain = grainOf(served.starts, served.ends, made.starts, made.ends);
    const problem = problemOf(served, made);
    const improved = improve(problem, plans.size === known, isTangled, isEven);
    const { solver, isSure } = improved;
    ({ isTangled, isEven } = improved);
    const unusual = new Unusual(problem);
    const unclear = new UnclearKinds(problem, solver);
    const later: Sent[] = [];
    for (let place = 0; place < sent.length; place++) {
      const call = sent[place] as Sent;
      if (call.startedAt < until)
        listener.link(linkOf(call, place, problem, received, solver, unusual, unclear, isSure));
      else later.push(call);
    }
    sent = later;
  }

  function solve(isLast: boolean): void {
    received.sort(inOrder);
    sent.sort(inOrder);
    const until = isLast ? Infinity : startOf(received, sent, SETTLED_SHARE);
    if (sent.length > 0) link(until);
    const later: Received[] = [];
    for (const call of received) {
      if (isLast || call.endedAt < until) listener.settled?.(call);
      else later.push(call);
    }
    received = later;
    most = Math.max(WINDOW, received.length + sent.length + LEAST_MORE);
  }

  return {
    received(call) {
      received.push(call);
      if (received.length + sent.length >= most) solve(false);
    },
    sent(call) {
      sent.push(call);
      if (received.length + sent.length >= most) solve(false);
    },
    finish() {
      solve(true);
    },
  };
}

const inOrder = (a: Call, b: Call): number =>
  a.startedAt - b.startedAt || a.endedAt - b.endedAt || (a.id < b.id ? -1 : 1);

/**
 * When such a share of both had begun: some services make hardly any calls.
 * @param received and sent: in order of their start
 */
function startOf(received: readonly Call[], sent: readonly Call[], share: number): number {
  let served = 0;
  let made = 0;
  let start = -Infinity;
  for (let left = Math.floor((received.length + sent.length) * share); left > 0; left--) {
    const request = received[served]?.startedAt ?? Infinity;
    const call = sent[made]?.startedAt ?? Infinity;
    start = Math.min(request, call);
    if (call < request) made++;
    else served++;
  }
  return start;
}

interface Times {
  readonly starts: Float64Array;
  readonly ends: Float64Array;
}

function timesOf(calls: readonly Call[]): Times {
  const starts = new Float64Array(calls.length);
  const ends = new Float64Array(calls.length);
  for (let place = 0; place < calls.length; place++) {
    const { startedAt, endedAt } = calls[place] as Call;
    starts[place] = startedAt;
    ends[place] = endedAt;
  }
  return { starts, ends };
}

/** What readings of the clock lie apart at least: 1 ms where that is what the program logs. */
function grainOf(...columns: readonly Float64Array[]): number {
  const times = new Float64Array(columns.reduce((count, column) => count + column.length, 0));
  let count = 0;
  for (const column of columns) {
    times.set(column, count);
    count += column.length;
  }
  times.sort();
  let grain = MOST_GRAIN;
  // Nothing finer counts.
  for (let index = 1; index < count && grain > LEAST_GRAIN; index++) {
    const apart = (times[index] as number) - (times[index - 1] as number);
    if (apart > 0 && apart < grain) grain = apart;
  }
  return Math.max(LEAST_GRAIN, grain);
}

function linkOf<Received extends ReceivedCall, Sent extends SentCall>(
  call: Sent,
  index: number,
  { calls, owners, isEven }: LinkProblem,
  received: readonly Received[],
  solver: LinkSolver,
  unusual: Unusual,
  unclear: UnclearKinds,
  sure: Uint8Array | null,
): Link<Received, Sent> {
  const candidates = calls.candidates[index] as readonly number[];
  const owner = owners[index] as number;
  const bounded = calls.isBounded[index] === 1;
  const chances = solver.chances(index);
  const place = owner === NOBODY ? candidates.length : candidates.indexOf(owner);
  const probability = chances === null ? 1 : Math.min(1, chances[place] as number);
  // Where pauses alone led to what cannot be, they make nobody certain.
  const isTold = !isEven || calls.isFixed[index] === 1 || candidates.length < 2;
  const isSure = sure === null ? isTold : sure[index] === 1;
  const isUncertain = bounded || isWithheld(owner, candidates) || unclear.has(index) || !isSure;
  return {
    call,
    parent: owner === NOBODY ? undefined : received[owner],
    probability,
    confidence: unusual.isDoubtful(index) ? 'possible' : confidenceOf(probability, isUncertain),
    because: basisOf(owner, calls.isFixed[index] === 1, candidates.length),
    runnersUp: chances === null ? [] : runnersUpOf(chances, place, candidates, received),
    bounded,
  };
}

/** @param taken the place that is no runner-up */
function runnersUpOf<Received>(
  chances: Float64Array,
  taken: number,
  candidates: readonly number[],
  received: readonly Received[],
): RunnerUp<Received>[] {
  const found: RunnerUp<Received>[] = [];
  for (let place = 0; place < chances.length; place++) {
    const probability = chances[place] as number;
    if (place === taken || probability < LEAST_RUNNER_UP) continue;
    const parent = place < candidates.length ? received[candidates[place] as number] : undefined;
    found.push({ parent, probability });
  }
  if (found.length > 1) found.sort((a, b) => b.probability - a.probability);
  return found.length > RUNNERS_UP ? found.slice(0, RUNNERS_UP) : found;
}

/** It could have been made for some request, and is said to have been for none: no packet says that. */
const isWithheld = (owner: number, candidates: readonly number[]): boolean => owner === NOBODY && candidates.length > 0;

/** @param isUncertain whatever the probability */
function confidenceOf(probability: number, isUncertain: boolean): Confidence {
  if (probability >= CERTAIN && !isUncertain) return 'certain';
  return probability >= LIKELY ? 'likely' : 'possible';
}

function basisOf(owner: number, isFixed: boolean, candidates: number): LinkBasis {
  if (owner === NOBODY) return 'none';
  if (isFixed) return 'identifier';
  return candidates === 1 ? 'contained' : 'pattern';
}
