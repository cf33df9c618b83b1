import { at, milliseconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import rule from './grpc-deadline.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { joined, Traffic } from './support/testing/traffic.ts';

const METHOD = { protocol: 'grpc', path: '/shop.Stock/Reserve', status: 200 } satisfies Partial<Exchange>;
const quick: Partial<Exchange> = { ...METHOD, grpcStatus: 0, deadline: milliseconds(1500) };
const unanswered: Partial<Exchange> = {
  ...METHOD,
  status: -1,
  deadline: milliseconds(1500),
  firstByteAt: at(Number.NaN),
  outcome: 'cancelled',
  endedBy: 'client',
  resetCode: 8,
};

ruleTester(rule, {
  finds: [
    {
      name: 'calls that the client cancels when their time is up',
      ...new Traffic().calls(20, { takes: 5 }, quick).calls(3, { takes: 1500.4 }, unanswered).rows,
      reports: [
        {
          message: 'exceeded',
          says: /^3 of 23 calls to 10\.96\.44\.12:8080 ended at their deadline of 1\.5 s: the server had not answered$/,
          count: 3,
          of: 23,
          cost: [1.49, 1.5],
          errors: 3,
          confidence: 'certain',
          settings: [/1\.5 s/],
          evidence: [/grpc-timeout 1\.5 s: after 1\.5 s the client gave it up/],
        },
      ],
    },
    {
      name: 'calls that a service makes for requests that come in by HTTP',
      ...joined(
        new Traffic({ client: '10.0.9.9', server: '10.0.3.7' }).calls(9).rows,
        new Traffic().calls(20, { takes: 5 }, quick).calls(3, { takes: 1500.4 }, unanswered).rows,
      ),
      reports: [{ says: /^3 of 23 calls to 10\.96\.44\.12:8080 ended at their deadline/, count: 3 }],
    },
    {
      name: 'a server that ends the call itself, by reset or by status',
      ...new Traffic()
        .calls(10, { takes: 5 }, quick)
        .call({ takes: 1500.1 }, { ...unanswered, outcome: 'reset', endedBy: 'server' })
        .call({ takes: 1500.1 }, { ...quick, grpcStatus: 4, outcome: 'error' }).rows,
      reports: [{ count: 2, of: 12 }],
    },
    {
      name: "a server whose clock ends the call first: its status is no answer's part",
      ...new Traffic()
        .calls(10, { takes: 5 }, quick)
        .calls(2, { takes: 1500.1 }, { ...quick, grpcStatus: 4, outcome: 'error', responseMessages: 0 }).rows,
      reports: [{ count: 2, says: /the server had not answered$/ }],
    },
    {
      name: 'an answer that had begun',
      ...new Traffic()
        .calls(10, { takes: 5 }, quick)
        .calls(2, { takes: 1500.1 }, { ...quick, grpcStatus: 4, outcome: 'error', responseMessages: 1 }).rows,
      reports: [{ count: 2, says: /the answer was not complete$/ }],
    },
    {
      name: 'a deadline that went into a stalled connection',
      ...new Traffic()
        .calls(10, { takes: 5 }, quick)
        .calls(2, { takes: 1500, stalls: [{ at: 10, lasts: 1450, parts: { reason: 'loss' } }] }, unanswered).rows,
      reports: [{ says: /the connection stood still meanwhile/ }],
    },
  ],
  clear: [
    {
      name: 'slow calls within their deadline',
      ...new Traffic().calls(20, { takes: 5 }, quick).calls(3, { takes: 1400 }, quick).rows,
      says: /no call ended at its deadline \(23 gRPC calls\)/,
    },
    {
      name: 'calls that the client gives up long before',
      ...new Traffic().calls(5, { takes: 5 }, quick).calls(3, { takes: 300 }, unanswered).rows,
    },
    {
      name: "the server's own errors",
      ...new Traffic()
        .calls(5, { takes: 5 }, quick)
        .calls(3, { takes: 6 }, { ...quick, grpcStatus: 13, outcome: 'error' }).rows,
    },
  ],
  unobservable: [{ name: 'plain HTTP', ...joined(new Traffic().calls(5).rows), why: /no gRPC call was seen/ }],
});
