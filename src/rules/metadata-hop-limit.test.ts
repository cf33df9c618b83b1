import { at, nanoseconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import { inputOf } from '../model/testing/rows.ts';
import rule from './metadata-hop-limit.ts';
import { asked } from './support/testing/metadata.ts';
import { ruleTester } from './support/testing/rule-tester.ts';

const TOKEN = { method: 'PUT', path: '/latest/api/token' };
const unanswered: Partial<Exchange> = {
  firstByteAt: at(Number.NaN),
  status: -1,
  outcome: 'cancelled',
  endedBy: 'client',
};
/** A token that is given up after so long, in milliseconds, and what is asked without one. */
const lost = (number: number, start: number, gaveUp = 1003, parts: Partial<Exchange> = {}): Exchange[] => [
  asked(number, start, gaveUp, { asks: 'token', session: null }, { ...TOKEN, ...unanswered, ...parts }),
  asked(number + 1, start + 1008, 4, { asks: 'roles', session: null }),
];

ruleTester(rule, {
  finds: [
    {
      name: 'a token that never comes, and answers without one that do',
      exchanges: [...lost(1, 0), ...lost(3, 5000)],
      reports: [
        {
          count: 2,
          of: 2,
          subject: '10.0.3.7',
          says: /^2 of 2 IMDSv2 token requests of 10\.0\.3\.7 are never answered: each waits 1 s, then goes on without$/,
          confidence: 'likely',
          because: /without a token are not/,
          cost: [1.0, 1.01],
          settings: [/http-put-response-hop-limit 1/, /hops .* 2/, /timeout of the token/],
          fixes: [/hop-limit 2/, /Pod Identity/],
          evidence: [/PUT \/latest\/api\/token, never answered/],
        },
      ],
    },
    {
      name: 'one on a connection whose end was not seen: it was given up when the next question was asked',
      exchanges: lost(1, 0, 1900, { outcome: 'incomplete', endedBy: null }).toReversed(),
      reports: [{ count: 1, cost: [1.0, 1.01] }],
    },
  ],
  clear: [
    {
      name: 'tokens that are answered',
      exchanges: [1, 2, 3].map((number) => asked(number, number * 100, 5, { asks: 'token', session: null }, TOKEN)),
      says: /IMDSv2 tokens are answered \(3 asked for\)/,
    },
    {
      name: 'a token that is refused at once',
      exchanges: [asked(1, 0, 2, { asks: 'token', session: null }, { ...TOKEN, status: 403 })],
    },
    {
      name: 'a call that was given up at once, as on shutdown',
      exchanges: [
        asked(1, 0, 20, { asks: 'token', session: null }, { ...TOKEN, ...unanswered, duration: nanoseconds(20e6) }),
      ],
    },
  ],
  unobservable: [{ name: 'IMDSv1 alone', inputs: [inputOf()], exchanges: [asked(1, 0, 5)], why: /no IMDSv2 token/ }],
});
