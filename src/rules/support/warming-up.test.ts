import { expect, it } from 'vitest';
import { atMs } from '../../model/testing/rows.ts';
import { isHabit } from './subjects.ts';
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
