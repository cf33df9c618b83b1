import { at } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import { inputOf } from '../model/testing/rows.ts';
import rule from './metadata-hop-limit.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { credentials, roleName, Serving, token, type Step } from './support/testing/serving.ts';

const inputs = [inputOf()];

const unanswered: Partial<Exchange> = {
  status: -1,
  firstByteAt: at(Number.NaN),
  outcome: 'cancelled',
  endedBy: 'client',
};

const lost = (parts: Partial<Exchange> = {}) => token({ ...unanswered, ...parts });

const plain: Step[] = [{ at: 1, takes: 20 }];

/** A second for the token, then the role's name and its credentials. */
const once: Step[] = [
  { at: 5, takes: 1002, parts: lost() },
  { at: 1008, takes: 5, parts: roleName() },
  { at: 1014, takes: 4, parts: credentials({ agent: 'ec2' }) },
  { at: 1020, takes: 20 },
];

/** A token for each call, as Java v1 asks. */
const twice: Step[] = [
  { at: 5, takes: 1002, parts: lost() },
  { at: 1020, takes: 5, parts: roleName() },
  { at: 1030, takes: 1010, parts: lost({ outcome: 'incomplete', endedBy: null }) },
  { at: 2045, takes: 4, parts: credentials({ agent: 'ec2' }) },
  { at: 2060, takes: 20 },
];

/** Two tokens, and a call of the service's own between: it went on after the first. */
const apart: Step[] = [
  { at: 5, takes: 1002, parts: lost() },
  { at: 1010, takes: 5 },
  { at: 1020, takes: 1010, parts: lost() },
  { at: 2035, takes: 4, parts: credentials({ agent: 'ec2' }) },
];

ruleTester(rule, {
  finds: [
    {
      name: 'two tokens with something else between: two occurrences',
      inputs,
      ...new Serving().serve(3, 22, plain).request(2085, apart).serve(20, 22, plain).rows,
      reports: [{ count: 2 }],
    },
    {
      name: 'one token that never comes, then credentials at once',
      inputs,
      ...new Serving().request(1045, once).serve(20, 22, plain).rows,
      reports: [
        {
          says: /^1 wait of 1 s for a token of 169\.254\.169\.254:80 that never came: 10\.0\.3\.7 went on without$/,
          count: 1,
          cost: [1, 1.01],
          subject: '10.0.3.7',
          settings: [/HttpPutResponseHopLimit 1/, /AWS SDK for Java v1 wait for the token 1 s/],
          fixes: [/hop limit of 2/, /IRSA/, /AWS_EC2_METADATA_DISABLED/],
          evidence: [/PUT \/latest\/api\/token, once: no answer in 1 s/],
        },
      ],
    },
    {
      name: 'two tokens for one fetch: one occurrence',
      inputs,
      ...new Serving().request(2085, twice).serve(20, 22, plain).rows,
      reports: [{ count: 1, cost: [2.01, 2.02], evidence: [/2 times/] }],
    },
    {
      name: 'in every request, where each fetches credentials',
      inputs,
      ...new Serving().serve(10, 2085, twice).rows,
      reports: [{ count: 10, cost: [2.01, 2.02] }],
    },
    {
      name: 'in a capture of the metadata service alone: each fetch ends with its credentials',
      inputs,
      exchanges: new Serving().serve(10, 2085, twice).exchanges.filter(({ metadata }) => metadata !== null),
      reports: [{ count: 10, cost: [2.01, 2.02] }],
    },
    {
      name: 'threads at once, each with its own',
      inputs,
      ...(() => {
        const serving = new Serving();
        for (let index = 0; index < 4; index++) serving.request(1045, once, {}, index < 3);
        return serving.rows;
      })(),
      reports: [{ count: 4, cost: [1, 1.01] }],
    },
    {
      name: 'a connection that the client leaves open: the wait ends where it goes on',
      inputs,
      ...new Serving().request(1045, [
        { at: 5, takes: 90_000, parts: lost({ outcome: 'incomplete', endedBy: null }) },
        ...once.slice(1),
      ]).rows,
      reports: [{ count: 1, cost: [1, 1.01] }],
    },
  ],
  clear: [
    {
      name: 'tokens that come',
      inputs,
      ...new Serving().request(120, [{ at: 1, takes: 30, parts: token() }, ...once.slice(1)]).rows,
    },
    { name: 'nobody asks', inputs, ...new Serving().serve(20, 22, plain).rows },
    {
      name: 'a proxy that refuses the PUT',
      inputs,
      says: /refused at once, by a proxy or a firewall before it: 1 time/,
      ...new Serving().request(120, [{ at: 1, takes: 3, parts: token({ status: 404 }) }, ...once.slice(1)]).rows,
    },
    {
      name: 'a slow metadata service: its other answers are late, too',
      inputs,
      ...new Serving().request(3000, [once[0] as Step, { at: 1008, takes: 900, parts: roleName() }]).rows,
    },
    {
      name: 'a metadata service that answers nothing',
      inputs,
      ...new Serving().request(3000, [once[0] as Step, { at: 1008, takes: 1000, parts: roleName(unanswered) }]).rows,
    },
    {
      name: 'a capture that ends before the answer',
      inputs,
      ...new Serving().request(60, [{ at: 1, takes: 50, parts: lost({ outcome: 'incomplete', endedBy: null }) }]).rows,
    },
    {
      name: 'one lost among others that come',
      inputs,
      ...new Serving().request(1045, once).request(120, [{ at: 1, takes: 30, parts: token() }]).rows,
    },
  ],
  unobservable: [
    { name: 'no call', inputs, ...new Serving().request(5000, [], { shape: 'stream' }).exchangesOnly, why: /no call/ },
  ],
});
