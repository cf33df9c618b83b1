import type { Exchange } from '../model/exchange.ts';
import type { Metadata } from '../model/metadata.ts';
import type { Request } from '../model/request.ts';
import { inputOf } from '../model/testing/rows.ts';
import rule from './credentials-refresh-storm.ts';
import { asked, served, waitFor } from './support/testing/metadata.ts';
import { ruleTester } from './support/testing/rule-tester.ts';

const INPUTS = [inputOf({ firstPacketAt: 1_700_000_000_000_000_000n })];

/** So many requests, one after another, each of which fetches credentials in two calls of 45 ms. */
function storm(count: number, metadata: Partial<Metadata> = {}, parts: Partial<Exchange> = {}) {
  const exchanges: Exchange[] = [];
  const requests: Request[] = [];
  for (let number = 0; number < count; number++) {
    const start = number * 200;
    const roles = asked(number * 2, start + 1, 45, { ...metadata, asks: 'roles', session: null }, parts);
    const credentials = asked(number * 2 + 1, start + 47, 45, metadata, parts);
    exchanges.push(roles, credentials);
    requests.push(served(number, start, 115, [waitFor(roles), waitFor(credentials)]));
  }
  return { exchanges, requests };
}

ruleTester(rule, {
  finds: [
    {
      name: 'the same credentials in every request, with both settings and what each alone leaves',
      ...storm(10),
      inputs: INPUTS,
      reports: [
        {
          message: 'storm',
          count: 10,
          of: 10,
          subject: '10.0.3.7:8080',
          says: /^10 of 10 requests fetch AWS credentials again, 91 ms each, though the last were good for 11 min 58 s more$/,
          confidence: 'certain',
          cost: [0.0905, 0.0915],
          settings: [/Java v1.*15 min/, /KIAM.*--session-duration.*15 min/, /KIAM.*--session-refresh.*5 min/],
          fixes: [
            /both --session-duration=60m and --session-refresh=20m; the duration alone leaves 18 % .* refresh alone 100 %/,
          ],
        },
      ],
    },
    {
      name: 'waiting for the lock, which is part of the cost',
      exchanges: storm(6).exchanges,
      requests: storm(6).requests.map((request) => ({
        ...request,
        waits: [
          ...request.waits,
          waitFor(storm(1).exchanges[0]!, {
            reason: 'queue',
            ref: '',
            duration: 24e6 as never,
            critical: 24e6 as never,
          }),
        ],
      })),
      inputs: INPUTS,
      reports: [{ count: 6, cost: [0.114, 0.116] }],
    },
    {
      name: 'credentials alone, where no request is seen',
      exchanges: storm(6).exchanges,
      inputs: INPUTS,
      reports: [{ message: 'uses', count: 5, subject: '10.0.3.7', says: /again and again \(5 times, 91 ms each\)/ }],
    },
    {
      name: 'an SDK that is not known, whose window is at least what was left',
      ...storm(5, { software: null, agent: null }),
      inputs: INPUTS,
      reports: [{ settings: [/AWS SDK.*at least 12 min/, /session length.*15 min/] }],
    },
  ],
  clear: [
    {
      name: 'requests that ask no metadata service',
      requests: [served(1, 0, 20, []), served(2, 40, 20, [])],
      says: /no request asked a metadata service \(2 requests\)/,
    },
    { name: 'one fetch', ...storm(1), inputs: INPUTS, says: /kept until they expire/ },
    {
      name: 'a fetch of each of several processes that start',
      exchanges: [0, 1, 2, 3].map((number) => asked(number, number, 40, {}, { connection: `0.c${number}` })),
      inputs: INPUTS,
    },
    {
      name: 'new credentials each time: the old ones had expired',
      exchanges: [0, 1, 2, 3, 4].map((number) => asked(number, number * 1000, 40, { session: `s${number}` })),
      inputs: INPUTS,
    },
    {
      name: 'credentials that are about to expire',
      exchanges: [0, 1, 2, 3, 4].map((number) => asked(number, number * 1000, 40, { expiresAt: 1_700_000_030 })),
      inputs: INPUTS,
    },
    {
      name: 'other paths',
      exchanges: [0, 1, 2, 3, 4].map((number) => asked(number, number * 100, 40, { asks: 'other', session: null })),
      inputs: INPUTS,
    },
  ],
  unobservable: [
    { name: 'no metadata service', exchanges: [], inputs: INPUTS, why: /nothing asked a metadata service/ },
    {
      name: 'paths that the snap length cut',
      exchanges: [asked(1, 0, 40, { asks: 'unknown', session: null })],
      inputs: INPUTS,
      why: /cut off/,
    },
  ],
});
