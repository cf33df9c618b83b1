import { at, seconds } from '../base/time.ts';
import { createDamage } from '../model/input.ts';
import { RR_TYPE, type Lookup } from '../model/lookup.ts';
import { inputOf } from '../model/testing/rows.ts';
import rule from './dns-loss.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { stillWaiting } from './support/testing/still-waiting.ts';
import { Scenario } from './support/testing/scenario.ts';

const { AAAA } = RR_TYPE;

/** Answers that come after the question was asked again, then one that never came. */
const besideLate = (count: number): Lookup[] =>
  Array.from({ length: count })
    .reduce<Scenario>((scenario) => scenario.ask([{ again: [2500], answered: 3300 }]), new Scenario().pair(30))
    .lostFirst()
    .pair(9).lookups;

ruleTester(rule, {
  finds: [
    {
      name: 'firsts and seconds that were lost before the capture',
      lookups: new Scenario({ resolver: 'musl' }).pair(20).unseenSecond(4).unseenFirst(4).pair(4).lookups,
      reports: [{ count: 8, confidence: 'likely', because: /8 lost queries are not in the capture/ }],
    },
    {
      name: 'Go’s, each from its own port',
      lookups: new Scenario({ resolver: 'go' }).apart(40).unseenSecond(6, 5000, 50_000).lookups,
      reports: [{ count: 6, confidence: 'likely', because: /6 lost queries are not in the capture/ }],
    },
    {
      name: 'answers that came by and did not arrive',
      lookups: new Scenario({ resolver: 'musl' }).pair(20).unreceived(6, 2500, ['AAAA']).pair(4).lookups,
      reports: [
        {
          message: 'behind',
          says: /^6 of 30 lookups waited 2\.5 s for answers that came by: 6 of 66 queries to 10\.96\.0\.10 asked again all the same$/,
          cost: [2.499, 2.5],
          confidence: 'likely',
          because: /6 answers came by/,
          fixes: [/find where answers go/],
        },
      ],
    },
    {
      name: 'the same of glibc, which asks for both families again',
      lookups: new Scenario().pair(20).unreceived(2, 5000, ['A', 'AAAA']).lookups,
      reports: [{ message: 'behind', count: 2, cost: [4.999, 5], confidence: 'possible' }],
    },
    {
      name: 'some lost before the capture, and some behind it',
      lookups: new Scenario({ resolver: 'musl' }).pair(20).unreceived(3).lostBoth(3, 2500).lookups,
      reports: [{ message: 'lost', count: 6, says: /9 of \d+ queries/ }],
    },
    {
      name: 'answers that did not arrive, and one lookup that asks for the second family only when the first is there',
      lookups: new Scenario().pair(20).unreceived(6, 5000, ['A', 'AAAA']).unseenSecond(1, 5000).pair(4).lookups,
      reports: [
        { message: 'behind', count: 7, says: /12 of \d+ queries/, confidence: 'likely', because: /^12 answers/ },
      ],
    },
    {
      name: 'answers that did not arrive, and one query beside them that was lost before the capture or is all that it lacks',
      lookups: new Scenario({ resolver: 'musl' }).pair(20).unreceived(6).lostFirst(1, 2500).pair(4).lookups,
      reports: [{ message: 'behind', count: 7, says: /7 of \d+ queries/, confidence: 'likely' }],
    },
    {
      name: 'two queries beside them',
      lookups: new Scenario({ resolver: 'musl' }).pair(20).unreceived(6).lostFirst(2, 2500).pair(4).lookups,
      reports: [{ message: 'lost', count: 8, says: /10 of \d+ queries/ }],
    },
    {
      name: 'more that the capture does not show than answers that did not arrive',
      lookups: new Scenario({ resolver: 'musl' }).pair(20).unreceived(2).unseenSecond(3).unseenFirst(3).pair(4).lookups,
      reports: [
        { message: 'lost', count: 8, says: /8 of \d+ queries/, because: /6 lost queries are not in the capture/ },
      ],
    },
    {
      name: 'one beside three late answers: it may be later still, and is worth knowing, no more',
      lookups: besideLate(3),
      reports: [{ count: 1, onlyInfo: true }],
    },
    {
      name: 'one beside a late answer or two is lost all the same',
      lookups: besideLate(2),
      reports: [{ count: 1, onlyInfo: false }],
    },
    {
      name: 'several that have waited for longer than answers take, and nobody has asked again yet',
      lookups: new Scenario().pair(9).lookups.concat(stillWaiting(6, 4.7)),
      inputs: [inputOf({ endsAt: at(seconds(14)) })],
      reports: [
        {
          message: 'open',
          says: /^6 of 15 lookups waited at least 4\.7 s, until the capture ended, for answers that had not come: 6 of 24 queries/,
          confidence: 'possible',
          onlyInfo: false,
        },
      ],
    },
    {
      name: 'one that was asked again proves no more than itself of those that are open',
      lookups: new Scenario().pair(9).lostFirst().lookups.concat(stillWaiting(5, 4.7)),
      inputs: [inputOf({ endsAt: at(seconds(14)) })],
      reports: [{ message: 'lost', count: 6, confidence: 'possible' }],
    },
    {
      name: 'one that nobody waited for: the other family came late, too',
      lookups: new Scenario({ resolver: 'go' }).apart(30).ask([
        { port: 50_001, answered: null },
        { port: 50_002, type: AAAA, sent: 0.05, answered: 5500 },
        { port: 50_003, sent: 5000, answered: 5001 },
        { port: 50_004, type: AAAA, sent: 5000.1, answered: 5001.1 },
      ]).lookups,
      reports: [{ cost: [0, 0.001], onlyInfo: true }],
    },
    {
      name: 'four of them, and answers came since: the capture itself may lack these',
      lookups: [
        ...new Scenario().pair(9).lookups,
        ...stillWaiting(4, 4.7),
        ...new Scenario().ask([{}], { id: '0.since', startedAt: at(seconds(12)) }).lookups,
      ],
      inputs: [inputOf({ endsAt: at(seconds(14)) })],
      reports: [{ message: 'open', count: 4, onlyInfo: true }],
    },
    {
      name: 'the living server’s one answer that the capture lacks, beside a dead one',
      lookups: new Scenario()
        .ask([
          { server: '10.96.0.11', answered: null },
          { server: '10.96.0.10', sent: 1000, answered: 1000.4 },
        ])
        .ask(
          [
            { server: '10.96.0.11', answered: null },
            { server: '10.96.0.10', sent: 1000, answered: null },
          ],
          { lasts: 6000, endBecause: 'captureEnd', outcome: 'incomplete', durationIsLowerBound: true },
        ).lookups,
      inputs: [inputOf({ endsAt: at(seconds(7.05)) })],
      reports: [{ count: 1, onlyInfo: true }],
    },
    {
      name: 'one stray beside many that a race lost is worth knowing, no more',
      lookups: new Scenario().pair(60).lostSecond(12).lostFirst().pair(20).lookups,
      reports: [{ count: 1, onlyInfo: true }],
    },
    {
      name: 'many beside a race are a finding of their own',
      lookups: new Scenario().pair(200).lostSecond(40).lostFirst(6).pair(20).lookups,
      reports: [{ count: 6, onlyInfo: false }],
    },
    {
      name: 'many that nobody has asked again when the capture ends: their answers may still come',
      lookups: new Scenario().pair(9).lostFirst().lookups.concat(stillWaiting(6)),
      inputs: [inputOf({ endsAt: at(seconds(14)) })],
      reports: [{ count: 7, onlyInfo: false }],
    },
    {
      name: 'the same without one who did',
      lookups: new Scenario().pair(9).lookups.concat(stillWaiting(6)),
      inputs: [inputOf({ endsAt: at(seconds(14)) })],
      reports: [{ count: 6, onlyInfo: true }],
    },
    {
      name: 'losses of all kinds are one finding, those of seconds with them',
      lookups: new Scenario().pair(20).lostSecond(3).lostFirst(2).pair(5).lostBoth().lostLone(2).lookups,
      reports: [
        {
          says: /^8 of 33 lookups waited 5 s .* 9 of \d+ queries to 10\.96\.0\.10 lost$/,
          count: 8,
          of: 33,
          confidence: 'likely',
          because: /2 first of a pair, 3 second of a pair, 1 whole pair, 2 lone queries/,
          fixes: [/overloaded or throttled CoreDNS/, /NodeLocal/, /timeout:1/],
        },
      ],
    },
    {
      name: 'ports that asked four times each and got nothing: a dead server is as likely',
      lookups: new Scenario().pair(1).silent(2).lookups,
      reports: [{ count: 2, confidence: 'possible', because: /8 of 10 queries .*one dead server behind/ }],
    },
    {
      name: 'Go loses three in ten: a dead server behind the address is as good a guess',
      lookups: ((): Scenario => {
        const scenario = new Scenario({ resolver: 'go' });
        for (let index = 0; index < 12; index++) {
          scenario.ask([
            { port: 1, answered: 0.4 },
            { type: AAAA, port: 2, sent: 0.05, answered: null },
            { type: AAAA, port: 3, sent: 5000, answered: 5000.4 },
          ]);
          if (index % 2 === 0) scenario.apart(1);
        }
        return scenario;
      })().lookups,
      reports: [{ count: 12, of: 18, confidence: 'possible', because: /12 of 48 .* would look the same/ }],
    },
    {
      name: 'Go loses one in nine: a dead server behind the address would look the same, and is named',
      lookups: ((): Scenario => {
        const scenario = new Scenario({ resolver: 'go' });
        for (let index = 0; index < 6; index++) {
          scenario.apart(3).ask([
            { port: 1, answered: 0.4 },
            { type: AAAA, port: 2, sent: 0.05, answered: null },
            { type: AAAA, port: 3, sent: 5000, answered: 5000.4 },
          ]);
        }
        return scenario;
      })().lookups,
      reports: [
        {
          count: 6,
          of: 24,
          confidence: 'likely',
          because: /one dead server behind the address would look the same/,
          fixes: [/one of the servers behind the address never answers/],
        },
      ],
    },
    {
      name: 'one first of a pair',
      lookups: new Scenario().pair(20).lostFirst().lookups,
      reports: [{ count: 1, confidence: 'possible', cost: [4.999, 5.001], evidence: [/no answer/, /asked again/] }],
    },
    {
      name: 'one query that nobody asks again before the capture ends: the capture may lack its answer',
      lookups: new Scenario()
        .pair(9)
        .ask([{ answered: null }], { lasts: 3000, endBecause: 'captureEnd', durationIsLowerBound: true }).lookups,
      inputs: [inputOf({ endsAt: at(seconds(4)) })],
      reports: [{ count: 1, onlyInfo: true }],
    },
    {
      name: 'one query that is asked again, and again in vain',
      lookups: new Scenario().pair(9).ask([{ again: [5000], answered: null }], {
        lasts: 7000,
        endBecause: 'captureEnd',
        durationIsLowerBound: true,
      }).lookups,
      inputs: [inputOf({ endsAt: at(seconds(8)) })],
      reports: [{ count: 1, onlyInfo: false }],
    },
    {
      name: 'firsts of pairs only, again and again: a dead back end would take whole flows too',
      lookups: new Scenario({ resolver: 'c-ares', detail: '≤1.21' })
        .pair(10)
        .ask([
          { again: [5000], answered: 5000.4 },
          { type: AAAA, sent: 0.03 },
        ])
        .pair()
        .ask([
          { again: [5000], answered: 5000.4 },
          { type: AAAA, sent: 0.03 },
        ])
        .pair()
        .ask([
          { again: [5000], answered: 5000.4 },
          { type: AAAA, sent: 0.03 },
        ])
        .pair()
        .ask([
          { again: [5000], answered: 5000.4 },
          { type: AAAA, sent: 0.03 },
        ])
        .pair()
        .ask([
          { again: [5000], answered: 5000.4 },
          { type: AAAA, sent: 0.03 },
        ]).lookups,
      reports: [{ count: 5, of: 19, confidence: 'likely' }],
    },
    {
      name: "Go's queries, each on its own port",
      lookups: new Scenario({ resolver: 'go' })
        .apart(20)
        .ask([
          { port: 1, answered: 0.4 },
          { type: AAAA, port: 2, sent: 0.05, answered: null },
          { type: AAAA, port: 3, sent: 5000, answered: 5000.4 },
        ])
        .apart(5).lookups,
      reports: [{ count: 1, of: 26, cost: [4.99, 5.001] }],
    },
    {
      name: 'waits that overlap count once',
      lookups: new Scenario().pair(5).lostBoth().lookups,
      reports: [{ count: 1, cost: [4.99, 5.001] }],
    },
    {
      name: 'a lookup that failed tells its error',
      lookups: new Scenario().pair(9).silent().lookups,
      reports: [{ count: 1, errors: 1, cost: [9.99, 10] }],
    },
    {
      name: 'an outage takes every query of its time, and no one port more than another',
      lookups: new Scenario().pair(20).silent(3).pair(20).lookups,
      reports: [{ count: 3, of: 43 }],
    },
    {
      name: 'musl reads no timeout per try, so none is offered',
      lookups: new Scenario({ resolver: 'musl' }).pair(5).lostFirst(2, 2500).lookups,
      reports: [{ count: 2, cost: [2.499, 2.501], noFixes: [/timeout/] }],
    },
    {
      name: 'one family in two lookups is still loss, with the suspicion told',
      lookups: new Scenario()
        .ask([{}, { type: AAAA, sent: 0.03, again: [5000], answered: null }], { lasts: 10_000, endBecause: 'timer' })
        .ask([{}, { type: AAAA, sent: 0.03, again: [5000], answered: null }], { lasts: 10_000, endBecause: 'timer' })
        .lookups,
      reports: [{ count: 2, because: /all of one family, AAAA/ }],
    },
    {
      name: 'a capture that lost packets itself',
      lookups: new Scenario().pair(9).lostFirst(3).lostLone(3).lookups,
      inputs: [inputOf({ damage: { ...createDamage(), droppedByCapture: 3 } })],
      reports: [{ confidence: 'possible', because: /itself lacks 3/ }],
    },
  ],
  clear: [
    {
      name: 'a port and an id that are asked from again and again: a prober',
      lookups: new Scenario({ resolver: 'unknown' }).pair(9).ask([
        {
          again: [1000, 2000, 3000, 4000],
          earlier: [0.4, 1000.4, 2000.4, 3000.4].map((time) => ({ at: time, rcode: 0 })),
          answered: 4000.4,
        },
      ]).lookups,
    },
    {
      name: 'asked again at no timer of a resolver',
      lookups: new Scenario({ resolver: 'unknown' }).pair(9).unreceived(3, 1700).lookups,
    },
    {
      name: 'healthy',
      lookups: new Scenario().pair(50).lookups,
      says: /^no query was lost \(100 queries, all answered\)$/,
    },
    {
      name: 'the race',
      lookups: new Scenario().pair(40).lostSecond(6).lookups,
      says: /6 of 104 queries unanswered, for other reasons/,
    },
    {
      name: 'packets picked by hand: nobody asked again, though the capture goes on beyond every timer',
      lookups: new Scenario({ resolver: 'unknown' })
        .ask([{ answered: 30 }])
        .ask([{ answered: null }], { lasts: 250, endBecause: 'captureEnd' }).lookups,
      inputs: [inputOf({ endsAt: at(seconds(400)) })],
    },
    { name: 'a dead server', lookups: new Scenario().silent(3).lookups },
    {
      name: 'late answers',
      lookups: new Scenario().pair(5).ask([{ again: [5000], answered: 6000 }], { lasts: 6000 }).lookups,
    },
    {
      name: 'errors answered and asked again at once',
      lookups: new Scenario()
        .pair(5)
        .ask([{ earlier: [{ at: 0.4, rcode: 2 }], again: [0.45], answered: 0.8, rcode: 2 }], { outcome: 'servfail' })
        .lookups,
    },
    {
      name: 'a family that is never answered',
      lookups: new Scenario()
        .ask([{}, { type: AAAA, sent: 0.03, again: [5000], answered: null }], { lasts: 10_000, endBecause: 'timer' })
        .ask([{}, { type: AAAA, sent: 0.03, again: [5000], answered: null }], { lasts: 10_000, endBecause: 'timer' })
        .ask([{}, { type: AAAA, sent: 0.03, again: [5000], answered: null }], { lasts: 10_000, endBecause: 'timer' })
        .lookups,
    },
    {
      name: 'a second server of musl that was asked at once and not needed',
      lookups: new Scenario({ resolver: 'musl' }).ask([
        {},
        { server: '10.96.0.11', sent: 0.01, answered: null },
        { type: AAAA, sent: 0.03 },
        { type: AAAA, server: '10.96.0.11', sent: 0.04, answered: null },
      ]).lookups,
    },
  ],
  unobservable: [
    {
      name: 'one family of some, both of the others: c-ares leaves it at that when the other one is lost',
      lookups: new Scenario({ resolver: 'c-ares' }).pair(12).ask([{}]).ask([{}]).ask([{}]).lookups,
      why: /^3 of 15 lookups of 10\.0\.3\.7 asked for one address family, the others for both/,
    },
    {
      name: 'one direction only',
      lookups: new Scenario().ask([{ answered: null }], { lasts: 5000, endBecause: 'timer' }).lookups,
      why: /one direction/,
    },
  ],
});
