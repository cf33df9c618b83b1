import { at, milliseconds } from '../base/time.ts';
import { RR_TYPE, type Lookup } from '../model/lookup.ts';
import { connectionOf } from '../model/testing/rows.ts';
import rule from './dns-dead-server.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Scenario } from './support/testing/scenario.ts';

const { AAAA } = RR_TYPE;
/** A client goes on though nothing of its server is seen. */
const half = connectionOf({ packets: { client: 5, server: 0 }, bytes: { client: 300, server: 0 } });
const SECOND = '10.96.0.11';

/** glibc with two servers: the first never answers, the second does. */
const failOver = (scenario: Scenario): Scenario =>
  scenario.ask([
    { answered: null },
    { type: AAAA, sent: 0.03, answered: null },
    { server: SECOND, port: 999, sent: 5000, answered: 5000.4 },
    { server: SECOND, port: 999, type: AAAA, sent: 5000.03, answered: 5000.5, records: 0 },
  ]);

/** A port whose queries all go to the dead one, then another port. */
const deadFlow = (scenario: Scenario, port: number): Scenario =>
  scenario.ask([
    { port, again: [2000], answered: null },
    { port, type: AAAA, sent: 0.03, again: [2000.1], answered: null },
    { port: port + 1, sent: 6000, answered: 6000.4 },
    { port: port + 1, type: AAAA, sent: 6000.03, answered: 6000.5, records: 0 },
  ]);

/** A node drops what goes to the dead one before its flow is tracked, so the next is drawn anew. */
const drawnAnew = (scenario: Scenario): Scenario => scenario.lostFirst().pair(2).lostBoth().pair(2);

/** musl asks both servers at once; the one answers. */
const askBoth = (scenario: Scenario, count: number): Scenario => {
  for (let index = 0; index < count; index++) {
    scenario.ask([
      { server: SECOND, answered: null },
      { server: SECOND, type: AAAA, sent: 0.02, answered: null },
      { sent: 0.04 },
      { type: AAAA, sent: 0.06, records: 0 },
    ]);
  }
  return scenario;
};

/** Ports that all get nothing, one after the other. */
const deadFlows = (scenario: Scenario, count: number): Scenario => {
  for (let index = 0; index < count; index++) deadFlow(scenario, 50_000 + 2 * index);
  return scenario;
};

/** Nothing of its caller is seen after the queries, up to the end of the capture. */
const openEnded = (scenario: Scenario): Scenario =>
  scenario.ask(
    [
      { again: [2000], answered: null },
      { type: AAAA, sent: 0.03, again: [2000.1], answered: null },
    ],
    {
      lasts: 4000,
      outcome: 'incomplete',
      endBecause: 'captureEnd',
      answers: [],
    },
  );

/** Go: each query from a port of its own, and a new one for the retry. */
const goLoses = (scenario: Scenario, whole: number): Scenario =>
  scenario.apart(whole).ask([
    { port: 1, answered: 0.4 },
    { type: AAAA, port: 2, sent: 0.05, answered: null },
    { type: AAAA, port: 3, sent: 5000, answered: null },
    { type: AAAA, port: 4, sent: 10_000, answered: 10_000.4 },
  ]);

const [ALIVE_POD, DEAD_POD] = ['10.244.2.53', '10.244.3.53'];

/** The same as a node sees it: where each query went behind the DNAT. */
const onNode = (scenario: Scenario, count: number, heardOfDead = false): Scenario => {
  for (let index = 0; index < count; index++) {
    scenario
      .ask([
        { backend: ALIVE_POD, behindDnat: 'both' },
        { type: AAAA, sent: 0.03, backend: ALIVE_POD, behindDnat: 'both' },
      ])
      .ask([
        { port: 1, answered: null, backend: DEAD_POD, behindDnat: 'both' },
        { port: 1, type: AAAA, sent: 0.03, answered: null, backend: DEAD_POD, behindDnat: 'both' },
        { port: 2, sent: 1000, answered: 1000.4, backend: ALIVE_POD, behindDnat: 'both' },
        { port: 2, type: AAAA, sent: 1000.1, answered: 1000.5, backend: ALIVE_POD, behindDnat: 'both' },
      ]);
    if (heardOfDead) scenario.ask([{ backend: DEAD_POD, behindDnat: 'both' }]);
  }
  return scenario;
};

/** A channel's one port, on which it is answered. */
const onItsPort = (scenario: Scenario): Scenario => scenario.ask([{ port: 7 }, { type: AAAA, sent: 0.03, port: 7 }]);

/** All from port 7, asked again once, in vain. */
function pinnedTo(count: number, scenario: Scenario): Scenario {
  for (let index = 0; index < count; index++) {
    scenario.ask(
      [
        { port: 7, again: [5000], answered: null },
        { type: AAAA, port: 7, sent: 0.03, again: [5000.1], answered: null },
      ],
      { lasts: 10_000, outcome: 'timeout', endBecause: 'timer', answers: [] },
    );
  }
  return scenario;
}

/** One of many lookups asks so often from port 7, and gets no answer; so many others ask between its tries. */
function triedInVain(tries: number, { beside }: { beside: number }): Lookup[] {
  const again = [5000, 15_000, 35_000].slice(0, tries - 1);
  const before = new Scenario({ resolver: 'c-ares' }).pair(12);
  const { startedAt } = before.lookups.at(-1) as Lookup;
  const meanwhile = Array.from({ length: beside }, (_, index) => ({
    ...(before.lookups[0] as Lookup),
    startedAt: at(startedAt + milliseconds(100 + index)),
    attempts: (before.lookups[0] as Lookup).attempts.map((attempt) => ({
      ...attempt,
      clientPort: 50_000 + index,
      sentAt: at(startedAt + milliseconds(100 + index)),
      repliedAt: at(startedAt + milliseconds(101 + index)),
    })),
  }));
  const { lookups } = before.ask(
    [
      { port: 7, again, answered: null },
      { type: AAAA, port: 7, sent: 0.03, again, answered: null },
    ],
    { lasts: 75_000, outcome: 'timeout', endBecause: 'timer', answers: [] },
  );
  return [...lookups, ...meanwhile, ...before.pair(3).lookups.slice(-3)];
}

/** Asks each of so many servers once; ICMP says that nobody listens. */
const scan = (count: number, scenario: Scenario): Scenario => {
  for (let index = 0; index < count; index++) {
    const server = `10.0.0.${index + 1}`;
    scenario.ask([{ answered: null, unreachable: 0.2, server }], { lasts: 0.3, outcome: 'timeout' });
  }
  return scenario;
};

ruleTester(rule, {
  finds: [
    {
      name: 'asked beside another: it costs nothing',
      lookups: askBoth(new Scenario({ resolver: 'musl' }), 6).lookups,
      reports: [
        {
          message: 'asked',
          says: /^10\.96\.0\.11 never answers \(12 queries of 6 lookups\); nobody waits/,
          subject: SECOND,
          count: 6,
          confidence: 'certain',
          cost: [0, 0],
          onlyInfo: true,
        },
      ],
    },
    {
      name: 'a node shows which one behind the address is dead',
      lookups: onNode(new Scenario(), 5).lookups,
      reports: [
        {
          message: 'seenBackend',
          says: /^10\.244\.3\.53, one of 2 behind 10\.96\.0\.10, never answers \(10 queries\): 5 of 10 lookups waited 1 s$/,
          subject: DEAD_POD,
          confidence: 'certain',
          because: /10 queries went to 10\.244\.3\.53, none was answered; 20 of 20/,
          fixes: [/out of the Service/],
        },
      ],
    },
    {
      name: 'each query from its own port: half of them lost is more than a path loses',
      lookups: [0, 1, 0, 1, 0, 0].reduce(goLoses, new Scenario({ resolver: 'go' }).apart(1)).apart(1).lookups,
      reports: [{ message: 'backend', count: 6, confidence: 'possible', because: /12 of 32 ports.*look the same/ }],
    },
    {
      name: 'one lookup, and nothing shows that the capture has answers at all',
      lookups: new Scenario().silent().lookups,
      reports: [
        {
          message: 'unheard',
          says: /^10\.96\.0\.10 never answers, unless the capture has one direction only: 1 of 1 lookup waited 10 s for it \(4 queries\)$/,
          confidence: 'possible',
        },
      ],
    },
    {
      name: 'one lookup that asks two servers in turns',
      lookups: new Scenario().ask(
        [
          { answered: null },
          { server: SECOND, port: 1, sent: 1000, answered: null },
          { port: 2, sent: 3000, answered: null },
        ],
        { outcome: 'timeout', endBecause: 'timer', lasts: 5000 },
      ).lookups,
      reports: [
        {
          message: 'noneHeard',
          says: /^no server answers \(10\.96\.0\.10, 10\.96\.0\.11\), unless the capture has one direction only: 1 of 1 lookup waited 5 s for them$/,
          confidence: 'possible',
        },
      ],
    },
    {
      name: 'one lookup, where a connection shows both directions',
      lookups: new Scenario().silent().lookups,
      connections: [connectionOf({ packets: { client: 4, server: 4 } })],
      reports: [{ message: 'dead', says: /^10\.96\.0\.10 never answers \(4 queries\)/ }],
    },
    {
      name: 'the only server is dead',
      lookups: new Scenario().silent(3).lookups,
      reports: [
        {
          message: 'dead',
          says: /^10\.96\.0\.10 never answers \(12 queries\): 3 of 3 lookups waited 10 s for it$/,
          count: 3,
          confidence: 'likely',
          errors: 3,
          fixes: [/repair the server/, /timeout:1/],
          noFixes: [/rotate/],
        },
      ],
    },
    {
      name: 'one lookup, four queries: possible',
      lookups: new Scenario().silent().lookups,
      reports: [{ count: 1, confidence: 'possible', because: /not one of 4/ }],
    },
    {
      name: 'the first of two servers is dead',
      lookups: failOver(failOver(failOver(failOver(failOver(new Scenario()))))).lookups,
      reports: [
        {
          subject: '10.96.0.10',
          count: 5,
          of: 5,
          confidence: 'certain',
          because: /another server answers/,
          cost: [4.99, 5.001],
          errors: 0,
          fixes: [/rotate/],
        },
      ],
    },
    {
      name: 'two of three are dead: one finding, and both are named',
      lookups: [1, 2, 3].reduce(
        (scenario) =>
          scenario.ask([
            { answered: null },
            { type: AAAA, sent: 0.03, answered: null },
            { server: '10.96.0.12', port: 998, sent: 5000, answered: null },
            { server: '10.96.0.12', port: 998, type: AAAA, sent: 5000.03, answered: null },
            { server: SECOND, port: 999, sent: 8000, answered: 8000.4 },
            { server: SECOND, port: 999, type: AAAA, sent: 8000.03, answered: 8000.5, records: 0 },
          ]),
        new Scenario(),
      ).lookups,
      reports: [
        {
          subject: '10.96.0.10',
          count: 3,
          cost: [7.99, 8.001],
          settings: [/10\.96\.0\.10 .*0 of 6/, /10\.96\.0\.12 .*0 of 6/],
        },
      ],
    },
    {
      name: 'nobody listens',
      lookups: new Scenario().ask(
        [
          { answered: null, unreachable: 0.2 },
          { type: AAAA, sent: 0.03, answered: null, unreachable: 0.3 },
        ],
        { lasts: 0.4, outcome: 'timeout' },
      ).lookups,
      reports: [{ message: 'closed', count: 1, confidence: 'certain', errors: 1, evidence: [/ICMP/] }],
    },
    {
      name: 'one back end behind the address: ports lose everything, others nothing',
      lookups: deadFlow(deadFlow(deadFlow(new Scenario().pair(9), 101).pair(9), 201).pair(9), 301).pair(9).lookups,
      reports: [
        {
          message: 'backend',
          says: /^one server behind 10\.96\.0\.10 never answers: 3 of 39/,
          count: 3,
          confidence: 'likely',
          because: /3 of 42 lost every query, the others none/,
          fixes: [/out of the Service/],
        },
      ],
    },
    {
      name: 'a server that is as silent as all others: what is sent to them is sent again',
      lookups: new Scenario().silent(6).lookups,
      connections: [{ ...half, retransmissions: { client: 4, server: 0 } }],
      reports: [{ message: 'dead', count: 6 }],
    },
    {
      name: 'a channel that keeps its one port was given a dead server',
      lookups: pinnedTo(9, new Scenario({ resolver: 'c-ares' }).pair(3)).lookups,
      reports: [
        { message: 'backend', count: 9, confidence: 'possible', because: /36 queries .* left from one port, 7/ },
      ],
    },
    {
      name: 'one lookup alone that was given a dead server, while others are answered',
      lookups: triedInVain(4, { beside: 3 }),
      reports: [
        { message: 'backend', count: 1, confidence: 'possible', because: /8 queries .* from one port, 7.* meanwhile/ },
      ],
    },
    {
      name: 'the same where the next query is drawn anew',
      lookups: drawnAnew(drawnAnew(drawnAnew(new Scenario().pair(9)))).lookups,
      reports: [{ message: 'backend', count: 6, of: 27, because: /answered too/ }],
    },
    {
      name: 'a scan: each of many asked once, and nobody listens there',
      lookups: scan(20, new Scenario().pair(20)).lookups,
      reports: Array.from({ length: 8 }, () => ({ message: 'closed', onlyInfo: true })),
    },
    {
      name: 'as many as a resolv.conf may have',
      lookups: scan(3, new Scenario().pair(20)).lookups,
      reports: Array.from({ length: 3 }, () => ({ message: 'closed', onlyInfo: false })),
    },
  ],
  clear: [
    {
      name: 'asked beside another, too little to tell',
      lookups: askBoth(new Scenario({ resolver: 'musl' }), 2).lookups,
      says: /^of 2 servers 1 did not answer, but was asked too little to tell \(4 of 8 queries answered\)$/,
    },
    {
      name: 'each query from its own port, three in ten lost',
      lookups: [2, 2, 2, 2, 2, 2].reduce(goLoses, new Scenario({ resolver: 'go' })).lookups,
    },
    { name: 'a back end that answers now and then', lookups: onNode(new Scenario(), 2, true).lookups },
    {
      name: 'a channel whose port was answered before, and again',
      lookups: onItsPort(pinnedTo(9, onItsPort(new Scenario({ resolver: 'c-ares' })))).lookups,
    },
    { name: 'the same where nobody asks meanwhile: all may be out', lookups: triedInVain(4, { beside: 0 }) },
    { name: 'two tries of both families: packets get lost', lookups: triedInVain(2, { beside: 3 }) },
    { name: 'healthy', lookups: new Scenario().pair(20).lookups, says: /1 server, 40 of 40 queries/ },
    { name: 'the race', lookups: new Scenario().pair(20).lostSecond(6).lookups },
    {
      name: 'random loss, which also hits what follows an answer',
      lookups: drawnAnew(drawnAnew(drawnAnew(new Scenario().pair(9)))).lostSecond(3).lookups,
    },
    { name: 'whole pairs that the resend finds answered', lookups: new Scenario().pair(9).lostBoth(6).pair(9).lookups },
    { name: 'firsts only', lookups: new Scenario().pair(9).lostFirst(6).pair(9).lookups },
    { name: 'an outage of everything', lookups: new Scenario().pair(20).silent(4).pair(20).lookups },
    {
      name: 'the same, of whose lookups some have no end: those are heard last, whenever they were lost',
      lookups: openEnded(openEnded(deadFlows(new Scenario().pair(60), 4).pair(60))).lookups,
    },
    {
      name: 'late answers',
      lookups: new Scenario().ask([{ again: [5000], answered: 6500 }]).ask([{ again: [5000], answered: 6500 }]).lookups,
    },
    {
      name: 'SERVFAIL is an answer',
      lookups: new Scenario().ask([{ rcode: 2, records: 0 }], { outcome: 'servfail' }).lookups,
    },
  ],
  unobservable: [
    {
      name: 'one direction only',
      lookups: new Scenario().ask([{ answered: null }, { type: AAAA, sent: 0.03, answered: null }], {
        lasts: 5000,
        endBecause: 'timer',
      }).lookups,
      why: /one direction/,
    },
    {
      name: 'one direction only, as the connections show: the same was looked up again',
      lookups: new Scenario().silent(6).lookups,
      connections: [half],
      why: /one direction/,
    },
  ],
});
