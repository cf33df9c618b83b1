import { at, milliseconds, NEVER } from '../base/time.ts';
import type { Exchange, Expectation } from '../model/exchange.ts';
import rule from './http-continue-wait.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Traffic } from './support/testing/traffic.ts';

/** Uploads whose bodies leave so late; the server is quick when it has them. */
function uploads(
  traffic: Traffic,
  count: number,
  waited: number,
  answered = false,
  parts: Partial<Exchange> = {},
): Traffic {
  const expectation: Expectation = { waited: milliseconds(waited), answered };
  const lasts = Number.isNaN(waited) ? 9 : waited + 9;
  for (let index = 0; index < count; index++) {
    traffic.call({ takes: lasts }, { method: 'POST', expectation, ...parts });
    const exchange = traffic.exchanges.at(-1) as Exchange;
    exchange.requestedAt = at(exchange.firstByteAt - milliseconds(9));
  }
  return traffic;
}

ruleTester(rule, {
  finds: [
    {
      name: 'a server that never answers it',
      ...uploads(new Traffic().calls(10), 5, 1000).rows,
      reports: [
        {
          message: 'vain',
          says: /^5 of 15 exchanges with 10\.96\.44\.12:8080 waited 1 s for “100 Continue” in vain$/,
          count: 5,
          of: 15,
          cost: [1, 1],
          confidence: 'certain',
          settings: [/Expect: 100-continue sends the body 1 s later/, /not sent by then/],
          evidence: [/POST \/api\/items, its body 1 s behind its head/],
          fixes: [/Expect:/, /RFC 9110/],
        },
      ],
    },
    {
      name: 'a server that answers it late',
      ...uploads(new Traffic().calls(10), 5, 300, true).rows,
      reports: [{ message: 'late', says: /waited 300 ms for “100 Continue”$/, settings: [/no body/, /sent late/] }],
    },
    {
      name: 'one, seen once',
      ...uploads(new Traffic().calls(10), 1, 1000).rows,
      reports: [{ count: 1, onlyInfo: true }],
    },
  ],
  clear: [
    { name: 'a server that answers at once', ...uploads(new Traffic(), 20, 2, true).rows, says: /\(20 exchanges\)/ },
    {
      name: 'one that answers at once, over a long way',
      ...uploads(new Traffic(), 20, 180, true, { roundTrip: milliseconds(150) }).rows,
    },
    {
      name: 'one whose answers are not in the capture',
      ...uploads(new Traffic(), 20, 1000, false, { firstByteAt: NEVER, outcome: 'incomplete' }).rows,
    },
    { name: 'clients that do not ask', ...new Traffic().calls(20).rows },
    { name: 'a body that was never sent', ...uploads(new Traffic(), 5, Number.NaN).rows },
  ],
  unobservable: [{ name: 'connections alone', ...new Traffic().open().close().rows, why: /no exchange/ }],
});
