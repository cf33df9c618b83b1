import { expect, it } from 'vitest';
import { CallPlan } from './call-plan.ts';
import { LinkProblem } from './link-problem.ts';
import { firstStepOf } from './walk.ts';

const MILLISECOND = 1e6;

/** One of four requests that began at once, whose call begins 10 ms later, 1 ms after its turn came. */
function oddsOf(isShared: boolean): number {
  const plan = new CallPlan(1000);
  const starts = new Float64Array(4);
  const ends = starts.map(() => 30 * MILLISECOND);
  const problem = new LinkProblem(
    { starts, responses: ends, ends, plans: [plan, plan, plan, plan] },
    {
      kinds: new Int32Array(1),
      steps: Int32Array.of(firstStepOf(0)),
      starts: Float64Array.of(10 * MILLISECOND),
      ends: Float64Array.of(20 * MILLISECOND),
      lanes: null,
      freed: Float64Array.of(9 * MILLISECOND),
      isShared: Uint8Array.of(isShared ? 1 : 0),
      candidates: [[0, 1, 2, 3]],
      isFixed: new Uint8Array(1),
      isBounded: new Uint8Array(1),
    },
    1,
  );
  problem.assign(Int32Array.of(0));
  const { odds, pauses } = problem.walkOf(0);
  expect(pauses[0]).toBe(MILLISECOND);
  return odds[0] as number;
}

it('of those that wait for a lock any may be next, and what is shared lets all of them go on', () => {
  expect(oddsOf(false)).toBe(0.25);
  expect(oddsOf(true)).toBe(1);
});
