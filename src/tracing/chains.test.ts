import { expect, test } from 'vitest';
import { at, milliseconds } from '../base/time.ts';
import { CallPlan } from './call-plan.ts';
import type { ReceivedCall, SentCall } from './calls.ts';
import { Chains } from './chains.ts';
import { Likelihoods } from './likelihoods.ts';
import { createCallLinker } from './link-calls.ts';
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
  expect(
    new Chains(problem, new Likelihoods(problem)).shift(false, (request) => void changed.push(request - KNOWN)),
  ).toBe(1);
  expect(inDoubt(problem)).toEqual([0, 1, 2, 3, 4]);
  expect(changed.toSorted()).toEqual([0, 1, 2, 3, 4]);
});

test('where what they have fits better, it stays, though one has too many', () => {
  const problem = shiftedBy(28);
  expect(new Chains(problem, new Likelihoods(problem)).shift(false, () => undefined)).toBe(0);
  expect(inDoubt(problem)).toEqual([0, 0, 1, 2, 3]);
});

test('what an identifier names is not given on', () => {
  const problem = shiftedBy(8);
  problem.calls.isFixed[KNOWN + 2] = 1;
  new Chains(problem, new Likelihoods(problem)).shift(false, () => undefined);
  expect(inDoubt(problem)[2]).toBe(1);
});

const ms = (value: number) => at(milliseconds(value));

/**
 * Four requests that begin at nearly the same time, wait together, and go on together with four calls.
 * @param usually how many calls others make, one by one
 * @returns how many of the four have calls
 */
function callersOfFour(usually: (place: number) => number): number {
  const received: ReceivedCall[] = [];
  const sent: SentCall[] = [];
  const serve = (from: number, until: number): void => {
    const ended = { respondedAt: ms(until), endedAt: ms(until + 0.1) };
    received.push({ id: `r${from}`, kind: 'GET /search', startedAt: ms(from), ...ended, identifiers: [] });
  };
  const make = (from: number, until: number, kind = 'POST /_search'): void => {
    const times = { startedAt: ms(from), endedAt: ms(until) };
    sent.push({ id: `c${sent.length}`, kind, ...times, identifiers: [], lane: null });
  };
  for (let place = 0; place < 60; place++) {
    const from = 100 * place;
    const pause = 2.5 + (place % 7) * 0.3;
    serve(from, from + pause + 19 + (place % 5) * 0.3);
    for (let count = 0; count < usually(place); count++) make(from + pause + count * 0.1, from + pause + 18);
  }
  for (const by of [0, 0.6, 1.2, 2]) serve(9000 + by, 9355 + by);
  for (const by of [0, 0.03, 0.05, 0.08]) make(9300 + by, 9318 + by);
  // What they wait for: one of them gets it for all.
  for (const [index, kind] of ['PUT /token', 'GET /role', 'GET /role/x'].entries())
    make(9030 + 60 * index, 9085 + 60 * index, kind);
  const callers = new Set<string>();
  const linker = createCallLinker({
    link: ({ call, parent }) =>
      void (call.kind === 'POST /_search' && call.startedAt >= ms(9000) && callers.add(parent?.id ?? '')),
  });
  for (const one of received) linker.received(one);
  for (const one of sent) linker.sent(one);
  linker.finish();
  return callers.size;
}

test('of requests that go on together each has the call that its kind makes', () => {
  expect(callersOfFour(() => 1)).toBe(4);
});

test('where some make all of them and others none, one of them may have made all', () => {
  expect(callersOfFour((place) => (place % 2 === 0 ? 4 : 0))).toBe(1);
});
