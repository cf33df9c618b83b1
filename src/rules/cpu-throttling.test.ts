import { inputOf } from '../model/testing/rows.ts';
import rule from './cpu-throttling.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { clients, GRID, PAUSES } from './support/testing/pausing.ts';
import { Serving } from './support/testing/serving.ts';
import type { Rows } from './support/testing/run-rule.ts';
import { callersOf } from './support/testing/throttled.ts';
import { joined, Traffic } from './support/testing/traffic.ts';

/** Calls one after another, each of so many milliseconds; the next begins right after the answer. */
function inTurn(lengths: readonly number[], pause = 0): Rows {
  const traffic = new Traffic().open({ connect: 0 });
  // The builder lets 10 ms pass between calls: ends lie on a grid where both together are full periods.
  for (const [index, length] of lengths.entries()) traffic.call({ takes: length }).wait(pause * index);
  return traffic.rows;
}

/** Calls that are asked at each 100 ms, whatever the one before took. */
function paced(calls: number, takes: (call: number) => number): Rows {
  const traffic = new Traffic().open({ connect: 0 });
  // 10 ms of them the builder lets pass by itself.
  for (let call = 0; call < calls; call++) traffic.call({ takes: takes(call) }).wait(90 - takes(call));
  return traffic.rows;
}

/** Requests one after another, in turns of 100 ms for two, each with a call that takes most of its time, or so long. */
function waitingFor(
  count: number,
  takes: (index: number) => number,
  call: (index: number) => number | null = () => null,
): Serving {
  const serving = new Serving();
  for (let index = 0; index < count; index++) {
    const lasts = takes(index);
    serving.request(lasts, [{ at: 1, takes: call(index) ?? lasts - 2 }]).wait(9);
  }
  return serving;
}

/** Work of three periods or of six, whose answers come as a period begins. */
const throttled = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? 290 : 590));

/** One call of four is late, until a period begins; or so much after that each time. */
const aQuarterLate = (drift = 0, calls = 100): number[] =>
  Array.from({ length: calls }, (_, index) => (index % 4 === 3 ? 115 + drift : 15));

/** A process that computes two or three answers in each period: no call is quick, and some take one period, some two. */
const WORK = [2, 4, 6, 3, 5];
const inEachPeriod = { callers: 4, work: (call: number) => WORK[call % WORK.length] as number, runs: 9, calls: 160 };

ruleTester(rule, {
  finds: [
    {
      name: 'stops in nearly every period, so that no call is quick',
      ...callersOf(inEachPeriod),
      reports: [
        {
          message: 'stopped',
          says: /^10\.96\.44\.12:8080 stood still \d+ times and went on at steps of 100 ms, as a CPU limit makes it: 1\d\d of 160 exchanges waited \d+ ms each/,
          confidence: 'possible',
          because: /cpu\.stat/,
          settings: [/limits\.cpu/],
        },
      ],
    },
    {
      name: 'goes on with its pod’s period or its container’s, each for a while',
      ...callersOf({ ...inEachPeriod, begins: (period) => (Math.floor(period / 3) % 2 === 0 ? 0 : 40) }),
      reports: [{ message: 'stopped', of: 160, because: /two phases, a pod’s and its container’s, of 100 ms/ }],
    },
    {
      name: 'an upstream of the service in the capture, beside what that is asked itself',
      inputs: [inputOf()],
      ...joined(callersOf(inEachPeriod), new Traffic({ client: '10.0.9.9', server: '10.0.3.7' }).calls(30).rows),
      reports: [{ message: 'stopped', subject: '10.96.44.12:8080', of: 160 }],
    },
    {
      name: 'stretches that end at one phase of 100 ms',
      ...clients(3, GRID),
      reports: [
        {
          message: 'stopped',
          says: /stood still 12 times and went on at steps of 100 ms/,
          count: 36,
          confidence: 'possible',
          because: /cpu\.stat/,
          settings: [/limits\.cpu|used up/, /100(\.0+)? ms/],
          fixes: [/limits\.cpu/, /GOMAXPROCS/],
        },
      ],
    },
    {
      name: 'each call throttled for several periods: answers at one phase of 100 ms',
      ...inTurn(throttled),
      reports: [
        {
          message: 'grid',
          says: /^a CPU limit seems to stop 10\.96\.44\.12:8080: 40 of 40 exchanges \d+ ms late each, at one phase of 100 ms$/,
          count: 40,
          confidence: 'possible',
          because: /cpu\.stat/,
          settings: [/limits\.cpu/],
        },
      ],
    },
    {
      name: 'each call throttled, and a third so long that they stand out from the others: all of them',
      ...inTurn(Array.from({ length: 60 }, (_, index) => [190, 290, 590][index % 3] as number)),
      reports: [{ message: 'grid', count: 60, of: 60 }],
    },
    {
      name: 'one caller, whose slow calls end at one phase of 100 ms, and some are quick',
      ...inTurn(Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? 15 : 65))),
      reports: [{ message: 'grid', count: 30, cost: [0.049, 0.052] }],
    },
    {
      name: 'what the service in the capture calls, and not that itself, which answers at the same phase',
      inputs: [inputOf()],
      ...waitingFor(60, (index) => (index % 2 === 0 ? 15 : 65)).rows,
      reports: [{ message: 'grid', subject: '10.20.30.40:9200', count: 30 }],
    },
    {
      name: 'what the service calls, though two of its requests were as late by themselves',
      inputs: [inputOf()],
      ...waitingFor(
        60,
        (index) => (index % 2 === 0 ? 15 : 65),
        (index) => (index === 31 || index === 41 ? 4 : null),
      ).rows,
      reports: [{ message: 'grid', subject: '10.20.30.40:9200', count: 28 }],
    },
    {
      name: 'the service in the capture, and not what it calls now and then',
      inputs: [inputOf()],
      ...waitingFor(
        60,
        (index) => (index % 2 === 0 ? 15 : 65),
        () => 4,
      ).rows,
      reports: [{ message: 'grid', subject: '10.0.3.7:8080', count: 30 }],
    },
    {
      name: 'one caller, of whose calls a quarter is late, each in a period of its own',
      ...inTurn(aQuarterLate()),
      reports: [{ message: 'grid', count: 25, cost: [0.099, 0.102] }],
    },
  ],
  clear: [
    {
      name: 'slow calls of one caller that end at any time',
      ...inTurn(Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? 15 : 60 + ((index * 37) % 100)))),
    },
    {
      name: 'calls of several lengths that end at any time',
      ...inTurn(throttled.map((length, index) => length + ((index * 37) % 100))),
    },
    {
      name: 'an upstream whose stops have another period, beside what the service in the capture is asked',
      inputs: [inputOf()],
      ...joined(
        callersOf({ ...inEachPeriod, period: 101 }),
        new Traffic({ client: '10.0.9.9', server: '10.0.3.7' }).calls(30).rows,
      ),
    },
    {
      name: 'a timer that answers each 50 ms',
      ...callersOf({ ...inEachPeriod, period: 50, runs: 1, work: (call) => 0.4 + ((call * 37) % 100) / 120 }),
    },
    {
      name: 'asked at a pace of 100 ms, of which one in three takes longer',
      ...paced(150, (call) => (call % 3 === 2 ? 80 : 15) + ((call * 7) % 5)),
    },
    { name: 'a quarter that drifts against the clock', ...inTurn(aQuarterLate(1)) },
    { name: 'a quarter of fewer calls', ...inTurn(aQuarterLate(0, 76)) },
    { name: 'a worker’s turns of 300 ms, each a little late', ...inTurn(throttled, 0.2) },
    { name: 'calls that all take the same time, sent at a steady pace', ...inTurn(throttled.map(() => 290)) },
    { name: 'quick calls at a steady pace', ...inTurn(throttled.map(() => 90)) },
    { name: 'stops whose period is another', ...callersOf({ ...inEachPeriod, period: 101 }) },
    { name: 'as many answers in each period, all after two', ...callersOf({ ...inEachPeriod, work: () => 4.5 }) },
    {
      name: 'calls that are computed in turn without a limit',
      ...callersOf({ ...inEachPeriod, runs: 100, work: () => 45 }),
    },
    { name: 'calls of one length at a pace of 100 ms', ...clients(4, [], 90) },
    { name: 'a few on the grid', ...inTurn(throttled.slice(0, 12)) },
    { name: 'pauses at no regular times', ...clients(3, PAUSES) },
    { name: 'four on the grid: chance', ...clients(3, GRID.slice(0, 4)) },
    { name: 'calls that take 100 ms each, by design', ...clients(4, [], 100) },
    { name: 'one client at a time', ...clients(1, GRID) },
  ],
  unobservable: [{ name: 'no call', ...new Traffic().call({}, { shape: 'stream' }).rows, why: /no answered call/ }],
});
