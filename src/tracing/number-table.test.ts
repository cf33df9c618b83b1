import { expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { NumberTable } from './number-table.ts';

it('has what a map has, however many there are and wherever they lie', () => {
  const random = seededRandom(1);
  const table = new NumberTable<string>();
  const map = new Map<number, string>();
  for (let round = 0; round < 5000; round++) {
    const key = Math.floor(random() * 2 ** (1 + (round % 26)));
    expect(table.get(key)).toBe(map.get(key));
    table.set(key, `${round}`);
    map.set(key, `${round}`);
  }
  expect(table.size).toBe(map.size);
  for (const [key, value] of map) expect(table.get(key)).toBe(value);
  expect(new Map(table.entries())).toEqual(map);
});
