import { expect, it } from 'vitest';
import { addTo, groupBy, keptOf } from './group-by.ts';

it('groups in order of first appearance, and takes more', () => {
  const groups = groupBy([3, 1, 13, 11, 2], (value) => value % 10);
  addTo(groups, 4, 4);
  addTo(groups, 1, 21);
  expect([...groups]).toEqual([
    [3, [3, 13]],
    [1, [1, 11, 21]],
    [2, [2]],
    [4, [4]],
  ]);
});

it('keeps one value of each key, and none of a new one beyond so many', () => {
  const kept = new Map<string, number[]>();
  const of = (key: string): number[] | undefined => keptOf(kept, key, 2, () => []);
  of('a')?.push(1);
  of('b')?.push(2);
  of('a')?.push(3);
  expect(of('c')).toBeUndefined();
  expect([...kept]).toEqual([
    ['a', [1, 3]],
    ['b', [2]],
  ]);
});
