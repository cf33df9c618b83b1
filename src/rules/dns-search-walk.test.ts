import { createDamage } from '../model/input.ts';
import { RCODE, RR_TYPE } from '../model/lookup.ts';
import { inputOf } from '../model/testing/rows.ts';
import rule from './dns-search-walk.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Scenario } from './support/testing/scenario.ts';

const { A, AAAA } = RR_TYPE;
const dead = { rcode: RCODE.NXDOMAIN, records: 0 } as const;

ruleTester(rule, {
  finds: [
    {
      name: 'an external name with two dots: a habit, however cheap',
      lookups: new Scenario().walk(30).lookups,
      reports: [
        {
          says: /^30 of 30 lookups tried names that cannot exist \(120 queries, 2\.2 ms each\) before api\.example\.test$/,
          count: 30,
          habit: true,
          onlyInfo: false,
          confidence: 'certain',
          cost: [0.00219, 0.00221],
          fixes: [/ndots:2.*"value":"2"/, /api\.example\.test\.$|api\.example\.test\. /, /autopath/],
          settings: [/kubelet ndots 5/, /dots in api\.example\.test 2, no trailing dot/],
          evidence: [/api\.example\.test\.svc\.cluster\.local does not exist/, /as it is: found/],
        },
      ],
    },
    {
      name: 'fewer than twenty are judged by their cost alone',
      lookups: new Scenario().walk(19).lookups,
      reports: [{ count: 19, habit: false }],
    },
    {
      name: 'a minority of many lookups is no habit',
      lookups: new Scenario().walk(10).pair(30).lookups,
      reports: [{ count: 10, of: 40, habit: false }],
    },
    {
      name: 'one dot needs ndots:1',
      lookups: new Scenario().walk(3, 'example.test').lookups,
      reports: [{ fixes: [/ndots:1.*"value":"1"/] }],
    },
    {
      name: 'musl never tries suffixes then, and is told so',
      lookups: new Scenario({ resolver: 'musl' }).walk(3).lookups,
      reports: [{ fixes: [/ndots:2.*musl then never tries suffixes/] }],
    },
    {
      name: 'no option helps a resolver with its own configuration',
      lookups: new Scenario({ resolver: 'systemd-resolved' }).walk(3).lookups,
      reports: [{ noFixes: [/ndots/], fixes: [/trailing dot/] }],
    },
    {
      name: 'seen once is worth a word',
      lookups: new Scenario().walk().pair(3).lookups,
      reports: [{ count: 1, onlyInfo: true }],
    },
    {
      name: "the wait for a lost answer is not the walk's cost",
      lookups: new Scenario({ resolver: 'c-ares', detail: 'gRPC', name: 'svc.prod.svc.cluster.local' })
        .ask([
          { type: AAAA, name: 'svc.prod.svc.cluster.local.cluster.local', answered: 25, ...dead },
          {
            type: A,
            name: 'svc.prod.svc.cluster.local.cluster.local',
            sent: 1,
            again: [6000],
            answered: 6002,
            ...dead,
          },
          { type: AAAA, sent: 25.1, answered: 27, records: 0 },
          { type: A, sent: 6002.1, answered: 6003 },
        ])
        .pair().lookups,
      reports: [{ cost: [0.02, 0.03] }],
    },
    {
      name: 'NODATA on the suffixes costs the same',
      lookups: new Scenario()
        .ask(
          [
            { name: 'a.test.cluster.local', records: 0 },
            { name: 'a.test', sent: 1, answered: 1.4 },
          ],
          { name: 'a.test' },
        )
        .ask(
          [
            { name: 'a.test.cluster.local', records: 0 },
            { name: 'a.test', sent: 1, answered: 1.4 },
          ],
          { name: 'a.test' },
        ).lookups,
      reports: [{ count: 2 }],
    },
  ],
  clear: [
    { name: 'names asked for as they are', lookups: new Scenario().pair(30).lookups, says: /30 lookups/ },
    {
      name: 'a short name meant for another namespace: a suffix completes it',
      lookups: new Scenario({ name: 'db.prod' }).ask([
        { name: 'db.prod.shop.svc.cluster.local', ...dead },
        { name: 'db.prod.svc.cluster.local', sent: 1, answered: 1.4 },
      ]).lookups,
    },
    {
      name: 'every name is dead: that is the final answer',
      lookups: new Scenario({ name: 'gone' }).ask(
        [
          { name: 'gone.prod.svc.cluster.local', ...dead },
          { name: 'gone.svc.cluster.local', sent: 1, answered: 1.4, ...dead },
          { name: 'gone', sent: 2, answered: 2.4, ...dead },
        ],
        { outcome: 'nxdomain' },
      ).lookups,
    },
    {
      name: 'the name as it is first, the suffixes after it',
      lookups: new Scenario({ name: 'a.b.c.d.e.f' }).ask([
        { name: 'a.b.c.d.e.f', ...dead },
        { name: 'a.b.c.d.e.f.cluster.local', sent: 1, answered: 1.4 },
      ]).lookups,
    },
    {
      name: 'autopath: the first suffix answers for the name',
      lookups: new Scenario({ name: 'api.example.test' }).ask([{ name: 'api.example.test.prod.svc.cluster.local' }])
        .lookups,
    },
    {
      name: 'a suffix that fails is a broken server, not a name that cannot exist',
      lookups: new Scenario({ name: 'a.test' }).ask([
        { name: 'a.test.cluster.local', rcode: RCODE.SERVFAIL, records: 0 },
        { name: 'a.test', sent: 1, answered: 1.4 },
      ]).lookups,
    },
    {
      name: 'another name that only begins alike',
      lookups: new Scenario({ name: 'a.test' }).ask([
        { name: 'a.testing.cluster.local', ...dead },
        { name: 'a.test', sent: 1, answered: 1.4 },
      ]).lookups,
    },
  ],
  unobservable: [
    {
      name: 'one direction only',
      lookups: new Scenario().ask([{ answered: null }], { outcome: 'incomplete', endBecause: 'captureEnd' }).lookups,
      why: /no answer of anybody/,
    },
    {
      name: 'the names with a suffix may be those that are cut off',
      lookups: new Scenario().pair(9).lookups,
      inputs: [inputOf({ damage: { ...createDamage(), cutQuestions: 6 } })],
      why: /longest names are cut off/,
    },
  ],
});
