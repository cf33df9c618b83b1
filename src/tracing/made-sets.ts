import type { CallPlan } from './call-plan.ts';
import type { LinkProblem } from './link-problem.ts';

/** Requests of one plan. */
interface Alike {
  readonly plan: CallPlan;
  /** In order. */
  readonly requests: number[];
  /** By the set of calls that they made: how many. */
  readonly counts: Map<number, number>;
  /** Of all sets the most. */
  most: number;
}

/** What requests made as others of their kind did. */
export class MadeSets {
  readonly plans: readonly Alike[];
  /** By request: how many of its plan made such calls, itself among them. */
  readonly counts: Int32Array;

  constructor(problem: LinkProblem) {
    const { requestCount } = problem;
    const plans = new Map<CallPlan, Alike>();
    const sets = new Float64Array(requestCount);
    for (let request = 0; request < requestCount; request++) {
      const { set } = problem.walkOf(request);
      sets[request] = set;
      const plan = problem.planOf(request);
      let alike = plans.get(plan);
      if (alike === undefined) plans.set(plan, (alike = { plan, requests: [], counts: new Map(), most: 0 }));
      alike.requests.push(request);
      const count = (alike.counts.get(set) ?? 0) + 1;
      alike.counts.set(set, count);
      if (count > alike.most) alike.most = count;
    }
    this.plans = [...plans.values()];
    this.counts = new Int32Array(requestCount);
    for (const { requests, counts } of this.plans)
      for (const request of requests) this.counts[request] = counts.get(sets[request] as number) as number;
  }
}
