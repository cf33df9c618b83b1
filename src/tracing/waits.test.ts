import { expect, test } from 'vitest';
import { GapDensity } from './gap-density.ts';
import { Waits } from './waits.ts';

test('a wait that has lasted longer than nearly all were is unlikely to last longer still, and never impossible', () => {
  const waits = new Waits(1000);
  const quick = new GapDensity(1000);
  for (let count = 0; count < 75; count++) quick.learn(1e6, 1);
  const slow = new GapDensity(1000);
  for (let count = 0; count < 24; count++) slow.learn(1e7, 1);
  waits.add(quick);
  waits.add(slow);
  expect(Math.exp(waits.logLonger(0))).toBeCloseTo(1, 1);
  expect(Math.exp(waits.logLonger(3e6))).toBeCloseTo(0.25, 1);
  expect(Math.exp(waits.logLonger(1e9))).toBeGreaterThan(0);
  expect(Math.exp(waits.logLonger(1e9))).toBeLessThan(0.02);
});
