import { expect, it } from 'vitest';
import { addTo, groupBy } from './group-by.ts';

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
