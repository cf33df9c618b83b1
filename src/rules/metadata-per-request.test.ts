import { inputOf } from '../model/testing/rows.ts';
import rule from './metadata-per-request.ts';
import { asked, served, waitFor } from './support/testing/metadata.ts';
import { ruleTester } from './support/testing/rule-tester.ts';

const ask = (number: number) =>
  asked(number, number * 200 + 1, 30, { asks: 'other', session: null }, { path: '/latest/meta-data/instance-id' });
const many = (count: number, withCall: (number: number) => boolean) => {
  const calls = Array.from({ length: count }, (_, number) => ask(number));
  return {
    exchanges: calls,
    requests: calls.map((call, number) => served(number, number * 200, 90, withCall(number) ? [waitFor(call)] : [])),
  };
};

ruleTester(rule, {
  finds: [
    {
      name: 'the instance id in each request',
      ...many(10, () => true),
      reports: [
        {
          count: 10,
          of: 10,
          says: /^10 of 10 requests ask the metadata service for instance-id, 30 ms each$/,
          confidence: 'certain',
          cost: [0.0299, 0.0301],
          fixes: [/AWS_REGION/],
          evidence: [/GET \/latest\/meta-data\/instance-id/],
        },
      ],
    },
  ],
  clear: [
    {
      name: 'requests that ask no metadata service',
      requests: [served(1, 0, 20, []), served(2, 40, 20, [])],
      says: /no request asks for facts about the machine \(2 requests\)/,
    },
    { name: 'in one of ten', ...many(10, (number) => number === 3) },
    { name: 'in the background, for no request', ...many(10, () => false) },
    {
      name: 'credentials, which another rule judges',
      exchanges: [asked(1, 1, 30)],
      requests: [0, 1, 2, 3, 4, 5].map((number) => served(number, number * 200, 90, [waitFor(asked(1, 1, 30))])),
    },
  ],
  unobservable: [
    { name: 'no metadata service', inputs: [inputOf()], exchanges: [], why: /nothing asked a metadata service/ },
  ],
});
