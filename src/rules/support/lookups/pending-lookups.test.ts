import { at, seconds } from '../../../base/time.ts';
import { createDamage } from '../../../model/input.ts';
import type { Lookup } from '../../../model/lookup.ts';
import { attemptOf, inputOf, lookupOf, unanswered } from '../../../model/testing/rows.ts';
import rule from '../../dns-loss.ts';
import { ruleTester } from '../testing/rule-tester.ts';
import { Scenario } from '../testing/scenario.ts';

const END = 14;

/** Of 500 packets it lacks one in a hundred. */
const lacking = [inputOf({ packets: 500, endsAt: at(seconds(END)), damage: { ...createDamage(), unseenSegments: 5 } })];

/** They have waited for 4.7 s when the capture ends. */
const open = (count: number): Lookup[] =>
  Array.from({ length: count }, (_, index) => {
    const startedAt = at(seconds(END - 4.7));
    return lookupOf({
      id: `0.o${index}`,
      startedAt,
      duration: seconds(4.7),
      endBecause: 'captureEnd',
      durationIsLowerBound: true,
      outcome: 'incomplete',
      attempts: [attemptOf({ sentAt: startedAt, clientPort: 50_000 + index, ...unanswered })],
    });
  });

const answered = new Scenario().pair(9).lookups;
const since = new Scenario().ask([{}], { id: '0.since', startedAt: at(seconds(END - 2)) }).lookups;

ruleTester(rule, {
  finds: [
    {
      name: 'many that nobody has asked again in a capture that lacks packets, and no answer came since: an outage',
      lookups: [...answered, ...open(6)],
      inputs: lacking,
      reports: [{ message: 'open', count: 6, onlyInfo: false }],
    },
    {
      name: 'in a capture that lacks packets, what was asked again',
      lookups: [...new Scenario().pair(9).lostFirst().lookups, ...open(6), ...since],
      inputs: lacking,
      reports: [{ message: 'lost', count: 1, because: /the capture itself lacks 5 packets/ }],
    },
    {
      name: 'in a capture that lacks none, all of them',
      lookups: [...answered, ...open(6), ...since],
      inputs: [inputOf({ endsAt: at(seconds(END)) })],
      reports: [{ message: 'open', count: 6 }],
    },
  ],
  clear: [
    {
      name: 'many that nobody has asked again in a capture that lacks packets, and answers came since',
      lookups: [...answered, ...open(6), ...since],
      inputs: lacking,
    },
  ],
});
