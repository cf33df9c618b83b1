import { atMs, attemptOf, connectionOf, exchangeOf, lookupOf } from '../model/testing/rows.ts';
import rule from './dns-lookup-per-request.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import type { Rows } from './support/testing/run-rule.ts';

/** Lookups so many milliseconds apart, each followed by a connection with so many calls. */
function asked(count: number, { apart = 100, calls = 1, ttl = 5, server = '10.0.4.4', name = 'db.prod' } = {}): Rows {
  const each = Array.from({ length: count }, (_, index) => index);
  return {
    lookups: each.map((index) =>
      lookupOf({
        id: `0.l${index}`,
        name,
        answers: ['10.0.4.4'],
        attempts: [
          attemptOf({ name, ttl, sentAt: atMs(index * apart), sentPacket: 2 * index + 1, replyPacket: 2 * index + 2 }),
        ],
      }),
    ),
    connections: each.map((index) => connectionOf({ id: `0.c${index}`, server, startedAt: atMs(index * apart + 2) })),
    exchanges: each.flatMap((index) =>
      Array.from({ length: calls }, (_, call) =>
        exchangeOf({ id: `0.e${index}-${call}`, server, startedAt: atMs(index * apart + 3 + call) }),
      ),
    ),
  };
}

ruleTester(rule, {
  finds: [
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
          evidence: [/db\.prod asked again/],
        },
      ],
    },
  ],
  clear: [
    { name: 'answers that had run out', ...asked(30, { apart: 6000 }), says: /\(30 lookups\)/ },
    { name: 'answers that may not be kept', ...asked(30, { ttl: 0 }) },
    { name: 'connections to another server', ...asked(30, { server: '10.0.9.9' }) },
    { name: 'connections that serve many calls each', ...asked(30, { calls: 4 }) },
    { name: 'a few, as processes start', ...asked(4) },
  ],
  unobservable: [{ name: 'no connection opens', lookups: asked(30).lookups ?? [], why: /no connection opens/ }],
});
