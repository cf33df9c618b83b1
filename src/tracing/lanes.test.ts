import { describe, expect, it } from 'vitest';
import { at, milliseconds } from '../base/time.ts';
import { exchangeOf } from '../model/testing/rows.ts';
import { CallPlan } from './call-plan.ts';
import type { ReceivedCall, SentCall } from './calls.ts';
import { LaneHabit } from './lane-habit.ts';
import { lanesOf, type Lanes } from './lanes.ts';
import { createCallLinker } from './link-calls.ts';
import { outboundCalls } from './outbound.ts';
import { Walk } from './walk.ts';

const ms = (value: number) => at(milliseconds(value));

const call = (id: string, from: number, until: number, connection: string | null, pool = '10.0.3.4:80'): SentCall => ({
  id,
  kind: `GET ${pool}`,
  startedAt: ms(from),
  endedAt: ms(until),
  identifiers: [],
  lane: connection === null ? null : { pool, connection },
});

const request = (id: string, from: number, until: number): ReceivedCall => ({
  id,
  kind: 'GET /orders',
  startedAt: ms(from),
  respondedAt: ms(until),
  endedAt: ms(until),
  identifiers: [],
});

describe('lanes', () => {
  it('are as many to choose from as were needed at a time, and no more than there were', () => {
    // The third comes when the first two are over; all of the second server's share one.
    const sent = [
      call('a', 0, 10, 'c1'),
      call('b', 5, 10, 'c2'),
      call('c', 20, 30, 'c3'),
      call('d', 21, 30, 'd1', '10.0.3.5:80'),
      call('e', 22, 30, 'd1', '10.0.3.5:80'),
      call('f', 23, 30, null),
    ];
    const { of, choices } = lanesOf(sent) as Lanes;
    expect([...of]).toEqual([0, 1, 2, 3, 3, -1]);
    expect(choices).toEqual([2, 1]);
  });

  it('are the connections of exchanges, by server', () => {
    const exchanges = [exchangeOf({ server: '10.0.3.4', serverPort: 80, connection: '0.c7' })];
    const [sent] = outboundCalls({ lookups: [], connections: [], exchanges });
    expect(sent?.lane).toEqual({ pool: '10.0.3.4:80', connection: '0.c7' });
  });

  it('are none where no call has one', () => expect(lanesOf([call('a', 0, 10, null)])).toBeNull());

  it('are chosen again, or others, by a call whose request has asked that server before', () => {
    const sent = [
      call('a', 0, 10, 'c1'),
      call('other', 1, 40, 'c2'),
      call('b', 12, 20, 'd1', '10.0.3.5:80'),
      call('c', 22, 30, 'c1'),
      call('d', 32, 40, 'c3'),
      call('e', 42, 50, null),
    ];
    const lanes = lanesOf(sent) as Lanes;
    lanes.begin();
    expect([0, 2, 3, 4, 5].map((place) => lanes.choiceOf(place))).toEqual([0, 0, 2, -2, 0]);
    // Of another request nothing came before.
    lanes.begin();
    expect([3, 4].map((place) => lanes.choiceOf(place))).toEqual([0, -2]);
  });
});

describe('a habit of lanes', () => {
  it('tells nothing before it is known, nor where there is one lane', () => {
    const habit = new LaneHabit();
    expect(habit.ratio(4, 0)).toBeCloseTo(1);
    expect(habit.ratio(-4, 0)).toBeCloseTo(1);
    habit.learn(4, 10);
    expect(habit.ratio(1, 0)).toBe(1);
    expect(habit.ratio(-1, 0)).toBe(1);
  });

  it('speaks for what was seen, against what was not, and not for what the asker taught', () => {
    const habit = new LaneHabit();
    habit.learn(4, 1);
    expect(habit.ratio(4, 0)).toBeGreaterThan(1);
    expect(habit.ratio(4, 1)).toBeCloseTo(1);
    habit.forget();
    habit.learn(-4, 1);
    expect(habit.ratio(-4, 0)).toBeGreaterThan(1);
    expect(habit.ratio(-4, 1)).toBeCloseTo(1);
    habit.forget();
    habit.learn(4, 10);
    expect(habit.ratio(-4, 0)).toBeLessThan(1 / Math.E);
    habit.forget();
    expect(habit.ratio(4, 0)).toBeCloseTo(1);
  });
});

/** A request that makes one call after a millisecond. */
const walk = (choice: number): Walk =>
  Object.assign(new Walk(), { count: 1, transitions: [2], sources: [0], pauses: [1e6], choices: [choice] });

/** How much more a plan expects the same lane than another. */
const preference = (plan: CallPlan, own: number): number =>
  plan.logLikelihood(walk(4), own) - plan.logLikelihood(walk(-4), own);

describe('what requests usually do', () => {
  it.each([0, 1])('tells over which lane they go, without %s of the asker himself', (own) => {
    const plan = new CallPlan(1000);
    for (let count = 0; count < 30; count++) plan.learn(walk(4), 1);
    expect(preference(plan, own)).toBeGreaterThan(1);
    plan.forget();
    // Of four lanes any other comes as often as the same: nothing is known again.
    expect(preference(plan, own)).toBeCloseTo(0);
  });
});

/** Whose the calls of two requests at a time are, by call, where each of 40 others before makes both of its calls over one lane. */
function ownersOf(second: readonly [string, string], hasLanes: boolean): Map<string, string | undefined> {
  const owners = new Map<string, string | undefined>();
  const linker = createCallLinker<ReceivedCall, SentCall>({
    link: (link) => void owners.set(link.call.id, link.parent?.id),
  });
  const send = (id: string, from: number, until: number, lane: string): void =>
    linker.sent(call(id, from, until, hasLanes ? lane : null));
  for (let index = 0; index < 40; index++) {
    const from = 100 * index;
    const pause = 1 + (index % 5) * 0.05;
    linker.received(request(`alone${index}`, from, from + 43));
    send(`first${index}`, from + pause, from + pause + 20, `c${index % 2}`);
    send(`second${index}`, from + pause + 21, from + pause + 41, `c${index % 2}`);
  }
  linker.received(request('one', 5000, 5043));
  linker.received(request('other', 5000.01, 5043.01));
  send('a1', 5001, 5021, 'c0');
  send('b1', 5001.01, 5021.01, 'c1');
  send('a2', 5022, 5042, second[0]);
  send('b2', 5022.01, 5042.01, second[1]);
  linker.finish();
  return owners;
}

describe('calls in a row of two requests at a time', () => {
  it.each([
    ['as they began', ['c0', 'c1'], 'a2'],
    ['the other way round', ['c1', 'c0'], 'b2'],
  ] as const)('go on over their lanes, %s', (_, second, next) => {
    const owners = ownersOf(second, true);
    expect(owners.get(next)).toBe(owners.get('a1'));
  });

  it('go on in the order that they began where nobody knows their lanes', () => {
    const owners = ownersOf(['c1', 'c0'], false);
    expect(owners.get('a2')).toBe(owners.get('a1'));
  });
});
