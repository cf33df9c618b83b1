import { at, seconds } from '../../../base/time.ts';
import { createDamage, type Input } from '../../../model/input.ts';
import { RR_TYPE, type Lookup } from '../../../model/lookup.ts';
import { attemptOf, inputOf, lookupOf, unanswered as never } from '../../../model/testing/rows.ts';
import rule from '../../dns-loss.ts';
import { ruleTester } from '../testing/rule-tester.ts';
import { stillWaiting } from '../testing/still-waiting.ts';
import { Scenario } from '../testing/scenario.ts';

const { AAAA } = RR_TYPE;

/** c-ares from 1.20 waits its time for the lost family, and leaves it at the other. */
function neverAgain(count: number): Lookup[] {
  const scenario = new Scenario({ resolver: 'c-ares' }).pair(9);
  for (let index = 0; index < count; index++) {
    scenario
      .ask(
        [
          { answered: index % 2 === 0 ? 0.4 : null },
          { type: AAAA, sent: 0.03, answered: index % 2 === 0 ? null : 0.5 },
        ],
        {
          lasts: 250,
          endBecause: 'timer',
        },
      )
      .pair();
  }
  return scenario.pair(9).lookups;
}

const lackingQuestions = (unseenQuestions: number): Input =>
  inputOf({ packets: 500, endsAt: at(seconds(100)), damage: { ...createDamage(), unseenQuestions } });

/** Of them nobody asked again, long before the capture ends. */
const leftAlone = (count: number): Lookup[] =>
  Array.from({ length: count }, (_, index) =>
    lookupOf({
      id: `0.u${index}`,
      startedAt: at(seconds(1)),
      duration: seconds(0),
      endBecause: 'captureEnd',
      durationIsLowerBound: true,
      outcome: 'incomplete',
      resolver: 'go',
      attempts: [attemptOf({ sentAt: at(seconds(1)), clientPort: 40_000 + index, ...never })],
    }),
  );

/** Six that are open when the capture ends, and answers came since. */
const openOnes = (before: readonly Lookup[]): Lookup[] => [
  ...before,
  ...stillWaiting(6, 4.7),
  ...new Scenario().ask([{}], { id: '0.since', startedAt: at(seconds(13)) }).lookups,
];

ruleTester(rule, {
  clear: [{ name: 'all were answered', lookups: new Scenario({ resolver: 'c-ares' }).pair(9).lookups }],
  finds: [
    {
      name: 'six that are open, where nobody asked again for others either, though it was time to',
      lookups: openOnes([...new Scenario().pair(9).lookups, ...leftAlone(3)]),
      inputs: [inputOf({ endsAt: at(seconds(14)) })],
      reports: [{ message: 'open', count: 6, onlyInfo: true }],
    },
    {
      name: 'six that are open, and nothing shows that the capture lacks answers',
      lookups: openOnes(new Scenario().pair(9).lookups),
      inputs: [inputOf({ endsAt: at(seconds(14)) })],
      reports: [{ message: 'open', count: 6, onlyInfo: false }],
    },
    {
      name: 'two that their resolver never asks for again, and answers came since: the capture itself may lack these',
      lookups: neverAgain(2),
      reports: [{ message: 'lost', count: 2, onlyInfo: true }],
    },
    {
      name: 'five of them',
      lookups: neverAgain(5),
      reports: [{ message: 'lost', count: 5, onlyInfo: false }],
    },
    {
      name: 'twelve, in a capture that lacks a third as many questions: the answers may be of what it lacks',
      lookups: neverAgain(12),
      inputs: [lackingQuestions(4)],
      reports: [{ message: 'lost', count: 12, onlyInfo: true, because: /the capture itself lacks 4 packets/ }],
    },
    {
      name: 'more than a capture is likely to lack beside these',
      lookups: neverAgain(13),
      inputs: [lackingQuestions(4)],
      reports: [{ message: 'lost', count: 13, onlyInfo: false, confidence: 'possible' }],
    },
    {
      name: 'as few that were asked again: nobody would who had the answer',
      lookups: new Scenario().pair(30).lostBoth(6).pair(9).lookups,
      inputs: [lackingQuestions(4)],
      reports: [{ message: 'lost', count: 6, onlyInfo: false, confidence: 'possible' }],
    },
    {
      name: 'one of them beside many that are open when the capture ends',
      lookups: [
        ...neverAgain(1),
        ...stillWaiting(6, 2),
        ...new Scenario().ask([{}], { id: '0.since', startedAt: at(seconds(13)) }).lookups,
      ],
      inputs: [inputOf({ endsAt: at(seconds(14)) })],
      reports: [{ count: 7, onlyInfo: true }],
    },
    {
      name: 'two of them beside many that are open',
      lookups: [
        ...neverAgain(2),
        ...stillWaiting(6, 2),
        ...new Scenario().ask([{}], { id: '0.since', startedAt: at(seconds(13)) }).lookups,
      ],
      inputs: [inputOf({ endsAt: at(seconds(14)) })],
      reports: [{ count: 8, onlyInfo: false }],
    },
  ],
});
