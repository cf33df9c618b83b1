import { inputOf } from '../../../model/testing/rows.ts';
import rule from '../../credentials-refresh-storm.ts';
import { ruleTester } from '../testing/rule-tester.ts';
import { credentials, roleName, Serving, type Step } from '../testing/serving.ts';

// The Expiration in the answers is on this clock.
const inputs = [inputOf()];

const FETCH: readonly Step[] = [
  { at: 2, takes: 40, parts: roleName() },
  { at: 44, takes: 40, parts: credentials() },
];

/** At once: one fetches, and the others do as they are told. */
function rounds(count: number, others: readonly { takes: number; steps: readonly Step[] }[]): Serving {
  const serving = new Serving();
  for (let round = 0; round < count; round++) {
    for (const { takes, steps } of others) serving.request(takes, steps, {}, true);
    serving.request(108, [...FETCH, { at: 86, takes: 20 }]).wait(100);
  }
  return serving;
}

const waits = { takes: 108, steps: [{ at: 86, takes: 20 }] };
const goesOn = { takes: 22, steps: [{ at: 1, takes: 20 }] };
const computes = { takes: 160, steps: [{ at: 130, takes: 20 }] };

ruleTester(rule, {
  finds: [
    {
      name: 'requests that wait for what another one fetches, and go on as it comes',
      inputs,
      ...rounds(10, [waits, waits, waits]).rows,
      reports: [
        {
          message: 'shared',
          says: /^40 of 40 requests waited for credentials, fetched from kiam server 10 times, 8\d(?:\.\d)? ms each/,
          count: 40,
          of: 40,
          cost: [0.08, 0.085],
          evidence: [/other requests wait meanwhile/],
        },
      ],
    },
    {
      name: 'requests that go on meanwhile have waited for none of it',
      inputs,
      ...rounds(10, [goesOn, goesOn, goesOn]).rows,
      reports: [{ message: 'requests', count: 10, of: 40 }],
    },
    {
      name: 'requests that compute longer than the fetch takes do not wait for it',
      inputs,
      ...rounds(10, [computes, computes, computes]).rows,
      reports: [{ message: 'requests', count: 10, of: 40 }],
    },
    {
      name: 'a few that go on just then do so by chance',
      inputs,
      ...rounds(10, [waits, goesOn, computes]).rows,
      reports: [{ message: 'requests', count: 10, of: 40 }],
    },
    {
      name: 'fetches that follow one another, while the same requests wait on',
      inputs,
      ...(() => {
        const serving = new Serving();
        const later = FETCH.map((step) => ({ ...step, at: step.at + 84 }));
        for (let round = 0; round < 10; round++) {
          serving.request(192, [{ at: 170, takes: 20 }], {}, true);
          serving.request(108, [...FETCH, { at: 86, takes: 20 }], {}, true);
          serving.request(192, [...later, { at: 170, takes: 20 }]);
        }
        return serving.rows;
      })(),
      reports: [{ message: 'shared', count: 30, of: 30, cost: [0.16, 0.17] }],
    },
    {
      name: 'who waits for a call to another service meanwhile shows nothing',
      inputs,
      ...rounds(10, [waits, { takes: 108, steps: [{ at: 1, takes: 100 }] }]).rows,
      reports: [{ message: 'shared', count: 20, of: 30 }],
    },
    {
      name: 'tokens and names that are asked for in the name of all are the wait of each',
      inputs,
      ...(() => {
        const serving = new Serving();
        for (let round = 0; round < 10; round++) {
          const [name, answer] = FETCH as [Step, Step];
          serving.request(108, [name, { at: 86, takes: 20 }], {}, true);
          serving.request(108, [{ at: 86, takes: 20 }], {}, true);
          serving.request(108, [answer, { at: 86, takes: 20 }]);
        }
        return serving.rows;
      })(),
      reports: [{ message: 'shared', count: 30, of: 30, cost: [0.08, 0.085] }],
    },
  ],
  clear: [
    {
      name: 'one fetch that all wait for is none that comes again',
      inputs,
      ...rounds(1, [waits, waits, waits]).serve(30, 22, [{ at: 1, takes: 20 }]).rows,
    },
  ],
});
