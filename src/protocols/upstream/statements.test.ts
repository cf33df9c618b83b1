import { expect, it } from 'vitest';
import { remember } from './statements.ts';

it('forgets the oldest of many, and none for one that is prepared again and again', () => {
  const statements = new Map<string, string>();
  for (let index = 0; index < 1023; index++) remember(statements, `s${index}`, 'SELECT');
  for (let index = 0; index < 50; index++) remember(statements, '', 'UPDATE');
  expect([statements.size, statements.has('s0')]).toEqual([1024, true]);
  remember(statements, 's0', 'DELETE');
  remember(statements, 'one more', 'SELECT');
  expect([statements.size, statements.get('s0'), statements.has('s1')]).toEqual([1024, 'DELETE', false]);
});
