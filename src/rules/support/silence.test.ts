import { expect, it } from 'vitest';
import { RR_TYPE } from '../../model/lookup.ts';
import rule from '../dns-dead-server.ts';
import { runRule } from './testing/run-rule.ts';
import { Scenario } from './testing/scenario.ts';

const { AAAA } = RR_TYPE;

/** A late process asks the next server for AAAA so long after A that it looks like another lookup. */
function askedLate(scenario: Scenario, count: number, again = true): Scenario {
  const DEAD = '10.96.0.11';
  for (let index = 0; index < count; index++) {
    scenario.ask(
      [
        { port: 7, server: DEAD, answered: null },
        { port: 7, type: AAAA, sent: 1, server: DEAD, answered: null },
        ...(again ? [{ port: 7, sent: 5070, answered: 5071 }] : []),
      ],
      again ? {} : { lasts: 5000, endBecause: 'captureEnd', outcome: 'incomplete', answers: [] },
    );
    if (again) scenario.ask([{ port: 7, type: AAAA }]);
  }
  return scenario;
}

it('a server before the one that answers is dead, though a late process asks for one family long after the other', () => {
  const { lookups } = askedLate(askedLate(new Scenario({ resolver: 'netty' }), 10), 2, false).pair(1);
  const [report] = runRule(rule, { lookups }).reports;
  expect(report).toMatchObject({ confidence: 'certain', data: { count: 12 } });
  expect(report?.confidenceBecause).toMatch(/not one of 24 queries was answered/);
});

it('a server whose answers come another way is not, though one of its lookups asked the next one, too', () => {
  const { lookups } = askedLate(askedLate(new Scenario({ resolver: 'netty' }), 1).pair(3), 9, false).pair(3);
  const { reports, clears } = runRule(rule, { lookups });
  expect(reports).toEqual([]);
  expect(clears.map(({ message }) => message)).toEqual(['few']);
});
