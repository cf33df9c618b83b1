import { at, seconds } from '../../../base/time.ts';
import { createDamage } from '../../../model/input.ts';
import { RR_TYPE } from '../../../model/lookup.ts';
import { inputOf } from '../../../model/testing/rows.ts';
import rule from '../../dns-dead-server.ts';
import { ruleTester } from '../testing/rule-tester.ts';
import { Scenario } from '../testing/scenario.ts';

ruleTester(rule, {
  clear: [{ name: 'all were answered', lookups: new Scenario().pair(9).lookups }],
  finds: [
    {
      name: 'nobody listens, as ICMP says, and whatever a capture lacks, that did not come from it',
      lookups: new Scenario().ask(
        [
          { answered: null, unreachable: 0.2 },
          { type: RR_TYPE.AAAA, sent: 0.03, answered: null, unreachable: 0.3 },
        ],
        { lasts: 0.4, outcome: 'timeout' },
      ).lookups,
      inputs: [inputOf({ packets: 500, endsAt: at(seconds(100)), damage: { ...createDamage(), unseenQuestions: 9 } })],
      reports: [{ message: 'closed', count: 1, onlyInfo: false }],
    },
  ],
});
