import { at, milliseconds } from '../base/time.ts';
import { createDamage } from '../model/input.ts';
import { RCODE, RR_TYPE, type Lookup } from '../model/lookup.ts';
import { inputOf } from '../model/testing/rows.ts';
import rule from './dns-error.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { Scenario, together } from './support/testing/scenario.ts';

const { A, AAAA, PTR, TXT, SRV } = RR_TYPE;
const dead = { rcode: RCODE.NXDOMAIN, records: 0 } as const;

const gone = (scenario: Scenario, name = 'gone', count = 1): Scenario => {
  for (let index = 0; index < count; index++) {
    scenario.ask(
      [
        { name: `${name}.prod.svc.cluster.local`, ...dead },
        { name, sent: 1, answered: 1.4, ...dead },
      ],
      { name, outcome: 'nxdomain', answers: [] },
    );
  }
  return scenario;
};

const failing = (rcode: number, outcome: Lookup['outcome']): Scenario =>
  new Scenario().pair(9).ask(
    [
      { rcode, records: 0 },
      { type: AAAA, sent: 0.03, rcode, records: 0 },
    ],
    { outcome, answers: [] },
  );

/** The first server refuses all, the second answers; of the last lookup only the refusal is there. */
const refusedFirst = (before: number): Lookup[] => {
  const refused = { server: '10.96.0.11', rcode: RCODE.REFUSED, records: 0 };
  const scenario = new Scenario();
  for (let index = 0; index < before; index++) scenario.ask([refused, { sent: 1, answered: 1.5 }]);
  return scenario.ask([refused], { outcome: 'refused', answers: [] }).lookups;
};

const halfRefused = (count: number): Lookup[] => {
  const scenario = new Scenario();
  const refused = { type: AAAA, rcode: RCODE.REFUSED, records: 0 };
  for (let index = 0; index < count; index++) scenario.ask([refused], { outcome: 'refused', answers: [] });
  return scenario.lookups;
};

/** The capture ends so soon after the last of them. */
const endingAfter = (lookups: readonly Lookup[], ms: number) =>
  inputOf({ endsAt: at((lookups.at(-1) as Lookup).startedAt + milliseconds(ms)) });

/** Each asked for once, so many milliseconds after the one before. */
function onceEach(names: readonly string[], apart: number): Lookup[] {
  return names.flatMap((name, index) => {
    const startedAt = at(milliseconds(100 + index * apart));
    return gone(new Scenario(), name).lookups.map((lookup) => ({ ...lookup, id: `0.${name}`, startedAt }));
  });
}

const RANDOM = ['qzjvkwbexm', 'tplrwanc', 'hgfdbkvqewzxrt'];

ruleTester(rule, {
  finds: [
    {
      name: 'three random names at once, each asked for once: a browser',
      lookups: onceEach(RANDOM, 1),
      reports: [{ count: 3, errors: 0, onlyInfo: true, says: /NXDOMAIN .* for 3 names, such as qzjvkwbexm$/ }],
    },
    {
      name: 'three services that do not exist, asked for at once',
      lookups: onceEach(['payments', 'inventory', 'catalogue'], 1),
      reports: [{ onlyInfo: false }, { onlyInfo: false }, { onlyInfo: false }],
    },
    {
      name: 'names like a browser’s that are asked for one after another',
      lookups: onceEach(RANDOM, 400),
      reports: [{ onlyInfo: false }, { onlyInfo: false }, { onlyInfo: false }],
    },
    {
      name: 'AAAA alone refused, twice: the capture may lack what A got',
      lookups: halfRefused(2),
      reports: [{ count: 2, says: /REFUSED/, errors: 0, onlyInfo: true }],
    },
    {
      name: 'a last refusal, although others go on from one, where the capture goes on',
      lookups: refusedFirst(3),
      inputs: [endingAfter(refusedFirst(3), 2000)],
      reports: [{ count: 1, says: /REFUSED/ }],
    },
    {
      name: 'a last refusal where nobody went on from one',
      lookups: refusedFirst(0),
      inputs: [endingAfter(refusedFirst(0), 2)],
      reports: [{ count: 1, says: /REFUSED/ }],
    },
    {
      name: 'a name with a suffix that nobody goes on from',
      lookups: new Scenario({ name: 'api.example.com.prod.svc.cluster.local' }).ask(
        [{ rcode: 3, records: 0, answered: 1 }],
        {
          outcome: 'nxdomain',
        },
      ).lookups,
      inputs: [inputOf({ endsAt: at(milliseconds(2000)) })],
      reports: [{ says: /NXDOMAIN/, count: 1 }],
    },
    {
      name: 'a step of a walk that others go on from: its own next step went astray',
      lookups: new Scenario()
        .pair(9)
        .ask([{ name: 'api.example.test.svc.cluster.local', ...dead }], {
          name: 'api.example.test.svc.cluster.local',
          outcome: 'nxdomain',
          answers: [],
        })
        .walk(3).lookups,
      reports: [{ count: 1, onlyInfo: true }],
    },
    {
      name: 'one family fails in two lookups only: too few for the family rule',
      lookups: Array.from({ length: 2 }).reduce<Scenario>(
        (scenario) =>
          scenario.ask([{}, { type: RR_TYPE.AAAA, sent: 0.03, rcode: 2, records: 0 }], {
            lasts: 5000,
            endBecause: 'timer',
            outcome: 'servfail',
          }),
        new Scenario({ resolver: 'musl' }),
      ).lookups,
      reports: [{ message: 'servfail', count: 2, errors: 2 }],
    },
    {
      name: 'a name that does not exist, asked for again and again',
      lookups: gone(new Scenario().pair(20), 'featureflags', 30).lookups,
      reports: [
        {
          message: 'nxdomain',
          says: /^30 of 50 lookups got NXDOMAIN \(no such name\) for featureflags$/,
          count: 30,
          errors: 30,
          subject: 'featureflags',
          confidence: 'certain',
          onlyInfo: false,
          evidence: [/A of featureflags: NXDOMAIN/],
          fixes: [/correct the name/],
        },
      ],
    },
    {
      name: 'AAAA alone, where nobody asks for A',
      lookups: new Scenario().ask([{ type: RR_TYPE.AAAA, rcode: 5, records: 0 }], { outcome: 'refused' }).lookups,
      reports: [{ message: 'refused', count: 1 }],
    },
    {
      name: 'SERVFAIL',
      lookups: failing(RCODE.SERVFAIL, 'servfail').lookups,
      reports: [{ message: 'servfail', count: 1, of: 10, errors: 1, fixes: [/upstreams/] }],
    },
    {
      name: 'REFUSED',
      lookups: failing(RCODE.REFUSED, 'refused').lookups,
      reports: [{ message: 'refused', errors: 1, fixes: [/access list/] }],
    },
    {
      name: 'musl waits although SERVFAIL came',
      lookups: new Scenario({ resolver: 'musl' }).ask(
        [
          { earlier: [{ at: 0.4, rcode: 2 }], again: [0.5], answered: 0.8, rcode: 2, records: 0 },
          { type: AAAA, sent: 0.03, answered: 0.5, records: 0 },
        ],
        { lasts: 5000, outcome: 'timeout', endBecause: 'timer', answers: [] },
      ).lookups,
      reports: [{ message: 'timeout', says: /got SERVFAIL for .* and gave up$/, cost: [4.99, 5] }],
    },
    {
      name: 'musl waits an error out, and finds the name then',
      lookups: new Scenario({ resolver: 'musl' }).pair(9).ask([
        {
          earlier: [
            { at: 0.4, rcode: 2 },
            { at: 0.9, rcode: 2 },
          ],
          again: [0.5, 2500],
          answered: 2500.4,
        },
        { type: AAAA, sent: 0.03, answered: 0.5, records: 0 },
      ]).lookups,
      reports: [
        {
          message: 'delayed',
          says: /^1 of 10 lookups got SERVFAIL for .* at first, and waited 2\.5 s until they asked again$/,
          cost: [2.49, 2.51],
          errors: 0,
        },
      ],
    },
    {
      name: 'three names are three findings, four are one',
      lookups: gone(gone(gone(gone(new Scenario(), 'one', 2), 'two'), 'three'), 'four').lookups,
      reports: [{ count: 5, says: /4 names, such as one$/, subject: '4 names' }],
    },
    {
      name: 'outcomes are told apart',
      lookups: together(gone(new Scenario(), 'gone'), failing(RCODE.SERVFAIL, 'servfail')),
      reports: [{ message: 'nxdomain' }, { message: 'servfail' }],
    },
    {
      name: 'a lost packet on the way does not excuse the name',
      lookups: new Scenario({ name: 'gone' }).ask([{ again: [5000], answered: 5000.4, ...dead }], {
        outcome: 'nxdomain',
        answers: [],
      }).lookups,
      reports: [{ count: 1, errors: 1 }],
    },
    {
      name: 'services that fail are worth a word',
      lookups: new Scenario({ name: '_ldap._tcp.test' }).ask([{ type: SRV, rcode: RCODE.SERVFAIL, records: 0 }], {
        outcome: 'servfail',
      }).lookups,
      reports: [{ onlyInfo: true, errors: 0 }],
    },
    {
      name: 'a name that others find',
      lookups: gone(new Scenario().pair(), 'db.prod.svc.cluster.local').pair(3).lookups,
      reports: [{ onlyInfo: true, errors: 0 }],
    },
  ],
  clear: [
    {
      name: 'AAAA alone, where others have both: A may well be found, and the capture lacks it',
      lookups: new Scenario().pair(3).ask([{ type: RR_TYPE.AAAA, rcode: 5, records: 0 }], { outcome: 'refused' })
        .lookups,
    },
    {
      name: 'the capture ends within a walk: the next suffix would come now',
      lookups: new Scenario({ name: 'api.example.com.prod.svc.cluster.local' }).ask(
        [{ rcode: 3, records: 0, answered: 1 }],
        {
          outcome: 'nxdomain',
        },
      ).lookups,
      inputs: [inputOf({ endsAt: at(milliseconds(2)) })],
    },
    {
      name: 'one family fails each time and takes the lookup with it: that is the family rule’s',
      lookups: Array.from({ length: 3 }).reduce<Scenario>(
        (scenario) =>
          scenario.ask([{}, { type: RR_TYPE.AAAA, sent: 0.03, rcode: 2, records: 0 }], {
            lasts: 5000,
            endBecause: 'timer',
            outcome: 'servfail',
          }),
        new Scenario({ resolver: 'musl' }),
      ).lookups,
      says: /3 failed for other reasons/,
    },
    {
      name: 'given up before the answers came: no error was said',
      lookups: new Scenario({ resolver: 'c-ares', detail: '≥1.33' }).ask(
        [{ answered: 570 }, { type: RR_TYPE.AAAA, sent: 0.03, answered: 470 }],
        { lasts: 250, endBecause: 'timer', outcome: 'timeout' },
      ).lookups,
      says: /1 failed for other reasons/,
    },
    { name: 'healthy', lookups: new Scenario().pair(20).lookups, says: /^no lookup ended in an error \(20 lookups\)$/ },
    {
      name: "a suffix's NXDOMAIN, asked for again with its lost twin",
      lookups: new Scenario({ name: 'a.test' }).ask([
        { name: 'a.test.cluster.local', earlier: [{ at: 0.4, rcode: 3 }], again: [5000], answered: 5000.4, ...dead },
        { name: 'a.test.cluster.local', type: AAAA, sent: 0.03, again: [5000.5], answered: 5000.9, ...dead },
        { sent: 5001, earlier: [{ at: 5001.4, rcode: 3 }], again: [10_001], answered: 10_001.4 },
      ]).lookups,
    },
    {
      name: 'an error after which the resolver asked again at once',
      lookups: new Scenario().ask([{ earlier: [{ at: 0.4, rcode: 2 }], again: [0.5], answered: 0.9 }]).lookups,
    },
    { name: "a suffix's NXDOMAIN on the way to success", lookups: new Scenario().walk(9).lookups },
    {
      name: 'a failure that lost answers explain',
      lookups: new Scenario().pair(9).silent(3).lookups,
      says: /3 failed/,
    },
    {
      name: "glibc's bare name after a suffix that was never answered",
      lookups: new Scenario({ name: 'inventory' }).ask(
        [
          { name: 'inventory.orders.svc.cluster.local', again: [5000], answered: null },
          { sent: 10_000, answered: 10_000.4, ...dead },
        ],
        { outcome: 'nxdomain', answers: [] },
      ).lookups,
    },
    {
      name: 'nobody listens: told by the dead server',
      lookups: new Scenario().ask([{ answered: null, unreachable: 0.2 }], { lasts: 0.3, outcome: 'timeout' }).lookups,
    },
    { name: 'no records of a family', lookups: new Scenario().ask([{ records: 0 }], { outcome: 'nodata' }).lookups },
    {
      name: 'a reverse name',
      lookups: new Scenario({ name: '10.0.64.100.in-addr.arpa' }).ask([{ type: PTR, ...dead }], { outcome: 'nxdomain' })
        .lookups,
      says: /^no lookup of addresses ended in an error \(1 lookup; 1 of other records/,
    },
    {
      name: 'addresses that no block list has',
      lookups: new Scenario({ name: '4.0.168.192.zen.example.org' })
        .ask([{ ...dead }], { outcome: 'nxdomain' })
        .ask([{ ...dead }], { outcome: 'nxdomain', name: `${'b.a.9.8.'.repeat(8)}zen.example.org` }).lookups,
      says: /2 of other records/,
    },
    {
      name: "gRPC's service configuration",
      lookups: new Scenario({ name: '_grpc_config.svc' }).ask([{ type: TXT, rcode: 5, records: 0 }], {
        outcome: 'refused',
      }).lookups,
    },
    {
      name: "the forwarder's own query for a suffix of a walk",
      lookups: together(
        new Scenario().walk(1, 'api.example.test', ['eu.compute.internal']),
        new Scenario({ client: '10.244.0.2', server: '10.210.0.1', name: 'api.example.test.eu.compute.internal' }).ask(
          [{ type: A, sent: 0.2, answered: 0.8, ...dead }],
          { outcome: 'nxdomain', startedAt: new Scenario().ask([{}]).lookups[0]!.startedAt, lasts: 0.6 },
        ),
      ),
    },
    {
      name: 'AAAA alone: its A, which may be found, is not in the capture',
      lookups: new Scenario().pair(9).ask([{ type: AAAA, ...dead }], { outcome: 'nxdomain', answers: [] }).lookups,
      says: /10 lookups; 1 of other records, or of one family alone, found none/,
    },
    {
      name: 'a walk that the end of the capture cuts off before the name as it is',
      lookups: new Scenario().pair(9).ask(
        [
          { name: 'a.test.ns.example.internal', ...dead },
          { name: 'a.test.example.internal', sent: 1, answered: 1.4, ...dead },
        ],
        { name: 'a.test', outcome: 'nxdomain', answers: [] },
      ).lookups,
      inputs: [inputOf({ endsAt: at(milliseconds(9 * 50 + 100)) })],
      says: /^no lookup is known to have ended in an error \(10 lookups; 1 may go on when the capture ends\)$/,
    },
    {
      name: 'a refusal that the capture ends with, where others go on to the next server from one',
      lookups: refusedFirst(3),
      inputs: [endingAfter(refusedFirst(3), 2)],
      says: /1 may go on when the capture ends/,
    },
    { name: 'AAAA alone refused, three times: that is the family rule’s', lookups: halfRefused(3) },
    {
      name: 'cut off by the end of the capture',
      lookups: new Scenario()
        .pair()
        .ask([{ answered: null }], { outcome: 'incomplete', endBecause: 'captureEnd', lasts: 100 }).lookups,
    },
  ],
  unobservable: [
    {
      name: 'one direction only',
      lookups: new Scenario().ask([{ answered: null }], { outcome: 'incomplete', endBecause: 'captureEnd' }).lookups,
      why: /no answer of anybody/,
    },
    {
      name: 'whether names are found that are cut off',
      lookups: gone(new Scenario().pair(9)).lookups,
      inputs: [inputOf({ damage: { ...createDamage(), cutQuestions: 6 } })],
      why: /others of the same lookups are cut off/,
    },
  ],
});
