import { expect, test } from 'vitest';
import { CallPlan } from './call-plan.ts';
import { Chains } from './chains.ts';
import { Likelihoods } from './likelihoods.ts';
import { LinkProblem } from './link-problem.ts';
import { firstStepOf } from './walk.ts';

const MILLISECOND = 1e6;
const KNOWN = 40;
const IN_DOUBT = 5;

/**
 * Requests in doubt begin every 20 ms and last 38; 8 ms after each began a call begins. Each has the call of the one
 * behind it, the first its own as well and the last none.
 * @param usual the pause before their call, as 40 others had it
 */
function shiftedBy(usual: number): LinkProblem {
  const plan = new CallPlan(1000);
  const starts = Float64Array.from(
    { length: KNOWN + IN_DOUBT },
    (_, place) => (place < KNOWN ? 100 * place : 10_000 + 20 * (place - KNOWN)) * MILLISECOND,
  );
  const ends = starts.map((start) => start + 38 * MILLISECOND);
  const callStarts = starts.map((start, place) => start + (place < KNOWN ? usual : 8) * MILLISECOND);
  const problem = new LinkProblem(
    { starts, responses: ends, ends, plans: Array.from(starts, () => plan) },
    {
      kinds: new Int32Array(starts.length),
      steps: new Int32Array(starts.length).fill(firstStepOf(0)),
      starts: callStarts,
      ends: callStarts.map((start) => start + MILLISECOND),
      lanes: null,
      freed: null,
      candidates: Array.from(starts, (_, place) => (place <= KNOWN ? [place] : [place - 1, place])),
      isFixed: new Uint8Array(starts.length),
      isBounded: new Uint8Array(starts.length),
    },
    1,
  );
  problem.assign(Int32Array.from(starts, (_, place) => (place <= KNOWN ? place : place - 1)));
  for (let request = 0; request < KNOWN; request++) problem.learn(request, 1);
  return problem;
}

const inDoubt = ({ owners }: LinkProblem): number[] => Array.from(owners.slice(KNOWN), (owner) => owner - KNOWN);

test('a call too many is given on, by each to the next, until it is with whoever lacks one', () => {
  const problem = shiftedBy(8);
  const changed: number[] = [];
  expect(new Chains(problem, new Likelihoods(problem)).shift((request) => void changed.push(request - KNOWN))).toBe(1);
  expect(inDoubt(problem)).toEqual([0, 1, 2, 3, 4]);
  expect(changed.toSorted()).toEqual([0, 1, 2, 3, 4]);
});

test('where what they have fits better, it stays, though one has too many', () => {
  const problem = shiftedBy(28);
  expect(new Chains(problem, new Likelihoods(problem)).shift(() => undefined)).toBe(0);
  expect(inDoubt(problem)).toEqual([0, 0, 1, 2, 3]);
});

test('what an identifier names is not given on', () => {
  const problem = shiftedBy(8);
  problem.calls.isFixed[KNOWN + 2] = 1;
  new Chains(problem, new Likelihoods(problem)).shift(() => undefined);
  expect(inDoubt(problem)[2]).toBe(1);
});
