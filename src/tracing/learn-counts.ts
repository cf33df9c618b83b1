import type { CallPlan } from './call-plan.ts';
import { NOBODY, type LinkProblem } from './link-problem.ts';
import { UsualCounts } from './usual-counts.ts';

/*
 * How many calls of each kind a request makes, told by their totals, and by requests whose calls could be nobody else's.
 * Requests that wait for the same thing go on together: for a lock, an event loop that computes, a container that gets
 * no processor time. That one of them made the calls of all would explain best at which moments they came, and is not
 * so. A request that makes many calls where those beside it make none needs more than that.
 */

// At both ends of a capture requests lack what lies beyond, and of a mean so much is nothing.
const NEARLY = 0.05;
// More are as many.
const MOST = 255;

/** What requests of one plan made. */
class Made {
  requests = 0;
  readonly #counts: Uint16Array;
  readonly #totals: Float64Array;
  readonly #clearLeast: Uint8Array;
  readonly #clearMost: Uint8Array;

  constructor(steps: number) {
    this.#counts = new Uint16Array(steps);
    this.#totals = new Float64Array(steps);
    this.#clearLeast = new Uint8Array(steps).fill(MOST);
    this.#clearMost = new Uint8Array(steps);
  }

  /** @param isClear none of its calls could be another's, nor another's its own */
  add(calls: readonly number[], steps: Int32Array, isClear: boolean): void {
    const counts = this.#counts.fill(0);
    this.requests++;
    for (let index = 0; index < calls.length; index++) {
      const step = steps[calls[index] as number] as number;
      counts[step] = (counts[step] as number) + 1;
      this.#totals[step] = (this.#totals[step] as number) + 1;
    }
    if (!isClear) return;
    for (let step = 0; step < counts.length; step++) {
      const count = Math.min(MOST, counts[step] as number);
      this.#clearLeast[step] = Math.min(this.#clearLeast[step] as number, count);
      this.#clearMost[step] = Math.max(this.#clearMost[step] as number, count);
    }
  }

  /** @param shares by step: how many calls there are for each that some request has */
  usual(shares: Float64Array): UsualCounts {
    const means = this.#totals.map((total, step) => (total * (shares[step] as number)) / this.requests);
    return new UsualCounts(
      this.#clearLeast.map((least, step) => Math.min(least, Math.floor((means[step] as number) + NEARLY))),
      this.#clearMost.map((most, step) =>
        Math.min(MOST, Math.max(1, most, Math.ceil((means[step] as number) - NEARLY))),
      ),
    );
  }
}

/** Learns it of each plan, of what its requests are believed to have done. */
export function learnCounts(problem: LinkProblem): void {
  const { requestCount, callsOf, isDoubtful, stepCount } = problem;
  const byPlan = new Map<CallPlan, Made>();
  for (let request = 0; request < requestCount; request++) {
    if (problem.isCut(request)) continue;
    const plan = problem.planOf(request);
    let made = byPlan.get(plan);
    if (made === undefined) byPlan.set(plan, (made = new Made(stepCount)));
    made.add(callsOf[request] as readonly number[], problem.calls.steps, isDoubtful[request] === 0);
  }
  const shares = sharesOf(problem);
  for (const [plan, made] of byPlan) plan.usual = made.usual(shares);
}

/** What is nobody's for now is some request's, mostly. */
function sharesOf({ callCount, owners, calls: { steps, candidates }, stepCount }: LinkProblem): Float64Array {
  const all = new Float64Array(stepCount);
  const owned = new Float64Array(stepCount);
  for (let call = 0; call < callCount; call++) {
    const step = steps[call] as number;
    if ((candidates[call] as readonly number[]).length > 0) all[step] = (all[step] as number) + 1;
    if (owners[call] !== NOBODY) owned[step] = (owned[step] as number) + 1;
  }
  return all.map((count, step) => count / Math.max(1, owned[step] as number));
}

/** How many calls requests made beyond what is usual, or fewer. */
export function unevenCalls(problem: LinkProblem): number {
  learnCounts(problem);
  let uneven = 0;
  for (let request = 0; request < problem.requestCount; request++) uneven += problem.unevenOf(request);
  return uneven;
}
