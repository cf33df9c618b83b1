import { expect, it } from 'vitest';
import { atMs } from '../../model/testing/rows.ts';
import { isHabit } from './subjects.ts';
import { isWarmingUp } from './warming-up.ts';

it.each([
  ['a few in the first second', 500, 2, 100, true],
  ['one that comes later', 1500, 2, 100, false],
  ['a tenth of all', 500, 10, 100, true],
  ['more than a tenth: the second is the capture', 500, 11, 100, false],
])('warming up: %s', (_, lastAt, count, of, expected) => {
  expect(isWarmingUp(atMs(0), atMs(lastAt), count, of)).toBe(expected);
});

it.each([
  [19, 19, false],
  [20, 20, true],
  [10, 20, false],
  [11, 20, true],
])('%i of %i: a habit %s', (count, of, expected) => expect(isHabit(count, of)).toBe(expected));
