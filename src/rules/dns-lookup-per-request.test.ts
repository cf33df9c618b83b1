import { at, milliseconds, type Timestamp } from '../base/time.ts';
import { atMs, attemptOf, connectionOf, exchangeOf, lookupOf, unopened } from '../model/testing/rows.ts';
import rule from './dns-lookup-per-request.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import type { Rows } from './support/testing/run-rule.ts';

interface Habit {
  /** Milliseconds between the lookups. */
  apart?: number;
  /** Calls on each connection. */
  calls?: number;
  /** Seconds, of the A and of the AAAA answer. */
  ttl?: number;
  otherTtl?: number;
  server?: string;
  name?: string;
  path?: string;
  /** When the connection begins, in milliseconds after the lookup's start; the lookup takes one. */
  after?: number;
}

/** Lookups, each followed by a connection with so many calls. */
function asked(
  count: number,
  {
    apart = 100,
    calls = 1,
    ttl = 5,
    otherTtl = ttl,
    server = '10.0.4.4',
    name = 'db.prod',
    path = '/api/items',
    after = 2,
  }: Habit = {},
): Rows {
  const each = Array.from({ length: count }, (_, index) => index);
  return {
    lookups: each.map((index) =>
      lookupOf({
        id: `0.l${index}`,
        name,
        answers: ['10.0.4.4'],
        attempts: [
          attemptOf({ name, ttl, sentAt: atMs(index * apart), sentPacket: 2 * index + 1, replyPacket: 2 * index + 2 }),
          attemptOf({ name, ttl: otherTtl, sentAt: atMs(index * apart) }),
        ],
      }),
    ),
    connections: each.map((index) =>
      connectionOf({ id: `0.c${index}`, server, startedAt: atMs(index * apart + after) }),
    ),
    exchanges: each.flatMap((index) =>
      Array.from({ length: calls }, (_, call) =>
        exchangeOf({
          id: `0.e${index}-${call}`,
          connection: `0.c${index}`,
          place: call,
          server,
          path,
          startedAt: atMs(index * apart + after + 1 + call),
        }),
      ),
    ),
  };
}

/** Lookups, each followed by so many connections with so many calls each. */
function shared(count: number, callers: number, calls = 1): Rows {
  const { lookups = [], connections = [], exchanges = [] } = asked(count, { calls });
  const others = Array.from({ length: callers - 1 }, (_, index) => index + 1);
  const alike = <Row extends { startedAt: Timestamp; id: string }>(rows: readonly Row[]): Row[] =>
    others.flatMap((other) =>
      rows.map((row) => ({ ...row, id: `${row.id}/${other}`, startedAt: at(row.startedAt + other * 1e5) })),
    );
  return {
    lookups,
    connections: [...connections, ...alike(connections)],
    exchanges: [
      ...exchanges,
      ...alike(exchanges).map((row) => ({ ...row, connection: `${row.connection}/${row.id.split('/').at(-1)}` })),
    ],
  };
}

/** Each lookup takes 31 ms, of which it asks for a name that cannot exist for 20. */
function walked(count: number): Rows {
  const { lookups = [], ...others } = asked(count, { after: 32 });
  return {
    ...others,
    lookups: lookups.map((lookup) => {
      const { startedAt, name } = lookup;
      const dead = attemptOf({
        name: `${name}.svc.cluster.local`,
        sentAt: startedAt,
        repliedAt: at(startedAt + 20e6),
        rcode: 3,
        answerCount: 0,
        ttl: -1,
      });
      const asIs = lookup.attempts.map((attempt) => ({
        ...attempt,
        sentAt: dead.repliedAt,
        repliedAt: at(startedAt + 31e6),
      }));
      return { ...lookup, duration: milliseconds(31), attempts: [dead, ...asIs] };
    }),
  };
}

ruleTester(rule, {
  finds: [
    {
      name: 'what the search for names that cannot exist takes is not its cost',
      ...walked(30),
      reports: [{ message: 'repeated', count: 29, cost: [0.0109, 0.0111] }],
    },
    {
      name: 'answers that may not be kept, asked for again at once',
      ...asked(30, { ttl: 0 }),
      reports: [
        { message: 'uncached', count: 29, of: 30, says: /again at once, each before a new connection: .* 0 s only/ },
      ],
    },
    {
      name: 'the same name before each connection, while its answer holds',
      ...asked(30),
      reports: [
        {
          message: 'repeated',
          says: /^29 of 30 lookups asked for db\.prod again while its answer still held \(5 s\), each before a new connection$/,
          count: 29,
          of: 30,
          confidence: 'certain',
          settings: [/cache in the client/, /connections/],
          cost: [0.00099, 0.00101],
          habit: true,
          errors: 0,
          subject: '10.0.3.7',
          evidence: [/db\.prod asked again/],
        },
      ],
    },
    {
      name: 'callers that share each lookup, and open a connection each',
      ...shared(30, 4),
      reports: [{ message: 'repeated', count: 29, of: 30 }],
    },
    { name: 'too few lookups for a habit', ...asked(12), reports: [{ count: 11, of: 12, habit: false }] },
  ],
  clear: [
    { name: 'answers that had run out', ...asked(30, { apart: 6000 }), says: /\(30 lookups\)/ },
    { name: 'answers that may not be kept, asked for again later', ...asked(30, { ttl: 0, apart: 1500 }) },
    { name: 'connections to another server', ...asked(30, { server: '10.0.9.9' }) },
    { name: 'connections that serve many calls each', ...asked(30, { calls: 4 }) },
    { name: 'a pool that opens its connections with one lookup, now and then', ...shared(6, 4, 8) },
    { name: 'a few, as processes start', ...asked(4) },
    { name: 'one of two answers had run out', ...asked(30, { apart: 6000, ttl: 300, otherTtl: 5 }) },
    { name: 'health checks', ...asked(30, { path: '/healthz' }) },
    { name: 'connections that come long after', ...asked(30, { apart: 3000, after: 1500 }) },
    { name: 'connections that began before the answer', ...asked(30, { apart: 3000, after: 0.5 }) },
    {
      name: 'one connection after many lookups',
      ...asked(10, { apart: 10 }),
      connections: [connectionOf({ server: '10.0.4.4', startedAt: atMs(92) })],
      exchanges: [exchangeOf({ server: '10.0.4.4', startedAt: atMs(93), place: 0 })],
    },
  ],
  unobservable: [
    { name: 'no connection opens', lookups: asked(30).lookups ?? [], why: /no connection opens/ },
    {
      name: 'connections that were open before',
      ...asked(30),
      connections: (asked(30).connections ?? []).map((connection) => ({ ...connection, ...unopened })),
      why: /no connection opens/,
    },
  ],
});
