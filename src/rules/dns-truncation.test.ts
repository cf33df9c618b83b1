import { RR_TYPE } from '../model/lookup.ts';
import { DNS_PROTOCOL, type Connection } from '../model/connection.ts';
import { atMs, connectionOf } from '../model/testing/rows.ts';
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

/** To the name server, never opened. */
const inVain = (parts: Partial<Connection> = {}): Connection =>
  connectionOf({ server: '10.96.0.10', serverPort: 53, protocol: DNS_PROTOCOL, synAcks: [], exchanges: 0, ...parts });

const kept = new Scenario().ask([{ truncated: true }]).lookups;

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
      name: 'an answer over TCP that is not there when the capture ends: what is left of the capture is no cost of it',
      lookups: new Scenario().pair(5).ask(
        [
          { answered: 0.5, truncated: true, records: 0 },
          { port: 8001, transport: 'tcp', sent: 1.5, answered: null },
        ],
        { lasts: 1040, endBecause: 'captureEnd', outcome: 'incomplete', durationIsLowerBound: true },
      ).lookups,
      reports: [{ message: 'truncated', count: 1, cost: [0.0009, 0.0011] }],
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
      lookups: kept,
      reports: [{ message: 'kept', count: 1, cost: [0, 0] }],
    },
    {
      name: 'a server that refuses TCP: the caller gets an error',
      lookups: kept,
      connections: [inVain({ ending: 'refused' })],
      reports: [
        {
          message: 'refused',
          says: /^1 of 1 lookup got an answer too big for UDP, and 10\.96\.0\.10 refuses/,
          errors: 1,
          fixes: [/let TCP through/],
          settings: [/refused/],
          evidence: [/truncated/, /refused/],
        },
      ],
    },
    {
      name: 'one that does not answer there',
      lookups: kept,
      connections: [inVain({ syns: [0, 1000, 2000].map((ms) => ({ at: atMs(ms), packet: ms + 9 })) })],
      reports: [{ message: 'unheard', says: /does not answer over TCP: 2 s and more/, errors: 1 }],
    },
    {
      name: 'no refusal where another connection opened, the capture ended with the only SYN, or it went elsewhere',
      lookups: kept,
      connections: [
        inVain({ ending: 'refused' }),
        inVain({ synAcks: [{ at: atMs(1), packet: 9 }] }),
        inVain({ server: '10.96.0.11' }),
        inVain({ server: '10.96.0.12', ending: 'refused' }),
      ],
      reports: [{ message: 'kept', errors: 0 }],
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
