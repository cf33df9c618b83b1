import { RCODE, RR_TYPE } from '../model/lookup.ts';
import { atMs, inputOf } from '../model/testing/rows.ts';
import rule from './dns-family-missing.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Scenario } from './support/testing/scenario.ts';

const { A, AAAA } = RR_TYPE;

/** glibc: three tries, then success with A alone after 15 s. */
const glibcMissing = (scenario: Scenario, name?: string): Scenario => {
  const question = name === undefined ? {} : { name };
  return scenario.ask(
    [
      { ...question, earlier: [{ at: 0.4, rcode: 0 }], again: [5000], answered: 5000.4 },
      { ...question, type: AAAA, sent: 0.03, again: [5000.5], answered: null },
      { ...question, port: 7001, sent: 10_000, answered: 10_000.4 },
      { ...question, port: 7002, type: AAAA, sent: 10_000.5, answered: null },
    ],
    { lasts: 15_000, endBecause: 'timer', ...question },
  );
};

const refusedAaaa = { type: AAAA, sent: 0.03, rcode: RCODE.REFUSED, records: 0 } as const;

const muslMissing = (scenario: Scenario): Scenario =>
  scenario.ask([{}, { type: AAAA, sent: 0.03, again: [2500], answered: null }], {
    lasts: 5000,
    endBecause: 'timer',
    outcome: 'timeout',
  });

/** Its A is not in the capture. */
const muslHalf = (scenario: Scenario): Scenario =>
  scenario.ask([{ type: AAAA, again: [2500], answered: null }], {
    lasts: 5000,
    endBecause: 'timer',
    outcome: 'timeout',
  });

ruleTester(rule, {
  finds: [
    {
      name: 'glibc waits 15 s for AAAA and succeeds',
      lookups: glibcMissing(glibcMissing(glibcMissing(new Scenario()))).lookups,
      reports: [
        {
          message: 'unanswered',
          says: /^10\.96\.0\.10 never answers AAAA: 3 of 3 lookups waited 15 s; the other family is answered$/,
          count: 3,
          confidence: 'possible',
          cost: [14.99, 15],
          errors: 0,
          fixes: [/make 10\.96\.0\.10 answer AAAA/, /no-aaaa/, /AF_INET/],
          settings: [/returns the other after its last try/],
        },
      ],
    },
    {
      name: 'musl fails, and knows no option against it',
      lookups: muslMissing(muslMissing(muslMissing(muslMissing(muslMissing(new Scenario({ resolver: 'musl' }))))))
        .lookups,
      reports: [
        { count: 5, confidence: 'likely', errors: 5, noFixes: [/no-aaaa/], settings: [/one family unanswered fails/] },
      ],
    },
    {
      name: 'AAAA is refused each time',
      lookups: new Scenario().ask([{}, refusedAaaa]).ask([{}, refusedAaaa]).ask([{}, refusedAaaa]).lookups,
      reports: [{ message: 'refused', count: 3, confidence: 'certain', errors: 0 }],
    },
    {
      name: 'musl takes SERVFAIL for silence, waits its 5 s and fails: the cost is all of it',
      lookups: Array.from({ length: 3 }).reduce<Scenario>(
        (scenario) =>
          scenario.ask(
            [
              {},
              {
                type: AAAA,
                sent: 0.03,
                earlier: [
                  { at: 0.5, rcode: 2 },
                  { at: 1.2, rcode: 2 },
                ],
                again: [0.6, 2500],
                answered: 2500.5,
                rcode: 2,
                records: 0,
              },
            ],
            { lasts: 5000, endBecause: 'timer', outcome: 'servfail' },
          ),
        new Scenario({ resolver: 'musl' }),
      ).lookups,
      reports: [{ message: 'refused', says: /3 of 3 lookups waited 5 s, 3 failed/, errors: 3, cost: [4.99, 5] }],
    },
    {
      name: 'one name only, while AAAA of others is answered',
      lookups: ((): Scenario => {
        const scenario = new Scenario().pair(5);
        for (let index = 0; index < 3; index++) glibcMissing(scenario, 'broken.example.test').pair(5);
        return scenario;
      })().lookups,
      reports: [{ count: 3, of: 23 }],
    },
    {
      name: 'A is missing: no option helps',
      lookups: Array.from({ length: 3 }).reduce<Scenario>(
        (scenario) =>
          scenario.ask(
            [
              { again: [5000], answered: null },
              { type: AAAA, sent: 0.03 },
            ],
            {
              lasts: 10_000,
              endBecause: 'timer',
            },
          ),
        new Scenario({ resolver: 'go' }),
      ).lookups,
      reports: [{ says: /never answers A:/, noFixes: [/no-aaaa/, /LookupIP/] }],
    },
    {
      name: 'a lookup whose A the capture lacks misses its AAAA, too',
      lookups: muslHalf(muslMissing(muslMissing(muslMissing(new Scenario({ resolver: 'musl' }))))).lookups,
      reports: [{ message: 'unanswered', count: 4 }],
    },
    {
      name: 'AAAA alone, again and again: who asks for it alone has the other family',
      lookups: muslHalf(muslHalf(muslHalf(new Scenario({ resolver: 'musl' })))).lookups,
      reports: [
        { message: 'alone', says: /never answers AAAA: .*; the other family is not in the capture$/, count: 3 },
      ],
    },
    {
      name: 'glibc’s last question for AAAA is missing: it had asked in vain before',
      lookups: glibcMissing(glibcMissing(new Scenario())).ask(
        [
          { earlier: [{ at: 0.4, rcode: 0 }], again: [5000], answered: 5000.4 },
          { type: AAAA, sent: 0.03, again: [5000.5], answered: null },
          { port: 7001, sent: 10_000, answered: 10_000.4 },
        ],
        { lasts: 10_000.4, endBecause: 'captureEnd', outcome: 'incomplete' },
      ).lookups,
      inputs: [inputOf({ endsAt: atMs(90_000) })],
      reports: [{ count: 3 }],
    },
  ],
  clear: [
    {
      name: 'two of AAAA alone are too few',
      lookups: muslHalf(muslHalf(new Scenario({ resolver: 'musl' }).ask([{}]))).lookups,
    },
    { name: 'healthy', lookups: new Scenario().pair(9).lookups, says: /A was answered 9 times, AAAA 9 times/ },
    { name: 'one lost packet', lookups: new Scenario().pair(9).lostSecond().pair(9).lookups },
    {
      name: 'two lookups are too few',
      lookups: glibcMissing(glibcMissing(new Scenario())).lookups,
      says: /^AAAA was not answered in 2 lookups.*too few/,
    },
    {
      name: 'the race, again and again: the resend is answered',
      lookups: new Scenario().pair(9).lostSecond(9).lookups,
    },
    {
      name: 'given up each time, yet answered for other lookups of the name',
      lookups: ((): Scenario => {
        const scenario = new Scenario({ resolver: 'c-ares', detail: '≥1.33' });
        for (let index = 0; index < 5; index++) {
          scenario.ask([{}, { type: AAAA, sent: 0.03, answered: null }], { lasts: 2000, endBecause: 'timer' }).pair(3);
        }
        return scenario;
      })().lookups,
    },
    { name: 'no records are an answer', lookups: new Scenario().pair(5).lookups },
    {
      name: 'only A is asked for',
      lookups: new Scenario().ask([{}]).ask([{}]).ask([{}]).lookups,
      says: /^only A was asked for, and answered 3 times$/,
    },
    {
      name: 'refused twice only',
      lookups: new Scenario().ask([{}, refusedAaaa]).ask([{}, refusedAaaa]).pair(3).lookups,
    },
    {
      name: 'NXDOMAIN for one and NODATA for the other is the name, not the family',
      lookups: new Scenario().ask([{ type: A }, { type: AAAA, sent: 0.03, rcode: 3, records: 0 }]).lookups,
    },
  ],
  unobservable: [
    { name: 'nothing is answered', lookups: new Scenario().silent(4).lookups, why: /of either family/ },
    {
      name: 'nobody asks for an address',
      lookups: new Scenario().ask([{ type: RR_TYPE.PTR }]).lookups,
      why: /no lookup asks for an address/,
    },
    {
      name: 'one direction only',
      lookups: new Scenario().ask([{ answered: null }], { lasts: 5000, endBecause: 'timer' }).lookups,
      why: /one direction/,
    },
  ],
});
