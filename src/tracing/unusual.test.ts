import { expect, test } from 'vitest';
import { CallPlan } from './call-plan.ts';
import { LinkProblem } from './link-problem.ts';
import { Unusual } from './unusual.ts';
import { firstStepOf } from './walk.ts';

const PAIRS = 20;
const MILLISECOND = 1e6;

/** Pairs of requests in flight at once, with two calls each pair that either could have made. */
function pairs(kinds: readonly [number, number], owners: readonly [number, number], isOtherKind = false): Unusual {
  const plan = new CallPlan(1000);
  const others = isOtherKind ? new CallPlan(1000) : plan;
  const starts = Float64Array.from({ length: 2 * PAIRS }, (_, place) => 100 * Math.floor(place / 2) * MILLISECOND);
  const ends = starts.map((start) => start + 20 * MILLISECOND);
  const callStarts = starts.map((start) => start + 5 * MILLISECOND);
  const problem = new LinkProblem(
    { starts, responses: ends, ends, plans: Array.from(starts, (_, place) => (place % 2 === 0 ? plan : others)) },
    {
      kinds: Int32Array.from(starts, (_, call) => kinds[call % 2] as number),
      steps: Int32Array.from(starts, (_, call) => firstStepOf(kinds[call % 2] as number)),
      starts: callStarts,
      ends: callStarts.map((start) => start + 3 * MILLISECOND),
      lanes: null,
      freed: null,
      candidates: Array.from(starts, (_, call) => [call - (call % 2), call - (call % 2) + 1]),
      isFixed: new Uint8Array(starts.length),
      isBounded: new Uint8Array(starts.length),
    },
    2,
  );
  problem.assign(Int32Array.from(starts, (_, call) => call - (call % 2) + (owners[call % 2] as number)));
  return new Unusual(problem);
}

test('where one request makes several calls of a kind and another of its own kind none, they may be of both', () => {
  const unusual = pairs([0, 0], [0, 0]);
  expect([unusual.isDoubtful(0), unusual.isDoubtful(1)]).toEqual([true, true]);
});

test('where each makes one, nothing is amiss', () => {
  expect(pairs([0, 0], [0, 1]).isDoubtful(0)).toBe(false);
});

test('nor where one makes two that differ', () => {
  expect(pairs([0, 1], [0, 0]).isDoubtful(0)).toBe(false);
});

test('nor where the one without any is of another kind', () => {
  expect(pairs([0, 0], [0, 0], true).isDoubtful(0)).toBe(false);
});
