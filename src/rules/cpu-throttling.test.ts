import rule from './cpu-throttling.ts';
import { ruleTester } from './support/testing/rule-tester.ts';
import { clients, GRID, PAUSES } from './support/testing/pausing.ts';
import { Traffic } from './support/testing/traffic.ts';

ruleTester(rule, {
  finds: [
    {
      name: 'stretches that end at one phase of 100 ms',
      ...clients(3, GRID),
      reports: [
        {
          message: 'stopped',
          says: /stood still 12 times and went on at steps of 100 ms/,
          count: 36,
          confidence: 'possible',
          because: /cpu\.stat/,
          settings: [/limits\.cpu|used up/, /100(\.0+)? ms/],
          fixes: [/limits\.cpu/, /GOMAXPROCS/],
        },
      ],
    },
  ],
  clear: [
    { name: 'pauses at no regular times', ...clients(3, PAUSES) },
    { name: 'four on the grid: chance', ...clients(3, GRID.slice(0, 4)) },
    { name: 'calls that take 100 ms each, by design', ...clients(4, [], 100) },
    { name: 'one client at a time', ...clients(1, GRID) },
  ],
  unobservable: [{ name: 'no call', ...new Traffic().call({}, { shape: 'stream' }).rows, why: /no answered call/ }],
});
