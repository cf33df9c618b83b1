import { expect, it } from 'vitest';
import { RR_TYPE, type Lookup } from '../../../model/lookup.ts';
import rule from '../../dns-dead-server.ts';
import { runRule } from '../testing/run-rule.ts';
import { Scenario } from '../testing/scenario.ts';

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

/** Four clients that nobody answers, each with a lookup of which the capture has the last asking alone. */
function outage(order: 'begun before' | 'asks once in the midst'): Lookup[] {
  return [1, 2, 3, 4].flatMap((host) => {
    const scenario = new Scenario({ client: `10.0.3.${host}` });
    const once = (): Scenario =>
      scenario.ask([{ answered: null }, { type: AAAA, sent: 0.03, answered: null }], {
        lasts: 5000,
        outcome: 'timeout',
        endBecause: 'timer',
        answers: [],
      });
    if (order === 'begun before') once();
    scenario.silent(1);
    if (order === 'asks once in the midst') once();
    return scenario.lookups;
  });
}

it('a server that answered nobody before the capture began, and does not since, is dead', () => {
  const { reports } = runRule(rule, { lookups: outage('begun before') });
  expect(reports.map(({ says }) => says)).toEqual([
    '10.96.0.10 never answers (24 queries): 8 of 8 lookups waited 5 s for it',
  ]);
});

it('a server whose questions are mostly asked once, in the midst of a capture, may have been answered', () => {
  expect(runRule(rule, { lookups: outage('asks once in the midst') }).reports).toEqual([]);
});
