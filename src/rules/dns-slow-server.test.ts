import { RR_TYPE, type Lookup } from '../model/lookup.ts';
import rule from './dns-slow-server.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Scenario } from './support/testing/scenario.ts';

const { A, AAAA } = RR_TYPE;

/** A pair whose slower half takes so many milliseconds. */
const slow = (scenario: Scenario, answered: number, count = 1): Scenario => {
  for (let index = 0; index < count; index++) {
    scenario.ask([{ answered: 0.6 }, { type: AAAA, sent: 0.03, answered, records: 0 }]);
  }
  return scenario;
};

/** A server that asks others: of 200 slower answers ten take 60 ms and more, five 86 ms, three more than 100 ms. */
const recursion = (scenario: Scenario): Scenario =>
  [...Array.from({ length: 190 }, () => 8), 60, 64, 70, 74, 80, 86, 96, 104, 112, 130].reduce(
    (all, answered) => slow(all.pair(), answered),
    scenario,
  );

/** Among a hundred, these take so long. */
const farNames = (names: readonly string[], answered: number): Lookup[] =>
  names.reduce((all, name) => all.ask([{ answered, records: 0 }], { name }).pair(100 / names.length), new Scenario())
    .lookups;

/** At the same times. */
const threeClients = (asks: (scenario: Scenario) => Scenario): Lookup[] =>
  ['10.0.3.7', '10.0.3.8', '10.0.3.9'].flatMap((client) => asks(new Scenario({ client })).lookups);

interface Hop {
  client: string;
  server: string;
  /** When it begins and ends within what the pod waits for. */
  from?: number;
  until?: number | null;
  names?: readonly string[];
  type?: number;
}

/** Of what a pod asks, three names wait 300 ms; each hop asks for these in turn. */
const forwarded = (
  pod: string,
  asked: string,
  hops: readonly Hop[],
  asks = ['a.test', 'b.test', 'c.test'],
  askedType: number = A,
): Lookup[] =>
  [{ client: pod, server: asked, from: 0, until: 300, names: asks, type: askedType }, ...hops]
    .flatMap(({ client, server, from = 2, until = 298, names = ['a.test', 'b.test', 'c.test'], type = A }: Hop) => {
      const scenario = new Scenario({ client, server });
      for (const name of names) {
        const answered = until ?? 600;
        scenario.ask([{ name, type, sent: from, answered: until, ...(until === null ? { again: [answered] } : {}) }], {
          name,
          lasts: 300,
        });
      }
      return scenario.pair(40).lookups;
    })
    .toSorted((one, other) => one.startedAt - other.startedAt);

ruleTester(rule, {
  finds: [
    {
      name: 'the resend is answered at once, the first query later still',
      lookups: [1, 2, 3].reduce(
        (scenario) => scenario.ask([{ again: [5000], answered: 5000.4, late: [5300] }]).pair(5),
        new Scenario(),
      ).lookups,
      reports: [
        {
          message: 'late',
          says: /3 of 18 lookups waited 5 s, and asked again before the answer came$/,
          count: 3,
          confidence: 'certain',
          cost: [4.999, 5],
          evidence: [/answered only after 5\.3 s/, /asked again, \+5 s: answered/],
        },
      ],
    },
    {
      name: 'a proxy in the pod, to which its questions are redirected, is what waits',
      lookups: new Scenario()
        .ask([{ answered: 300, backend: '127.0.0.1' }])
        .ask([{ answered: 300, backend: '127.0.0.1' }])
        .ask([{ answered: 300, backend: '127.0.0.1' }])
        .pair(27).lookups,
      reports: [
        {
          message: 'proxied',
          says: /^the DNS proxy in the pod answers late in the place of 10\.96\.0\.10: 3 of 30 lookups waited/,
          fixes: [/what the DNS proxy in the pod waits for/],
          noFixes: [/NodeLocal/],
        },
      ],
    },
    {
      name: 'the server, which most waited for behind the proxy',
      lookups: new Scenario()
        .ask([{ answered: 300 }])
        .ask([{ answered: 300, backend: '10.0.9.9' }])
        .ask([{ answered: 300, backend: '127.0.0.1' }])
        .pair(27).lookups,
      reports: [{ message: 'slow', count: 3, subject: '10.96.0.10' }],
    },
    {
      name: 'who a server asks in turn is named, and what the pod waited for is told once',
      lookups: forwarded('10.0.3.7', '10.0.0.53', [{ client: '10.0.0.53', server: '10.1.1.1' }]),
      reports: [
        {
          message: 'upstream',
          says: /^10\.1\.1\.1, which 10\.0\.0\.53 asks in turn, keeps its answers waiting: 3 of 43 lookups waited 29\d ms/,
          subject: '10.1.1.1',
          fixes: [/what the server waits for/],
        },
      ],
    },
    {
      name: 'two pods ask a cache on the node for the same at a time: the other’s question is none of the cache’s own',
      lookups: forwarded('10.0.3.7', '169.254.20.10', [
        { client: '10.0.3.8', server: '169.254.20.10', from: 4, until: 296 },
        { client: '192.168.0.2', server: '10.0.0.53' },
      ]),
      reports: [{ message: 'upstream', subject: '10.0.0.53', says: /which 169\.254\.20\.10 asks in turn/ }],
    },
    {
      name: 'three of them, and the cache asks for each: none is left out',
      lookups: forwarded('10.0.3.7', '169.254.20.10', [
        { client: '10.0.3.8', server: '169.254.20.10', from: 4, until: 296 },
        { client: '10.0.3.9', server: '169.254.20.10', from: 8, until: 292 },
        { client: '192.168.0.2', server: '10.0.0.53' },
        { client: '192.168.0.2', server: '10.0.0.53', from: 6, until: 294 },
        { client: '192.168.0.2', server: '10.0.0.53', from: 10, until: 290 },
      ]),
      reports: [{ message: 'upstream', subject: '10.0.0.53', says: /which 169\.254\.20\.10 asks in turn/ }],
    },
    {
      name: 'a cache on the node asks from the node’s address, and whom that asks is the last',
      lookups: forwarded('10.0.3.7', '169.254.20.10', [
        { client: '192.168.0.2', server: '10.0.0.53' },
        { client: '10.0.0.53', server: '10.1.1.1', from: 4, until: 296 },
      ]),
      reports: [{ message: 'upstream', subject: '10.1.1.1', says: /which 169\.254\.20\.10 asks in turn/ }],
    },
    {
      name: 'a server with DNS64 asks for the IPv4 address in turn',
      lookups: forwarded('10.0.3.7', '10.0.0.53', [{ client: '10.0.0.53', server: '10.1.1.1' }], undefined, AAAA),
      reports: [{ message: 'upstream', subject: '10.1.1.1', says: /which 10\.0\.0\.53 asks in turn/ }],
    },
    {
      name: 'somebody else asks for the IPv4 address meanwhile',
      lookups: forwarded('10.0.3.7', '10.0.0.53', [{ client: '10.0.3.8', server: '10.1.1.1' }], undefined, AAAA),
      reports: ['10.0.0.53', '10.1.1.1'].map((subject) => ({ message: 'slow', subject })),
    },
    {
      name: 'the server asks for an IPv6 address while it is asked for an IPv4 one',
      lookups: forwarded('10.0.3.7', '10.0.0.53', [{ client: '10.0.0.53', server: '10.1.1.1', type: AAAA }]),
      reports: ['10.0.0.53', '10.1.1.1'].map((subject) => ({ message: 'slow', subject })),
    },
    {
      name: 'whom it asked in turn had a small part of it',
      lookups: forwarded('10.0.3.7', '10.0.0.53', [{ client: '10.0.0.53', server: '10.1.1.1', from: 190 }]),
      reports: [
        { message: 'slow', subject: '10.0.0.53' },
        { message: 'slow', subject: '10.1.1.1' },
      ],
    },
    {
      name: 'another pod asks another server for the same two names at the same time',
      lookups: forwarded(
        '10.0.3.7',
        '10.0.0.53',
        [{ client: '10.0.3.8', server: '10.1.1.1', names: ['a.test', 'b.test', 'a.test'] }],
        ['a.test', 'b.test', 'a.test'],
      ),
      reports: [
        { message: 'slow', subject: '10.0.0.53' },
        { message: 'slow', subject: '10.1.1.1' },
      ],
    },
    {
      name: 'one late answer among lost queries: the second asking may have been held up',
      lookups: new Scenario({ resolver: 'musl' })
        .pair(20)
        .lostSecond(3)
        .ask([{}, { type: AAAA, sent: 0.03, again: [2500], answered: 2790, records: 0 }]).lookups,
      reports: [{ message: 'late', count: 1, onlyInfo: true }],
    },
    {
      name: 'two late answers beside one lost query',
      lookups: [1, 2]
        .reduce(
          (scenario) => scenario.ask([{}, { type: AAAA, sent: 0.03, again: [2500], answered: 2790, records: 0 }]),
          new Scenario({ resolver: 'musl' }).pair(20),
        )
        .lostSecond(1).lookups,
      reports: [{ message: 'late', count: 2, onlyInfo: false }],
    },
    {
      name: 'some answers far above the others',
      lookups: slow(new Scenario().pair(60), 300, 4).pair(20).lookups,
      reports: [
        {
          message: 'slow',
          says: /^10\.96\.0\.10 answers late: 4 of 84 lookups waited 300 ms \(usual answers take 480 µs\)$/,
          count: 4,
          of: 84,
          confidence: 'certain',
          cost: [0.295, 0.3],
          evidence: [/AAAA .*only after 300 ms/],
          onlyInfo: false,
        },
      ],
    },
    {
      name: 'all answers are slow',
      lookups: new Scenario().pair(12, 400).lookups,
      reports: [{ message: 'steady', count: 12, cost: [0.39, 0.4] }],
    },
    {
      name: 'answers that come after the question was asked again',
      lookups: new Scenario({ resolver: 'musl' }).ask([
        { again: [2500], answered: 2700 },
        { type: AAAA, sent: 0.03, again: [2500.1], answered: 2700.1 },
      ]).lookups,
      reports: [
        {
          message: 'late',
          count: 1,
          confidence: 'likely',
          cost: [2.69, 2.71],
          evidence: [/answered only after 2\.7 s/],
        },
      ],
    },
    {
      name: "CoreDNS's own waits are named",
      lookups: slow(slow(new Scenario().pair(40), 2003, 3), 6010, 2).pair(5).lookups,
      reports: [{ count: 5, settings: [/2 s for each try/], onlyInfo: false }],
    },
    {
      name: 'a warmed c-ares channel that asks again after 250 ms: the answer was on its way',
      lookups: new Scenario({ resolver: 'c-ares', detail: '≥1.33' }).pair(30).ask([
        { again: [250], answered: 300 },
        { type: AAAA, sent: 0.03 },
      ]).lookups,
      reports: [{ count: 1, confidence: 'likely' }],
    },
    {
      name: 'SERVFAIL after two seconds is late as well',
      lookups: new Scenario()
        .pair(20)
        .ask([{ answered: 2001, rcode: 2, records: 0 }], { outcome: 'servfail' })
        .pair(3).lookups,
      reports: [{ count: 1 }],
    },
    {
      name: 'one answer of 120 ms among fast ones is worth a word and no more',
      lookups: slow(new Scenario().pair(4), 120).pair(4).lookups,
      reports: [{ count: 1, onlyInfo: true }],
    },
    {
      name: 'a few far names among many: their times have a heavy tail',
      lookups: recursion(new Scenario()).lookups,
      reports: [{ message: 'slow', count: 3, onlyInfo: true }],
    },
    {
      name: 'answers that stand apart from those of far names',
      lookups: slow(recursion(new Scenario()), 2003, 9).lookups,
      reports: [{ message: 'slow', count: 12, onlyInfo: false, settings: [/2 s for each try/] }],
    },
    {
      name: 'four far names, each asked for once: a cache fills',
      lookups: farNames(['a.test', 'b.test', 'c.test', 'd.test'], 240),
      reports: [{ message: 'slow', count: 4, onlyInfo: true }],
    },
    {
      name: 'the same, and one of them waits again',
      lookups: farNames(['a.test', 'b.test', 'c.test', 'a.test'], 240),
      reports: [{ message: 'slow', count: 4, onlyInfo: false }],
    },
    {
      name: 'the same for half a second',
      lookups: farNames(['a.test', 'b.test', 'c.test', 'd.test'], 540),
      reports: [{ message: 'slow', count: 4, onlyInfo: false }],
    },
    {
      name: 'ten of a hundred: that is no cache that fills',
      lookups: farNames([...'abcdefghij'], 240),
      reports: [{ message: 'slow', count: 10, onlyInfo: false }],
    },
    {
      name: 'three clients that wait for one moment of a server',
      lookups: threeClients((scenario) => slow(scenario.pair(20), 138).pair(4)),
      reports: [{ message: 'slow', count: 3, onlyInfo: true }],
    },
    {
      name: 'three clients that wait for two moments of a server',
      lookups: threeClients((scenario) => slow(scenario.pair(20), 138, 2).pair(4)),
      reports: [{ message: 'slow', count: 6, onlyInfo: false }],
    },
    {
      name: 'a moment of half a second',
      lookups: threeClients((scenario) => slow(scenario.pair(20), 538).pair(4)),
      reports: [{ message: 'slow', count: 3, onlyInfo: false }],
    },
    {
      name: 'one answer just after the resolver’s timer: the resend may be missing from the capture',
      lookups: slow(new Scenario().pair(20), 5001).pair(20).lookups,
      reports: [{ count: 1, onlyInfo: true }],
    },
    {
      name: 'one just after the wait that other lookups show',
      lookups: slow(new Scenario({ resolver: 'unknown' }).pair(20).lostSecond(2, 1300), 1301).pair(20).lookups,
      reports: [{ count: 1, onlyInfo: true }],
    },
    {
      name: 'one between two timers is the server’s',
      lookups: slow(new Scenario().pair(20).lostSecond(2), 3700).pair(20).lookups,
      reports: [{ count: 1, onlyInfo: false }],
    },
    {
      name: 'several answers at the timer, never asked again: nobody misses that many',
      lookups: slow(new Scenario().pair(20), 5001, 3).pair(20).lookups,
      reports: [{ count: 3, onlyInfo: false }],
    },
    {
      name: 'the first lookups of a capture fill caches',
      lookups: slow(new Scenario(), 600, 1).pair(40).lookups,
      reports: [{ count: 1, onlyInfo: true }],
    },
  ],
  clear: [
    {
      name: 'musl, which takes SERVFAIL for silence: each answer came at once',
      lookups: Array.from({ length: 6 }).reduce<Scenario>(
        (scenario) =>
          scenario.ask(
            [
              {
                earlier: [
                  { at: 0.4, rcode: 2 },
                  { at: 0.9, rcode: 2 },
                ],
                again: [0.5, 2500],
                answered: 2500.4,
                rcode: 2,
                records: 0,
              },
            ],
            { lasts: 5000, outcome: 'timeout', endBecause: 'timer' },
          ),
        new Scenario({ resolver: 'musl' }),
      ).lookups,
    },
    { name: 'healthy', lookups: new Scenario().pair(50).lookups, says: /slowest of 100 answers took 470 µs/ },
    { name: 'recursion of 20 to 40 ms', lookups: slow(new Scenario().pair(9), 40, 20).lookups },
    { name: 'lost and resent', lookups: new Scenario().pair(30).lostSecond(3).lostFirst(2).lookups },
    { name: 'waiting for a lost twin', lookups: new Scenario().pair(30).lostSecond(6).lookups },
    {
      name: 'far names at 150 ms where 60 are usual',
      lookups: slow(new Scenario().pair(30, 60), 150, 5).lookups,
    },
    { name: 'one far server, once', lookups: new Scenario().ask([{ answered: 123 }]).lookups },
    {
      name: 'a family that is refused after a while is that family',
      lookups: new Scenario()
        .pair(9)
        .ask([{}, { type: AAAA, sent: 0.03, answered: 130, rcode: 5, records: 0 }])
        .pair(3).lookups,
    },
  ],
  unobservable: [
    { name: 'never answered', lookups: new Scenario().silent(3).lookups, why: /no query got an answer/ },
    {
      name: 'one direction only',
      lookups: new Scenario().ask([{ answered: null }], { lasts: 5000, endBecause: 'timer' }).lookups,
      why: /one direction/,
    },
  ],
});
