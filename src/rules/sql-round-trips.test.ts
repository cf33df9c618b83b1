import type { Exchange } from '../model/exchange.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Serving, type Step } from './support/testing/serving.ts';
import rule from './sql-round-trips.ts';

const DATABASE: Partial<Exchange> = {
  protocol: 'postgresql',
  server: '10.20.30.50',
  serverPort: 5432,
  path: '',
  host: '',
  status: -1,
  connection: '0.c-sql',
};
/** What a request computes itself. */
const OWN = 3;

/** Statements one after another, of so many milliseconds or two. */
function statements(asked: string, parts: Partial<Exchange> = {}): Step[] {
  let clock = 1;
  return asked.split(', ').map((statement) => {
    const [method, time] = statement.split(':') as [string, string?];
    const takes = time === undefined ? 2 : Number(time);
    const step = { at: clock, takes, parts: { ...DATABASE, method, ...parts } };
    clock += takes;
    return step;
  });
}

function serving(asked: string, { count = 20, parts = {} as Partial<Exchange>, own = OWN } = {}): Serving {
  const steps = statements(asked, parts);
  const last = steps.at(-1) as Step;
  return new Serving().serve(count, last.at + last.takes + own, steps);
}

const clear = (name: string, asked: string, options?: Parameters<typeof serving>[1]) => ({
  name,
  ...serving(asked, options).rows,
});

ruleTester(rule, {
  finds: [
    {
      name: 'a transaction around one read, and a question before it whether the connection lives',
      ...serving('SELECT 1, BEGIN, SELECT, ROLLBACK').rows,
      reports: [
        {
          message: 'trips',
          says: /^20 of 20 requests to 10\.0\.3\.7:8080 spent 6 ms on 3 of 4 round trips to 10\.20\.30\.50:5432 that only serve its driver \(SELECT 1, BEGIN, ROLLBACK\)$/,
          count: 20,
          of: 20,
          cost: [0.0059, 0.0061],
          confidence: 'likely',
          evidence: [/^one request’s SELECT 1, BEGIN, ROLLBACK$/],
          subject: '10.0.3.7:8080',
          settings: [/SELECT 1, BEGIN, ROLLBACK/],
          fixes: [/pool_pre_ping/, /AUTOCOMMIT/],
        },
      ],
    },
    {
      name: 'settings of the session in each request',
      ...serving('SET, SHOW, SELECT, UPDATE').rows,
      reports: [{ says: /4 ms on 2 of 4 .*\(SET, SHOW\)$/, fixes: [/once for each connection/] }],
    },
    {
      name: 'a statement that is described anew each time',
      ...serving('PREPARE, SELECT').rows,
      reports: [{ says: /2 ms on 1 of 2 .*\(PREPARE\)$/, fixes: [/cache_statement/] }],
    },
    {
      name: 'the end of a transaction that began unseen, in MySQL',
      ...serving('PING, SELECT, ROLLBACK', { parts: { protocol: 'mysql' } }).rows,
      reports: [{ says: /4 ms on 2 of 3 .*\(PING, ROLLBACK\)$/, fixes: [/pool_pre_ping/, /AUTOCOMMIT/] }],
    },
    {
      name: 'a BEGIN that waits for a connection of a proxy: only a round trip of it is its own',
      ...serving('BEGIN:30, SELECT:10, COMMIT:10').rows,
      reports: [{ says: /spent 20 ms on 2 of 3/, cost: [0.0199, 0.0201] }],
    },
  ],
  clear: [
    clear('one read', 'SELECT'),
    clear('a transaction that writes', 'BEGIN, UPDATE, INSERT, COMMIT'),
    clear('one write, which may be there for its lock', 'BEGIN, UPDATE, COMMIT'),
    clear('several reads that shall see the same', 'BEGIN, SELECT, SELECT, COMMIT'),
    clear('a transaction that sets what it needs', 'BEGIN, SET, SET, SELECT, COMMIT'),
    clear('a health check', 'SELECT 1'),
    clear('a small part of each request', 'SELECT 1, SELECT', { own: 16 }),
    clear('a few, of a pool that starts', 'SELECT 1, SELECT', { count: 4 }),
    clear('Redis, where SET is a write', 'SET, GET', { parts: { protocol: 'redis' } }),
    {
      name: 'fewer than half of the requests',
      ...['SELECT 1, SELECT', 'SELECT', 'SELECT'].reduce((all, asked) => {
        for (let index = 0; index < 8; index++) all.request(8, statements(asked));
        return all;
      }, new Serving()).rows,
    },
  ],
  unobservable: [{ name: 'nothing', lookups: [], why: /no request/ }],
});
