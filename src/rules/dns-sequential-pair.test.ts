import { RCODE, RR_TYPE } from '../model/lookup.ts';
import rule from './dns-sequential-pair.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Scenario } from './support/testing/scenario.ts';

const { A, AAAA } = RR_TYPE;
const dead = { rcode: RCODE.NXDOMAIN, records: 0 } as const;

ruleTester(rule, {
  finds: [
    {
      name: 'single-request-reopen: the second family from a port of its own, after the first',
      lookups: new Scenario().sequential(20).lookups,
      reports: [
        {
          message: 'sequential',
          says: /^20 of 20 lookups asked for AAAA and A one after the other, 3\.95 ms more each$/,
          count: 20,
          confidence: 'certain',
          cost: [0.0039, 0.0041],
          settings: [/options single-request-reopen/, /kernel .*5\.6/],
          fixes: [/take single-request-reopen out/],
          onlyInfo: false,
        },
      ],
    },
    {
      name: 'one program of five in a pod that asks so',
      lookups: new Scenario().pair(12).sequential(3).lookups,
      reports: [{ count: 3, of: 15, confidence: 'likely' }],
    },
    {
      name: 'where nothing is parallel, those with fast answers count too',
      lookups: new Scenario().sequential(5).sequential(5, 0.4).lookups,
      reports: [{ count: 10 }],
    },
    {
      name: 'each stage of a walk, as in single-request mode',
      lookups: new Scenario({ name: 'a.test' }).ask([
        { name: 'a.test.cluster.local', port: 1, answered: 6, ...dead },
        { name: 'a.test.cluster.local', port: 2, type: AAAA, sent: 92, answered: 95, ...dead },
        { port: 3, sent: 95.1, answered: 99 },
        { port: 4, type: AAAA, sent: 99.1, answered: 105, records: 0 },
      ]).lookups,
      reports: [{ count: 1, cost: [0.0068, 0.007], onlyInfo: true }],
    },
    {
      name: 'single-request keeps the port',
      lookups: new Scenario().ask([{ answered: 4 }, { type: AAAA, sent: 4.1, answered: 8, records: 0 }]).lookups,
      reports: [{ settings: [/options single-request /] }],
    },
    {
      name: 'a thread of glibc after a lost answer: a consequence, and told as such',
      lookups: new Scenario().pair(20).lostSecond().sequential(9).lookups,
      reports: [{ message: 'sticky', says: /since an answer was lost \(glibc/, count: 9, onlyInfo: true }],
    },
    {
      name: 'the same after an error',
      lookups: new Scenario()
        .pair(20)
        .ask([{}, { type: AAAA, sent: 0.03, answered: 0.6, rcode: RCODE.SERVFAIL, records: 0 }])
        .sequential(9).lookups,
      reports: [{ message: 'sticky', says: /since an answer was an error \(glibc/, count: 9, onlyInfo: true }],
    },
    {
      name: 'a mode that was there before the loss stays a mode',
      lookups: new Scenario().sequential(9).lostLone().sequential(9).lookups,
      reports: [{ message: 'sequential', count: 18 }],
    },
  ],
  clear: [
    { name: 'parallel pairs', lookups: new Scenario().pair(30).lookups, says: /at once \(30 pairs\), 0 one after/ },
    {
      name: 'one lookup alone that it costs a tenth of a millisecond',
      lookups: new Scenario().ask([{ answered: 4 }, { type: AAAA, sent: 4.1, answered: 4.2, records: 0 }]).lookups,
      says: /^one lookup alone/,
    },
    { name: 'Go: parallel from two ports', lookups: new Scenario({ resolver: 'go' }).apart(9).lookups },
    {
      name: 'answers under 2 ms that are there before the twin leaves',
      lookups: new Scenario().pair(9).sequential(3, 0.1).lookups,
      says: /3 one after the other/,
    },
    { name: 'fast answers only', lookups: new Scenario().sequential(9, 0.4).lookups },
    {
      name: 'one of Node’s after a lost answer, whose answer was quicker than a busy process',
      lookups: new Scenario({ resolver: 'node' }).pair(20).lostSecond().sequential(1).lookups,
    },
    { name: 'retries', lookups: new Scenario().pair(9).lostSecond(2).lostFirst(2).lookups },
    {
      name: 'lookups that began with both families and then lost one',
      lookups: new Scenario().lostSecond(3).lookups,
      says: /at once \(3 pairs\), 0 one after/,
    },
    {
      name: 'musl with a dead second server',
      lookups: new Scenario({ resolver: 'musl' }).ask([
        {},
        { type: AAAA, sent: 0.03 },
        { server: '10.0.0.2', sent: 0.05, answered: null },
        { server: '10.0.0.2', type: AAAA, sent: 0.06, answered: null },
      ]).lookups,
      says: /at once \(1 pair\)/,
    },
    ...(['musl', 'c-ares', 'netty'] as const).map((resolver) => ({
      name: `${resolver}, which asks at once always, where the first answer was quicker than its process`,
      lookups: new Scenario({ resolver })
        .pair(9)
        .lostSecond()
        .ask([{ answered: 2.5 }, { type: AAAA, sent: 3, answered: 4 }]).lookups,
      says: /0 one after the other/,
    })),
    {
      name: 'three accidents of a busy machine among many parallel pairs',
      lookups: new Scenario().pair(24).sequential(3).lookups,
    },
    { name: 'one accident among parallel pairs', lookups: new Scenario().pair(30).sequential(2).lookups },
    {
      name: "c-ares's walks, one for each family, drift apart",
      lookups: new Scenario({ resolver: 'c-ares', name: 'a.test' }).ask([
        { name: 'a.test.cluster.local', type: A, answered: 9, ...dead },
        { name: 'a.test.cluster.local', type: AAAA, sent: 0.03, answered: 3, ...dead },
        { type: AAAA, sent: 3.1, answered: 6, records: 0 },
        { type: A, sent: 9.1, answered: 12 },
      ]).lookups,
    },
    {
      name: 'the other family because the first has no address',
      lookups: new Scenario()
        .ask([
          { type: AAAA, answered: 5, records: 0 },
          { type: A, sent: 5.1, answered: 9 },
        ])
        .ask([
          { type: AAAA, answered: 5, records: 0 },
          { type: A, sent: 5.1, answered: 9 },
        ]).lookups,
    },
    { name: 'one family', lookups: new Scenario().ask([{}]).ask([{}]).lookups, says: /both A and AAAA \(2 lookups\)/ },
  ],
  unobservable: [
    {
      name: 'sequential lookups that lost an answer, and no others',
      lookups: new Scenario().lostLone(3).lookups,
      why: /lost an answer first/,
    },
  ],
});
