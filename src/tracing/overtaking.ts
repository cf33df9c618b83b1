import type { CallPlan } from './call-plan.ts';
import { NOBODY, type LinkProblem } from './link-problem.ts';
import { Ways } from './ways.ts';

/*
 * Whether a program keeps the order of its requests. In one with an event loop, or with a queue in
 * front of each step, whatever holds up a request holds up those behind it as well: they come to the
 * step in the order in which they came to its pause, however well it would fit the pauses if one had
 * overtaken another. Where each has a thread of its own they overtake each other as chance has it.
 * Which of both it is, the requests tell: how often they do overtake, and how often they would if
 * each had the pause of another. More often than that says nothing: pauses of requests that are in
 * flight together are longer than those of one alone, and so there is more time to be overtaken.
 */

// Requests that came to a pause after this one, and may have overtaken it: of more, the first.
const MOST_BEHIND = 16;
// How often pauses are dealt anew: one deal is a matter of chance.
const DEALS = 4;
// What was never seen may be the next (Laplace).
const UNSEEN = 1;

/** Pauses between one pair of steps. */
interface Pauses {
  sources: number[];
  lengths: number[];
  /** Whose it is, and with which call it ends; that before an answer, with which it began. */
  requests: number[];
  calls: number[];
}

/** Learns it of each plan, of what its requests are believed to have done. */
export function learnOvertaking(problem: LinkProblem): void {
  const byPlan = new Map<CallPlan, Map<number, Pauses>>();
  const ways = new Ways();
  for (let request = 0; request < problem.requestCount; request++) {
    const plan = problem.planOf(request);
    let pauses = byPlan.get(plan);
    if (pauses === undefined) byPlan.set(plan, (pauses = new Map()));
    const calls = problem.callsOf[request] as readonly number[];
    collect(ways.take(problem, request, calls, calls.length), request, calls, pauses);
  }
  for (const [plan, pauses] of byPlan) {
    let seen = 0;
    let dealt = 0;
    for (const one of pauses.values()) {
      sort(one);
      seen += overtakings(one, problem);
      for (let deal = 0; deal < DEALS; deal++) {
        shuffle(one.lengths, problem.random);
        dealt += overtakings(one, problem) / DEALS;
      }
    }
    plan.overtaking = Math.min(0, Math.log((seen + UNSEEN) / (dealt + UNSEEN)));
  }
}

function collect(
  { count, pairs, origins, targets }: Ways,
  request: number,
  calls: readonly number[],
  pauses: Map<number, Pauses>,
): void {
  for (let index = 0; index < count; index++) {
    const pair = pairs[index] as number;
    let known = pauses.get(pair);
    if (known === undefined) pauses.set(pair, (known = { sources: [], lengths: [], requests: [], calls: [] }));
    known.requests.push(request);
    known.calls.push(calls[Math.min(index, calls.length - 1)] ?? NOBODY);
    known.sources.push(origins[index] as number);
    known.lengths.push((targets[index] as number) - (origins[index] as number));
  }
}

function sort(pauses: Pauses): void {
  const { sources } = pauses;
  if (isInOrder(sources)) return;
  const order = Array.from(sources.keys()).sort((a, b) => (sources[a] as number) - (sources[b] as number));
  const sorted = (list: readonly number[]): number[] => order.map((from) => list[from] as number);
  pauses.sources = sorted(pauses.sources);
  pauses.lengths = sorted(pauses.lengths);
  pauses.requests = sorted(pauses.requests);
  pauses.calls = sorted(pauses.calls);
}

function isInOrder(list: readonly number[]): boolean {
  for (let index = 1; index < list.length; index++)
    if ((list[index] as number) < (list[index - 1] as number)) return false;
  return true;
}

/** How often one that came later went on earlier. */
function overtakings(pauses: Pauses, problem: LinkProblem): number {
  const { sources, lengths } = pauses;
  let count = 0;
  for (let index = 0; index < sources.length; index++) {
    const source = sources[index] as number;
    const target = source + (lengths[index] as number);
    const last = Math.min(sources.length - 1, index + MOST_BEHIND);
    for (let behind = index + 1; behind <= last; behind++) {
      const later = sources[behind] as number;
      if (later >= target) break;
      if (later <= source || later + (lengths[behind] as number) >= target) continue;
      if (isTold(pauses, index, behind, problem)) count++;
    }
  }
  return count;
}

/** Neither could have the other's call: who overtook whom is no matter of what is believed. */
function isTold({ requests, calls }: Pauses, one: number, other: number, { calls: all }: LinkProblem): boolean {
  const mine = calls[one] as number;
  const theirs = calls[other] as number;
  if (mine === NOBODY || theirs === NOBODY || all.isFixed[mine] === 1 || all.isFixed[theirs] === 1) return true;
  return !(
    (all.candidates[mine] as readonly number[]).includes(requests[other] as number) &&
    (all.candidates[theirs] as readonly number[]).includes(requests[one] as number)
  );
}

/** Fisher and Yates. */
function shuffle(list: number[], random: () => number): void {
  for (let index = list.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    const value = list[index] as number;
    list[index] = list[other] as number;
    list[other] = value;
  }
}
