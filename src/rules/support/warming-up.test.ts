import { expect, it } from 'vitest';
import { atMs } from '../../model/testing/rows.ts';
import upstreamSlow from '../upstream-slow.ts';
import { isHabit } from './subjects.ts';
import { ruleTester } from './testing/rule-tester.ts';
import { Traffic } from './testing/traffic.ts';
import { isWarmingUp } from './warming-up.ts';

it.each([
  ['a few in the first second', 500, 5000, 2, 100, true],
  ['one that comes later', 1500, 5000, 2, 100, false],
  ['a tenth of all', 500, 5000, 10, 100, true],
  ['more than a tenth: the second is the capture', 500, 5000, 11, 100, false],
  ['the first half of a short capture', 500, 1000, 2, 100, true],
  ['all over a short capture', 900, 1500, 5, 280, false],
])('warming up: %s', (_, lastAt, endsAt, count, of, expected) => {
  expect(isWarmingUp(atMs(0), atMs(lastAt), atMs(endsAt), count, of)).toBe(expected);
});

it.each([
  [19, 19, false],
  [20, 20, true],
  [10, 20, false],
  [11, 20, true],
])('%i of %i: a habit %s', (count, of, expected) => expect(isHabit(count, of)).toBe(expected));

ruleTester(upstreamSlow, {
  clear: [{ name: 'quick from the first call on', ...new Traffic().calls(40).rows }],
  finds: [
    {
      name: 'one of them that was quick between two slow ones: another worker is cold still',
      ...new Traffic().call({ takes: 300 }).call().call({ takes: 300 }).calls(40).rows,
      reports: [{ count: 2, onlyInfo: true }],
    },
    {
      name: 'first calls of a path, after quick ones of another',
      ...new Traffic().calls(10).calls(2, { takes: 200 }, { path: '/list' }).calls(60, {}, { path: '/list' }).rows,
      reports: [{ count: 2, onlyInfo: true }],
    },
    {
      name: 'early in a short capture, and quick ones before them: nothing was cold',
      ...new Traffic().calls(5).call({ takes: 200 }).calls(3).call({ takes: 200 }).calls(40).rows,
      reports: [{ count: 2, onlyInfo: false }],
    },
  ],
});
