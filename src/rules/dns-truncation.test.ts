import { RR_TYPE } from '../model/lookup.ts';
import rule from './dns-truncation.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Scenario } from './support/testing/scenario.ts';

const { AAAA } = RR_TYPE;

const truncated = (scenario: Scenario, count = 1): Scenario => {
  for (let index = 0; index < count; index++) {
    scenario.ask([
      { answered: 0.5, truncated: true, records: 0 },
      { type: AAAA, sent: 0.03, answered: 0.6, truncated: true, records: 0 },
      { port: 8000, transport: 'tcp', sent: 1.5, answered: 8.5 },
      { port: 8000, transport: 'tcp', type: AAAA, sent: 1.6, answered: 8.6 },
    ]);
  }
  return scenario;
};

ruleTester(rule, {
  finds: [
    {
      name: 'each answer again over TCP, connecting included, both families at once',
      lookups: truncated(new Scenario(), 5).pair(5).lookups,
      reports: [
        {
          message: 'truncated',
          says: /^5 of 10 lookups got an answer too big for UDP and asked again over TCP, 8\.1 ms more/,
          count: 5,
          of: 10,
          cost: [0.008, 0.0082],
          fixes: [/edns0/],
          settings: [/512 bytes/],
          evidence: [/truncated \(TC\)/, /asked again over TCP/],
        },
      ],
    },
    {
      name: 'both families over TCP where one answer was cut: the caller waits for both',
      lookups: new Scenario()
        .ask([
          { answered: 0.5, truncated: true, records: 0 },
          { type: AAAA, sent: 0.03, answered: 0.6, records: 0 },
          { port: 8000, transport: 'tcp', sent: 1.5, answered: 8.5 },
          { port: 8000, transport: 'tcp', type: AAAA, sent: 1.6, answered: 20.5, records: 0 },
        ])
        .pair(5).lookups,
      reports: [{ count: 1, cost: [0.0199, 0.0201] }],
    },
    {
      name: 'a habit: most of many lookups',
      lookups: truncated(new Scenario(), 20).pair(5).lookups,
      reports: [{ count: 20, of: 25, habit: true }],
    },
    { name: 'a few of many', lookups: truncated(new Scenario(), 5).pair(20).lookups, reports: [{ habit: false }] },
    {
      name: 'musl has no EDNS to turn on',
      lookups: truncated(new Scenario({ resolver: 'musl' })).lookups,
      reports: [{ noFixes: [/edns0/], fixes: [/smaller/] }],
    },
    {
      name: 'a resolver that makes do with what is there',
      lookups: new Scenario().ask([{ truncated: true }]).lookups,
      reports: [{ message: 'kept', count: 1, cost: [0, 0] }],
    },
    {
      name: 'TCP that is never answered costs until the caller gives up',
      lookups: new Scenario().ask(
        [
          { answered: 1, truncated: true, records: 0 },
          { transport: 'tcp', port: 8000, sent: 2, answered: null },
        ],
        { lasts: 5001, outcome: 'timeout', endBecause: 'timer' },
      ).lookups,
      reports: [{ cost: [4.99, 5.001] }],
    },
  ],
  clear: [
    { name: 'healthy', lookups: new Scenario().pair(9).lookups, says: /18 answers/ },
    {
      name: 'use-vc begins on TCP',
      lookups: new Scenario().ask([{ transport: 'tcp' }, { transport: 'tcp', type: AAAA, sent: 0.1 }]).lookups,
    },
    {
      name: 'a flag on TCP means nothing',
      lookups: new Scenario().ask([{ transport: 'tcp', truncated: true }]).lookups,
    },
  ],
});
