import { inputOf } from '../../../model/testing/rows.ts';
import { ruleTester } from '../testing/rule-tester.ts';
import { Serving, type Step } from '../testing/serving.ts';
import { Traffic } from '../testing/traffic.ts';
import rule from '../../upstream-slow.ts';

const rest = { reason: 'sender-idle', from: 'client' } as const;

/** What a request asks of a database: what takes how long to begin, and three statements more. */
const transaction = (begins: number, each: number): Step[] => {
  const database = { protocol: 'postgresql', path: '', status: -1 } as const;
  return ['BEGIN', 'SELECT', 'UPDATE', 'COMMIT'].map((method, index) => ({
    at: 1 + (index === 0 ? 0 : begins + 1 + (index - 1) * (each + 1)),
    takes: index === 0 ? begins : each,
    parts: { ...database, method },
  }));
};

/** One call after the other. */
const two = (first: number, second: number): Step[] => [
  { at: 1, takes: first },
  { at: first + 2, takes: second, parts: { path: '/slow' } },
];

ruleTester(rule, {
  finds: [
    {
      name: 'calls of a pipeline, whose client rests between others that it sends behind them',
      ...new Traffic()
        .calls(20)
        .wait(2000)
        .calls(4, { takes: 300, stalls: [{ at: 20, lasts: 270, parts: rest }] }).rows,
      reports: [{ count: 4, of: 24, cost: [0.29, 0.3] }],
    },
    {
      name: 'the first of several calls, where a pooler lets it wait for a connection, and the others are quick',
      inputs: [inputOf()],
      ...new Serving().serve(300, 330, transaction(300, 8)).rows,
      reports: [
        { count: 300, of: 1200, cost: [0.29, 0.31], says: /waited 300 ms for it \(postgresql BEGIN\): nothing/ },
      ],
    },
    {
      name: 'of two calls in each request the one that it waits for',
      inputs: [inputOf()],
      ...new Serving().serve(30, 330, two(20, 300)).rows,
      reports: [{ count: 30, of: 60, cost: [0.29, 0.31], says: /waited 300 ms for it \(GET \/slow\): nothing/ }],
    },
    {
      name: 'two calls in each request that take about as long',
      inputs: [inputOf()],
      ...new Serving().serve(30, 330, two(130, 190)).rows,
      reports: [{ count: 60, of: 60 }],
    },
  ],
  clear: [
    {
      name: 'several calls of a request that take as long each: many, and no one slow one',
      inputs: [inputOf()],
      ...new Serving().serve(30, 330, transaction(80, 80)).rows,
    },
  ],
});
