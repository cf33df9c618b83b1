import { RR_TYPE } from '../model/lookup.ts';
import { createDamage } from '../model/input.ts';
import { atMs, inputOf } from '../model/testing/rows.ts';
import rule from './dns-race.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Scenario, together } from './support/testing/scenario.ts';
import { grpc, lostInWalk } from './support/testing/walks.ts';

const { AAAA } = RR_TYPE;

/** glibc by then asks one after the other on one port; a quick answer to A is there before AAAA leaves. */
const quickSecond = (scenario: Scenario, wait: number): Scenario =>
  scenario.ask([
    { answered: 0.6 },
    {
      type: AAAA,
      sent: 0.8,
      ...(wait > 0 ? { again: [wait] } : {}),
      answered: wait + 1.5,
      records: 0,
    },
  ]);

const lossySecond = { type: AAAA, sent: 0.03, answered: null } as const;

ruleTester(rule, {
  finds: [
    {
      name: 'seconds that were lost before the capture, and are seen as musl sends them again',
      lookups: new Scenario({ resolver: 'musl' }).pair(20).unseenSecond(6).pair(4).lookups,
      reports: [
        {
          count: 6,
          of: 30,
          cost: [2.499, 2.5],
          confidence: 'likely',
          because: /6 lost queries are not in the capture/,
          evidence: [/same port: not in the capture/],
        },
      ],
    },
    {
      name: 'one of them is worth knowing, no more: the capture itself may lack packets',
      lookups: new Scenario({ resolver: 'musl' }).pair(20).unseenSecond().lookups,
      reports: [{ count: 1, onlyInfo: true, confidence: 'possible', because: /1 lost query is not in the capture/ }],
    },
    {
      name: 'sent again from another port, where its client sends pairs from one (Node)',
      lookups: new Scenario({ resolver: 'node' }).pair(20).unseenSecond(6, 3000, 50_000).lookups,
      reports: [{ count: 6, confidence: 'likely' }],
    },
    {
      name: 'five seconds lost: one in thirty-two by chance',
      lookups: new Scenario().pair(40).lostSecond(5).pair(40).lookups,
      reports: [
        {
          says: /^5 of 85 lookups waited 5 s for a lost answer: the second of two queries from one port$/,
          count: 5,
          of: 85,
          confidence: 'likely',
          because: /5 of 85 second queries of a pair are lost, and 0 of 95 other queries .*1 in 43/,
          cost: [4.999, 5.001],
          subject: '10.0.3.7',
          fixes: [/single-request-reopen.*"options"/, /use-vc/, /NodeLocal/, /5\.6/],
          settings: [/glibc .*one socket/, /kube-proxy .*before 5\.6/, /wait before asking again 5 s/],
          evidence: [/^A .*same port: answered/, /^AAAA .*no answer/, /asked again, \+5 s/],
          errors: 0,
        },
      ],
    },
    {
      name: 'seconds of any stage of a walk on one port',
      lookups: [0, 1, 2, 1, 2].reduce(lostInWalk, new Scenario({ resolver: 'c-ares', detail: '≤1.21' }).pair(20))
        .lookups,
      reports: [
        { count: 5, of: 25, confidence: 'likely', because: /5 of 35 second queries of a pair are lost, and 0 of 40/ },
      ],
    },
    {
      name: 'a quick answer before the twin left, in threads that ask one by one',
      lookups: quickSecond(
        quickSecond(quickSecond(quickSecond(new Scenario().pair(9).lostSecond(4), 0), 5000), 0),
        5000,
      ).lookups,
      reports: [{ count: 6, of: 17, confidence: 'likely' }],
    },
    {
      name: 'a twin that left 11 ms later on a busy machine, the first still outstanding',
      lookups: new Scenario({ resolver: 'c-ares', detail: '≥1.33' })
        .pair(20)
        .ask([{ answered: 15 }, { ...lossySecond, sent: 11.5 }], { lasts: 2000, endBecause: 'timer' }).lookups,
      reports: [{ count: 1, confidence: 'possible' }],
    },
    {
      name: 'the capture ends before anybody asks again: a lower bound',
      lookups: ((): Scenario => {
        const scenario = new Scenario({ resolver: 'unknown' }).pair(20);
        for (let index = 0; index < 5; index++) {
          scenario.ask([{}, lossySecond], {
            lasts: 250,
            endBecause: 'captureEnd',
            outcome: 'incomplete',
            durationIsLowerBound: true,
          });
        }
        return scenario;
      })().lookups,
      reports: [{ says: /^5 of 25 lookups waited at least 250 ms/, count: 5, confidence: 'likely', errors: 0 }],
    },
    {
      name: 'one loss proves little',
      lookups: new Scenario().pair(10).lostSecond().lookups,
      reports: [{ count: 1, of: 11, confidence: 'possible', because: /any lost packet/ }],
    },
    {
      name: 'four of four are still possible',
      lookups: new Scenario().pair(10).lostSecond(4).lookups,
      reports: [{ count: 4, confidence: 'possible', because: /1 in 44/ }],
    },
    {
      name: 'gRPC: the second is the A query, and only native and the option together help',
      lookups: grpc.lookups,
      reports: [
        {
          count: 1,
          confidence: 'possible',
          // From the lost query to its resend, less the 27 ms that the other family's walk took.
          cost: [5.972, 5.974],
          fixes: [/GRPC_DNS_RESOLVER=native together with single-request-reopen.*"native"/, /NodeLocal/],
          noFixes: [/^single-request-reopen/, /^use-vc/],
          settings: [/gRPC \(c-ares\) .*AAAA and A/, /wait before asking again 6 s/],
        },
      ],
    },
    {
      name: 'musl asks again for the missing one after 2.5 s, and ignores the option',
      lookups: new Scenario({ resolver: 'musl' })
        .pair(30)
        .ask([{}, { type: AAAA, sent: 0.03, again: [2500], answered: 2500.4 }])
        .pair(3).lookups,
      reports: [
        { count: 1, cost: [2.499, 2.501], fixes: [/NodeLocal/, /kernel/], noFixes: [/single-request/, /use-vc/] },
      ],
    },
    {
      name: 'c-ares from 1.20 gives the AAAA up and ends by its timer',
      lookups: new Scenario({ resolver: 'c-ares', detail: '≥1.33' })
        .pair(30)
        .ask([{}, lossySecond], { lasts: 2000, endBecause: 'timer' })
        .pair(3).lookups,
      reports: [{ count: 1, cost: [1.998, 2.001], noFixes: [/single-request/, /GRPC/] }],
    },
    {
      name: 'a musl answer that came before the twin left does not unmake the pair',
      lookups: new Scenario({ resolver: 'musl' })
        .pair(20)
        .ask([{ answered: 0.05 }, { type: AAAA, sent: 0.2, again: [2500], answered: 2500.4 }]).lookups,
      reports: [{ count: 1 }],
    },
    {
      name: 'nor where the process was stopped for some milliseconds in between: musl waits for no answer',
      lookups: new Scenario({ resolver: 'musl' })
        .pair(20)
        .ask([{ answered: 0.3 }, { type: AAAA, sent: 4.1, again: [2504], answered: 2504.4 }]).lookups,
      reports: [{ count: 1 }],
    },
    {
      name: 'seconds stand out clearly beside one lost first',
      lookups: new Scenario().pair(60).lostSecond(6).lostFirst().pair(20).lostSecond(6).lookups,
      reports: [
        {
          count: 12,
          of: 93,
          confidence: 'likely',
          because: /12 of 92 second queries of a pair are lost, and 1 of 119/,
        },
      ],
    },
    {
      name: 'one stray takes no more than one in a hundred would',
      lookups: new Scenario().pair(60).lostSecond(9).lostFirst().lookups,
      reports: [{ count: 9, confidence: 'likely', because: /9 of 69 second queries of a pair are lost, and 1 of/ }],
    },
    {
      name: 'six seconds beside a first that nobody asked again: the capture may lack its answer',
      lookups: new Scenario({ resolver: 'c-ares', detail: '≥1.33' })
        .pair(40)
        .lostSecond(6, 2000)
        .ask([{ answered: null }, { type: AAAA, sent: 0.03 }], { lasts: 2000, endBecause: 'timer' })
        .pair(9).lookups,
      reports: [{ count: 6, confidence: 'possible', because: /1 of \d+ other queries, of which the capture may lack/ }],
    },
    {
      name: 'six seconds beside the only query of all that has no twin: it may be a second, too',
      lookups: new Scenario()
        .pair(40)
        .lostSecond(6)
        .ask([{ again: [5000], answered: 5000.4 }])
        .pair(9).lookups,
      reports: [{ count: 6, confidence: 'possible' }],
    },
    {
      name: 'AAAA alone: its A is not in the capture, and its place not known',
      lookups: new Scenario()
        .pair(20)
        .lostSecond(3)
        .ask([{ type: AAAA, again: [5000], answered: 5000.4, records: 0 }]).lookups,
      reports: [{ count: 3, confidence: 'possible' }],
    },
    {
      name: 'a node saw the query before the DNAT and never behind it',
      lookups: new Scenario({ resolver: 'c-ares', detail: '≥1.33' })
        .pair(9)
        .ask([{ behindDnat: 'both' }, { ...lossySecond, behindDnat: 'before' }], { lasts: 2000, endBecause: 'timer' })
        .lookups,
      reports: [{ count: 1, confidence: 'likely', because: /before the DNAT/ }],
    },
    {
      name: 'a node that saw five of them',
      lookups: Array.from({ length: 5 }).reduce(
        (scenario: Scenario) =>
          scenario.ask([{ behindDnat: 'both' }, { ...lossySecond, behindDnat: 'before' }], {
            lasts: 2000,
            endBecause: 'timer',
          }),
        new Scenario({ resolver: 'c-ares', detail: '≥1.33' }).pair(9),
      ).lookups,
      reports: [{ count: 5, confidence: 'certain', because: /before the DNAT/ }],
    },
    {
      name: 'a node: what was lost behind the DNAT is no evidence against the race before it',
      lookups: ((): Scenario => {
        const scenario = new Scenario({ resolver: 'c-ares', detail: '≥1.33' }).pair(9);
        for (let index = 0; index < 3; index++) {
          scenario
            .ask([{ behindDnat: 'both' }, { ...lossySecond, behindDnat: 'before' }], {
              lasts: 2000,
              endBecause: 'timer',
            })
            .ask([
              { behindDnat: 'both', again: [2000], answered: 2000.4 },
              { type: AAAA, sent: 0.03, behindDnat: 'both' },
            ]);
        }
        return scenario;
      })().lookups,
      reports: [{ count: 3, of: 15, confidence: 'likely', because: /3 of 3 lost queries/ }],
    },
    {
      name: 'a capture that lost packets itself',
      lookups: new Scenario().pair(20).lostSecond(6).lookups,
      inputs: [inputOf({ damage: { ...createDamage(), droppedByCapture: 12 } })],
      reports: [{ confidence: 'possible', because: /capture itself lacks 12/ }],
    },
    {
      name: 'two clients are two findings',
      lookups: together(
        new Scenario({ client: '10.0.3.7' }).pair(10).lostSecond(3),
        new Scenario({ client: '10.0.3.8', resolver: 'musl' }).pair(20).lostSecond(2, 2500),
      ),
      reports: [
        { subject: '10.0.3.7', count: 3, of: 13, confidence: 'likely', fixes: [/single-request-reopen/] },
        { subject: '10.0.3.8', count: 2, of: 22, noFixes: [/single-request/] },
      ],
    },
    {
      name: 'many clients are one finding of their server',
      lookups: together(
        ...Array.from({ length: 9 }, (_, index) => new Scenario({ client: `10.0.3.${index}` }).pair(5).lostSecond()),
      ),
      reports: [{ subject: '10.96.0.10', count: 9, of: 54, confidence: 'likely' }],
    },
  ],
  clear: [
    {
      name: 'seconds that come at no resolver’s timer: they were asked for then',
      lookups: new Scenario({ resolver: 'musl' }).pair(20).unseenSecond(6, 1700).pair(4).lookups,
    },
    {
      name: 'firsts that are not in the capture as often as seconds: loss before it',
      lookups: new Scenario({ resolver: 'musl' }).pair(20).unseenSecond(4).unseenFirst(4).pair(4).lookups,
    },
    {
      name: 'each family from its own port, as Go asks: no pair of one flow',
      lookups: new Scenario({ resolver: 'go' }).apart(20).unseenSecond(6, 5000, 50_000).apart(4).lookups,
    },
    {
      name: 'glibc that asks one by one, and whose answers are lost behind the capture',
      lookups: new Scenario().pair(20).unreceived(3, 5000, ['A', 'AAAA']).unseenSecond(5, 5000).lookups,
    },
    {
      name: 'seconds after an answer that took long: one by one, whose flow is known',
      lookups: new Scenario().pair(20).lostLone(6).lookups,
    },
    {
      name: 'twelve seconds and four firsts: loss first, by chance 1 in 50',
      lookups: new Scenario().pair(60).lostSecond(12).lostFirst(4).pair(20).lookups,
    },
    {
      name: 'six seconds and two firsts that nobody asked again: no capture lacks two answers of so few',
      lookups: new Scenario({ resolver: 'c-ares', detail: '≥1.33' })
        .pair(40)
        .lostSecond(6, 2000)
        .ask([{ answered: null }, { type: AAAA, sent: 0.03 }], { lasts: 2000, endBecause: 'timer' })
        .pair(9)
        .ask([{ answered: null }, { type: AAAA, sent: 0.03 }], { lasts: 2000, endBecause: 'timer' }).lookups,
    },
    {
      name: 'six seconds and a lone query, where others are lone, too',
      lookups: new Scenario()
        .pair(40)
        .lostSecond(6)
        .ask([{ again: [5000], answered: 5000.4 }])
        .ask([{}]).lookups,
    },
    {
      name: 'one second whose answer never came, beside three that came late',
      lookups: [1, 2, 3]
        .reduce(
          (scenario) => scenario.ask([{}, { type: AAAA, sent: 0.03, again: [5000], answered: 5700 }]),
          new Scenario().pair(20),
        )
        .lostSecond().lookups,
    },
    { name: 'healthy pairs', lookups: new Scenario().pair(50).lookups, says: /50 pairs, 0 of 100 queries unanswered/ },
    { name: 'the first of a pair is lost', lookups: new Scenario().pair(20).lostFirst(5).lookups },
    { name: 'both are lost', lookups: new Scenario().pair(20).lostBoth(5).lookups },
    { name: 'a lone query is lost', lookups: new Scenario().pair(20).lostLone(5).lookups },
    {
      name: 'losses of all kinds',
      lookups: new Scenario().pair(20).lostSecond(3).lostFirst(2).lostBoth().lostLone(2).lookups,
    },
    {
      name: 'more seconds than firsts, but not clearly so, among many lone queries that came through',
      lookups: ((): Scenario => {
        const scenario = new Scenario().pair(60).lostSecond(12).lostFirst(6);
        for (let index = 0; index < 300; index++) scenario.ask([{}]);
        return scenario;
      })().lookups,
    },
    {
      name: 'seconds only of pairs, but lone queries are lost as often',
      lookups: new Scenario().pair(40).lostSecond(8).lostLone(8).lookups,
    },
    { name: 'one second and one first', lookups: new Scenario().pair(20).lostSecond().lostFirst().lookups },
    {
      name: 'a late answer that did come',
      lookups: new Scenario().pair(20).ask([{}, { type: AAAA, sent: 0.03, again: [5000], answered: 5700 }]).lookups,
    },
    {
      name: 'queries on different ports',
      lookups: new Scenario({ resolver: 'go' }).apart(20).ask([
        { port: 1, answered: 0.4 },
        { type: AAAA, port: 2, sent: 0.05, answered: null },
        { type: AAAA, port: 3, sent: 5000, answered: 5000.4 },
      ]).lookups,
      says: /no lookup sent A and AAAA at once from one port \(21 lookups\)/,
    },
    {
      name: 'one by one on one port: the first answer is there, so the flow is known',
      lookups: new Scenario().pair(20).lostLone().lookups,
    },
    {
      name: 'the query was seen behind the DNAT: the server lost it',
      lookups: new Scenario({ resolver: 'c-ares', detail: '≥1.33' })
        .pair(9)
        .ask([{ behindDnat: 'both' }, { ...lossySecond, behindDnat: 'both' }], { lasts: 2000, endBecause: 'timer' })
        .lookups,
    },
    {
      name: 'Netty keeps its port, whose flow is long known',
      lookups: new Scenario({ resolver: 'netty' })
        .ask([{ answered: 0.02 }, { type: AAAA, sent: 0.03, answered: null }], { lasts: 5000, endBecause: 'timer' })
        .pair(5).lookups,
    },
    {
      name: 'a twin that the end of the capture cut off',
      lookups: new Scenario()
        .pair(5)
        .ask([{}, lossySecond], { lasts: 300, endBecause: 'captureEnd', outcome: 'incomplete' }).lookups,
      inputs: [inputOf({ endsAt: atMs(600) })],
    },
    { name: 'no pairs at all', lookups: new Scenario().ask([{}]).ask([{ type: AAAA }]).lookups, says: /2 lookups/ },
  ],
  unobservable: [
    {
      name: 'queries only, and nobody asks again',
      lookups: new Scenario()
        .ask([{ answered: null }, lossySecond], { lasts: 10_000, endBecause: 'timer', outcome: 'timeout' })
        .ask([{ answered: null }, lossySecond], { lasts: 10_000, endBecause: 'timer', outcome: 'timeout' }).lookups,
      why: /one direction/,
    },
  ],
});
