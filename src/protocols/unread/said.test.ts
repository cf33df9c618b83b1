import { expect, it } from 'vitest';
import { arrivalOf } from '../testing/connection.ts';
import { SaidSoFar } from './said.ts';

const many = (said: SaidSoFar, count: number): void => {
  for (let number = 1; number <= count; number++) said.heard('server', 10, arrivalOf(number));
};

it('so much is remembered of one connection, and forgotten when it is taken', () => {
  const all = { said: 0 };
  const said = new SaidSoFar(all);
  many(said, 70);
  expect(all.said).toBe(64);
  expect(said.take()).toHaveLength(64);
  expect(all.said).toBe(0);
  expect(said.take()).toEqual([]);
});

it('so much is remembered of all, and turns are counted all the same', () => {
  const all = { said: (1 << 16) - 1 };
  const said = new SaidSoFar(all);
  many(said, 3);
  expect(said.take()).toHaveLength(1);
  for (let turn = 0; turn < 8; turn++) {
    expect(said.areManyTurns).toBe(false);
    said.heard('client', 10, arrivalOf(1));
    said.heard('server', 10, arrivalOf(1));
  }
  expect(said.areManyTurns).toBe(true);
});
