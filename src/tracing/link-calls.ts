import { addTo } from '../base/group-by.ts';
import type { Confidence } from '../model/lookup.ts';
import { CallPlan } from './call-plan.ts';
import type { Call, CallLinker, Link, LinkBasis, LinkListener, ReceivedCall, RunnerUp, SentCall } from './calls.ts';
import { improve } from './learn-links.ts';
import type { CallColumns } from './columns.ts';
import { lanesOf } from './lanes.ts';
import { LinkProblem, NOBODY, type RequestColumns } from './link-problem.ts';
import type { LinkSolver } from './solve-links.ts';
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
    const links = linksOf(received, sent, kindOf, planOf, (kind) => plans.has(kind), kinds);
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
function grainOf(calls: readonly Call[]): number {
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

const sorted = <Some extends Call>(calls: readonly Some[]): Some[] =>
  calls.toSorted((a, b) => a.startedAt - b.startedAt || a.endedAt - b.endedAt || (a.id < b.id ? -1 : 1));

function linksOf<Received extends ReceivedCall, Sent extends SentCall>(
  received: readonly Received[],
  sent: readonly Sent[],
  kindOf: (kind: string) => number,
  planOf: (kind: string) => CallPlan,
  isKnown: (kind: string) => boolean,
  kinds: ReadonlyMap<string, number>,
): Link<Received, Sent>[] {
  const isTaught = received.every(({ kind }) => isKnown(kind));
  const requests: RequestColumns = {
    plans: received.map(({ kind }) => planOf(kind)),
    starts: Float64Array.from(received, ({ startedAt }) => startedAt),
    responses: Float64Array.from(received, ({ respondedAt }) => respondedAt),
    ends: Float64Array.from(received, ({ endedAt }) => endedAt),
  };
  const byIdentifier = identified(received);
  const bounded = new Set<number>();
  const candidatesOf: number[][] = [];
  const isFixed = new Uint8Array(sent.length);
  let next = 0;
  let open: number[] = [];
  for (const [index, call] of sent.entries()) {
    while (next < received.length && (requests.starts[next] as number) <= call.startedAt) open.push(next++);
    open = open.filter((place) => (requests.ends[place] as number) >= call.startedAt);
    let candidates = open.filter((place) => (requests.ends[place] as number) >= call.endedAt);
    if (candidates.length > MAX_CANDIDATES) {
      candidates = candidates.slice(-MAX_CANDIDATES);
      bounded.add(index);
    }
    const named = call.identifiers.flatMap((identifier) => byIdentifier.get(identifier) ?? []);
    const owner = candidates.filter((place) => named.includes(place));
    isFixed[index] = owner.length === 1 ? 1 : 0;
    candidatesOf.push(owner.length === 1 ? owner : candidates);
  }
  const calls: CallColumns = {
    kinds: Int32Array.from(sent, ({ kind }) => kindOf(kind)),
    starts: Float64Array.from(sent, ({ startedAt }) => startedAt),
    ends: Float64Array.from(sent, ({ endedAt }) => endedAt),
    lanes: lanesOf(sent),
    candidates: candidatesOf,
    isFixed,
  };
  const problem = new LinkProblem(requests, calls, kinds.size);
  const solver = improve(problem, isTaught);
  const unusual = new Unusual(problem);
  return sent.map((call, index) => linkOf(call, index, problem, received, solver, unusual, bounded));
}

function identified(received: readonly ReceivedCall[]): Map<string, number[]> {
  const byIdentifier = new Map<string, number[]>();
  for (const [place, { identifiers }] of received.entries()) {
    for (const identifier of identifiers) addTo(byIdentifier, identifier, place);
  }
  return byIdentifier;
}

function linkOf<Received extends ReceivedCall, Sent extends SentCall>(
  call: Sent,
  index: number,
  problem: LinkProblem,
  received: readonly Received[],
  solver: LinkSolver,
  unusual: Unusual,
  bounded: ReadonlySet<number>,
): Link<Received, Sent> {
  const candidates = problem.calls.candidates[index] as readonly number[];
  const parent = problem.owners[index] as number;
  const isBounded = bounded.has(index);
  const at = (place: number): Received | undefined => (place === NOBODY ? undefined : received[place]);
  const probabilities = solver.chances(index);
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
    confidence: unusual.isDoubtful(index) ? 'possible' : confidenceOf(probability, isBounded),
    because: basisOf(parent, problem.calls.isFixed[index] === 1, candidates.length),
    runnersUp: runnersUp.toSorted((a, b) => b.probability - a.probability).slice(0, RUNNERS_UP),
    bounded: isBounded,
  };
}

function confidenceOf(probability: number, isBounded: boolean): Confidence {
  if (probability >= CERTAIN && !isBounded) return 'certain';
  return probability >= LIKELY ? 'likely' : 'possible';
}

function basisOf(parent: number, isFixed: boolean, candidates: number): LinkBasis {
  if (parent === NOBODY) return 'none';
  if (isFixed) return 'identifier';
  return candidates === 1 ? 'contained' : 'pattern';
}
