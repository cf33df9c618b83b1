import { expect, test } from 'vitest';
import { CallPlan } from './call-plan.ts';
import { LinkProblem } from './link-problem.ts';
import { firstStepOf } from './walk.ts';
import { UnclearKinds } from './unclear.ts';

/** Two kinds of calls in turn, which two requests could have made, but for the last: that one only the first. */
function problem(): LinkProblem {
  const times = new Float64Array(2);
  const plan = new CallPlan(1000);
  const count = 9;
  return new LinkProblem(
    { starts: times, responses: times, ends: times, plans: [plan, plan] },
    {
      kinds: Int32Array.from({ length: count }, (_, call) => call % 2),
      steps: Int32Array.from({ length: count }, (_, call) => firstStepOf(call % 2)),
      starts: new Float64Array(count),
      ends: new Float64Array(count),
      lanes: null,
      freed: null,
      candidates: Array.from({ length: count }, (_, call) => (call === count - 1 ? [0] : [0, 1])),
      isFixed: new Uint8Array(count),
      isBounded: new Uint8Array(count),
    },
    2,
  );
}

test('where most calls of a kind are told by nothing, none is certain but the one that only one could have made', () => {
  // Of the first kind one in four is likely, of the second two.
  const likely = [0.999, 0.999, 0.5, 0.95, 0.6, 0.5, 0.7, 0.5, 1];
  const unclear = new UnclearKinds(problem(), { mostLikely: (call) => likely[call] as number });
  expect(likely.map((_, call) => unclear.has(call))).toEqual([
    true,
    false,
    true,
    false,
    true,
    false,
    true,
    false,
    false,
  ]);
});
