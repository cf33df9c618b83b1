import { expect, test } from 'vitest';
import { CallPlan } from './call-plan.ts';
import { takeLikelier } from './likelier.ts';
import { LinkProblem, NOBODY } from './link-problem.ts';
import { firstStepOf } from './walk.ts';

const MILLISECOND = 1e6;

/**
 * Pairs of requests at a time, of which each makes a call 1 ms after it began: call 0 is request 0's, and so on.
 * What 40 others did is known.
 */
function pairs(count: number, overtaking = 0): LinkProblem {
  const plan = new CallPlan(1000);
  const known = 40;
  const starts = Float64Array.from({ length: known + 2 * count }, (_, place) =>
    place < known ? place * 100 * MILLISECOND : (10_000 + 100 * (place >> 1) + 7 * (place & 1)) * MILLISECOND,
  );
  const later = (by: number) => starts.map((start) => start + by * MILLISECOND);
  const ends = later(30);
  const calls = starts.length;
  const candidates = Array.from({ length: calls }, (_, place) => (place < known ? [place] : [place & ~1, place | 1]));
  const problem = new LinkProblem(
    { starts, responses: ends, ends, plans: Array.from(starts, () => plan) },
    {
      kinds: new Int32Array(calls),
      steps: new Int32Array(calls).fill(firstStepOf(0)),
      starts: later(8),
      ends: later(22),
      lanes: null,
      freed: null,
      candidates,
      isFixed: new Uint8Array(calls),
      isBounded: new Uint8Array(calls),
    },
    1,
  );
  problem.assign(Int32Array.from(starts, (_, place) => place));
  for (let request = 0; request < known; request++) problem.learn(request, 1);
  problem.logAlone[0] = -30;
  plan.overtaking = overtaking;
  return problem;
}

/** Who has the calls, where those of one pair are exchanged. */
const exchanged = ({ owners }: LinkProblem, pair: number): Int32Array =>
  Int32Array.from(owners, (_, call) => (call >> 1 === pair ? call ^ 1 : call));

test('of two answers each piece is the likelier one', () => {
  const problem = pairs(3);
  const right = problem.owners.slice();
  // Each is right where the other is wrong.
  takeLikelier(problem, exchanged(problem, 20), exchanged(problem, 21));
  expect(problem.owners).toEqual(right);
});

test('a call that is nobody’s in one of them has an owner where that is likelier', () => {
  const problem = pairs(2);
  const right = problem.owners.slice();
  const lost = right.slice();
  lost[41] = NOBODY;
  takeLikelier(problem, lost, right);
  expect(problem.owners).toEqual(right);
  takeLikelier(problem, right, lost);
  expect(problem.owners).toEqual(right);
});

test('where requests keep to an order the first answer stays', () => {
  const problem = pairs(2, -1);
  const first = exchanged(problem, 20);
  takeLikelier(problem, first, problem.owners.slice());
  expect(problem.owners).toEqual(first);
});
