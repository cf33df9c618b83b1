import { expect, test } from 'vitest';
import { CallPlan } from './call-plan.ts';
import { LinkProblem } from './link-problem.ts';
import { learnOvertaking } from './overtaking.ts';
import { firstStepOf } from './walk.ts';

const MILLISECOND = 1e6;
const PAIRS = 60;

/** Pairs of requests 2 ms apart that go on in their order, after pauses of any length. */
function learned(isTold: boolean): number {
  const plan = new CallPlan(1000);
  const requests = Array.from({ length: 2 * PAIRS }, (_, place) => place);
  const starts = Float64Array.from(requests, (place) => (100 * (place >> 1) + 2 * (place % 2)) * MILLISECOND);
  const ends = starts.map((start) => start + 50 * MILLISECOND);
  const kinds = new Int32Array(requests.length);
  const calls = Float64Array.from(
    requests,
    (place) => (starts[place - (place % 2)] as number) + (3 + ((place >> 1) % 7) + (place % 2)) * MILLISECOND,
  );
  const problem = new LinkProblem(
    { starts, responses: ends, ends, plans: requests.map(() => plan) },
    {
      kinds,
      steps: kinds.map(() => firstStepOf(0)),
      starts: calls,
      ends: calls.map((start) => start + MILLISECOND),
      lanes: null,
      freed: null,
      candidates: requests.map((place) => (isTold ? [place] : [place - (place % 2), place - (place % 2) + 1])),
      isFixed: new Uint8Array(requests.length),
      isBounded: new Uint8Array(requests.length),
    },
    1,
  );
  problem.assign(Int32Array.from(requests));
  learnOvertaking(problem);
  return plan.overtaking;
}

test('that requests keep their order, those tell that could not have one another’s calls, and no others', () => {
  expect(learned(true)).toBeLessThan(-1);
  expect(learned(false)).toBe(0);
});
