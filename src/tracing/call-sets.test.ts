import { expect, test } from 'vitest';
import { CallSets } from './call-sets.ts';

const learned = (...sets: readonly number[]): CallSets => {
  const known = new CallSets();
  for (const set of sets) known.learn(set, 1, 4);
  return known;
};

test('where requests make the same calls, others are unlikely', () => {
  const sets = learned(...Array.from({ length: 98 }, () => 1), 2, 3);
  expect(sets.share(1, 0)).toBeCloseTo(0.95, 1);
  expect(sets.share(9, 0)).toBeLessThan(0.01);
});

test('where each makes others, what was never seen is as likely as what was seen once', () => {
  const sets = learned(...Array.from({ length: 100 }, (_, number) => number));
  expect(sets.share(999, 0) / sets.share(5, 0)).toBeCloseTo(1, 1);
});

test('what only the asker did is to others like what nobody did', () => {
  const sets = learned(...Array.from({ length: 98 }, () => 1), 2);
  expect(sets.share(2, 1)).toBeLessThan(sets.share(2, 0) / 1.6);
  expect(sets.share(2, 1)).toBeLessThan(0.01);
});

test('what is taken back was never learned', () => {
  const sets = learned(1, 1, 2, 3);
  for (const set of [4, 2]) sets.learn(set, 1, 4);
  for (const set of [2, 4]) sets.learn(set, -1, 4);
  const plain = learned(1, 1, 2, 3);
  for (const set of [1, 2, 3, 4]) expect(sets.share(set, 0)).toBe(plain.share(set, 0));
});

test('what nobody else did is the rarer the larger it is, and what others did is not', () => {
  const sets = learned(...Array.from({ length: 98 }, () => 1), 2, 2);
  sets.learn(3, 1, 40);
  expect(sets.logLarge(9, 0, 16)).toBe(0);
  expect(sets.logLarge(3, 0.8, 40)).toBeLessThan(-20);
  expect(sets.logLarge(9, 0, 80)).toBeLessThan(2 * sets.logLarge(9, 0, 40));
  expect(sets.logLarge(2, 0.8, 40)).toBe(0);
});
