import { expect, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { at, milliseconds } from '../base/time.ts';
import { CallPlan } from './call-plan.ts';
import type { Link, ReceivedCall, SentCall } from './calls.ts';
import { createCallLinker } from './link-calls.ts';
import { LinkProblem } from './link-problem.ts';
import { unevenCalls } from './learn-counts.ts';
import { firstStepOf } from './walk.ts';

const ms = (value: number) => at(milliseconds(value));

interface Traffic {
  readonly received: readonly ReceivedCall[];
  /** Their ids begin with that of their request. */
  readonly sent: readonly SentCall[];
}

function linksOf({ received, sent }: Traffic): Link<ReceivedCall, SentCall>[] {
  const links: Link<ReceivedCall, SentCall>[] = [];
  const linker = createCallLinker<ReceivedCall, SentCall>({ link: (link) => void links.push(link) });
  for (const one of received) linker.received(one);
  for (const one of sent) linker.sent(one);
  linker.finish();
  return links;
}

const isRight = ({ call, parent }: Link<ReceivedCall, SentCall>): boolean =>
  parent !== undefined && call.id.startsWith(`${parent.id} `);

/**
 * So many callers in lock-step: their requests begin together and make so many calls one after another, each over a
 * connection of its own. Of each round all calls go out within a moment, since the program's loop gets to them then.
 * @param isMixed the loop gets to them in another order than that in which they came
 */
function lockStep(callers: number, rounds: number, each: number, isMixed: boolean): Traffic {
  const random = seededRandom(7);
  const received: ReceivedCall[] = [];
  const sent: SentCall[] = [];
  let from = 0;
  for (let round = 0; round < rounds; round++) {
    const order = Array.from({ length: callers }, (_, caller) => caller);
    const begun = order.map((caller) => from + 0.05 * caller + 0.03 * random());
    const ends: number[] = [];
    let now = from + 50 + 30 * random();
    for (let step = 0; step < each; step++) {
      const swapped = Math.floor((callers - 1) * random());
      if (step > 0 || isMixed) order.splice(swapped, 2, order[swapped + 1] as number, order[swapped] as number);
      for (const [place, caller] of order.entries()) {
        const startedAt = now + 0.15 * place + 0.05 * random();
        const endedAt = (ends[caller] = startedAt + 12 + 3 * random());
        const lane = { pool: '10.0.3.4:80', connection: `c${caller}` };
        const times = { startedAt: ms(startedAt), endedAt: ms(endedAt) };
        sent.push({ id: `${round}/${caller} ${step}`, kind: 'POST /items', ...times, identifiers: [], lane });
      }
      now += 17 + random();
    }
    for (const [caller, startedAt] of begun.entries()) {
      const endedAt = ms((ends[caller] as number) + 0.3 + 0.2 * random());
      const times = { startedAt: ms(startedAt), respondedAt: endedAt, endedAt };
      received.push({ id: `${round}/${caller}`, kind: 'GET /search', ...times, identifiers: [] });
    }
    from = now + 20;
  }
  return { received, sent };
}

test('of requests that go on together none has the calls of all: each makes as many as there are for each', () => {
  const links = linksOf(lockStep(8, 15, 2, true));
  expect(new Set(links.map(({ parent }) => parent)).size).toBe(120);
});

test('who has a connection keeps it, though its calls go out at the moment when those of others do', () => {
  const links = linksOf(lockStep(16, 6, 6, false));
  expect(links).toHaveLength(576);
  expect(links.filter(isRight).length / links.length).toBeGreaterThan(2 / 3);
});

test('of many that go on together, and may as well have all of one another’s calls, none is certain', () => {
  const certain = linksOf(lockStep(16, 8, 4, true)).filter(({ confidence }) => confidence === 'certain');
  expect(certain.filter((link) => !isRight(link))).toHaveLength(0);
});

/** One request after another, alone, with so many calls each; then two together, of which the first made as many as said. */
function problemOf(alone: readonly number[], together: readonly [number, number]): LinkProblem {
  const plan = new CallPlan(1000);
  const counts = [...alone, ...together];
  const starts = counts.map((_, place) => 100 * Math.min(place, alone.length));
  const owners = counts.flatMap((count, place) => Array.from({ length: count }, () => place));
  const ends = starts.map((start) => start + 50);
  const kinds = new Int32Array(owners.length);
  const problem = new LinkProblem(
    {
      starts: Float64Array.from(starts),
      responses: Float64Array.from(ends),
      ends: Float64Array.from(ends),
      plans: counts.map(() => plan),
    },
    {
      kinds,
      steps: kinds.map(() => firstStepOf(0)),
      starts: Float64Array.from(owners, (owner) => (starts[owner] as number) + 1),
      ends: Float64Array.from(owners, (owner) => (starts[owner] as number) + 2),
      lanes: null,
      freed: null,
      candidates: owners.map((owner) => (owner < alone.length ? [owner] : [alone.length, alone.length + 1])),
      isFixed: new Uint8Array(owners.length),
      isBounded: new Uint8Array(owners.length),
    },
    1,
  );
  problem.assign(Int32Array.from(owners));
  return problem;
}

test('what requests alone do is usual, whatever the mean; what goes beyond is not', () => {
  expect(unevenCalls(problemOf([2, 2, 2, 2], [2, 2]))).toBe(0);
  expect(unevenCalls(problemOf([2, 2, 2, 2], [4, 0]))).toBe(4);
  // Some fetch four things, others have them.
  expect(unevenCalls(problemOf([0, 4, 4, 0], [4, 0]))).toBe(0);
});
