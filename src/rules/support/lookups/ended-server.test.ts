import { expect, it } from 'vitest';
import { RR_TYPE } from '../../../model/lookup.ts';
import dead from '../../dns-dead-server.ts';
import loss from '../../dns-loss.ts';
import { runRule } from '../testing/run-rule.ts';
import { Scenario } from '../testing/scenario.ts';

const { AAAA } = RR_TYPE;
/** Both of a pair come back: nobody listens there any more. */
const closed = (scenario: Scenario, server?: string): Scenario =>
  scenario.ask(
    [
      { answered: null, unreachable: 0.2, ...(server === undefined ? {} : { server }) },
      { type: AAAA, sent: 0.03, answered: null, unreachable: 0.3, ...(server === undefined ? {} : { server }) },
    ],
    { outcome: 'timeout', lasts: 0.4 },
  );
const LAMEDUCK = /lameduck/;

const lossOf = (scenario: Scenario) =>
  runRule(loss, { lookups: scenario.lookups }).reports.map(({ says, fix: [first] }) => [
    says.endsWith('while one of its pods ended'),
    LAMEDUCK.test(first?.title ?? ''),
  ]);

it('queries that are lost as one of the DNS pods ends are told as that', () => {
  expect(lossOf(closed(new Scenario().pair(40)).lostBoth(2).pair(40))).toEqual([[true, true]]);
});

it.each([
  ['nobody says that a port is closed', new Scenario().pair(40).lostBoth(2).pair(40)],
  ['another server’s port is closed', closed(new Scenario().pair(40), '10.96.0.11').lostBoth(2).pair(40)],
  ['a port was closed long before', closed(new Scenario().pair(40)).pair(400).lostBoth(2).pair(40)],
])('not where %s', (_, scenario) => {
  expect(lossOf(scenario)).toEqual([[false, false]]);
});

const titles = (scenario: Scenario) =>
  runRule(dead, { lookups: scenario.lookups }).reports.flatMap(({ fix }) => fix.map(({ title }) => title));

it('a server that answers others and says that nobody listens has a pod that ended', () => {
  expect(titles(closed(new Scenario().pair(40)).pair(40))).toContainEqual(expect.stringMatching(LAMEDUCK));
  expect(titles(closed(closed(new Scenario())))).not.toContainEqual(expect.stringMatching(LAMEDUCK));
});
