import upstreamSlow from '../../upstream-slow.ts';
import { ruleTester } from '../testing/rule-tester.ts';
import { Traffic } from '../testing/traffic.ts';

/** Calls of several callers at a time, each this much behind the one before, and quick ones before and after. */
const together = (times: readonly number[], behind = 0, others = 40): Traffic => {
  const traffic = new Traffic().calls(others);
  for (const takes of times) traffic.call({ takes, alongside: true }).wait(behind);
  return traffic.wait(5000).calls(others);
};

ruleTester(upstreamSlow, {
  clear: [{ name: 'all alike', ...new Traffic().calls(40).rows }],
  finds: [
    {
      name: 'a few of many at one moment: a machine without a processor to spare',
      ...together([180, 181, 184]).rows,
      reports: [{ count: 3, onlyInfo: true }],
    },
    {
      name: 'the same one after another',
      ...together([180, 181, 184], 200).rows,
      reports: [{ count: 3, onlyInfo: false }],
    },
    {
      name: 'at one moment that lasts half a second',
      ...together([580, 581, 584]).rows,
      reports: [{ count: 3, onlyInfo: false }],
    },
    {
      name: 'at one moment, and a fifth of all there is',
      ...together([180, 181, 184, 182, 183], 0, 10).rows,
      reports: [{ count: 5, onlyInfo: false }],
    },
  ],
});
