import { milliseconds } from '../../base/time.ts';
import type { Pause } from './pauses.ts';

// Linux, cpu.cfs_period_us: what Kubernetes sets for every container with a CPU limit.
export const CFS_PERIOD = milliseconds(100);
// Of fewer, times lie on a grid by chance.
const LEAST_PAUSES = 5;
// Rayleigh's test: times at random are that concentrated once in a thousand, exp(-z): a grid is told…
const LEAST_Z = Math.log(1000);
// …or once in twenty: that they are at random is not told either, since CPU limits are more common than that.
const LEAST_DOUBT = Math.log(20);
// And so many of them share a phase that the period explains them, not just some.
const LEAST_CONCENTRATION = 0.7;
// A process that stops in nearly every period answers anywhere in the part in which it runs: its many
// stretches are less concentrated, and far less likely so by chance.
const LEAST_STRETCHES = 20;
const LEAST_Z_THROUGHOUT = Math.log(100_000);
const LEAST_CONCENTRATION_THROUGHOUT = 0.4;
// Work in turns of about 100 ms is concentrated as well until it drifts apart: another period explains it
// better then, as much as twenty times likelier. Periods differ where they part by a turn over all stretches.
const BETTER = Math.log(20);
const STEPS = 8;
const STEPS_TO_PART = 4;

/**
 * Between 0 and 1: how much the ends of pauses share a phase of the CFS period, at whose start a
 * throttled process goes on (Rayleigh's R).
 */
export function concentrationOf(pauses: readonly Pick<Pause, 'until'>[], period: number = CFS_PERIOD): number {
  let cosines = 0;
  let sines = 0;
  for (const { until } of pauses) {
    const angle = (2 * Math.PI * (until % period)) / period;
    cosines += Math.cos(angle);
    sines += Math.sin(angle);
  }
  return pauses.length === 0 ? 0 : Math.hypot(cosines, sines) / pauses.length;
}

/** Whether they end on a grid of the CFS period, more than chance explains. */
export const isOnGrid = (pauses: readonly Pick<Pause, 'until'>[]): boolean =>
  pauses.length >= LEAST_PAUSES && isConcentrated(pauses, LEAST_Z);

/** Whether too few end on a grid of the CFS period for chance to be ruled out. */
export const mayBeOnGrid = (pauses: readonly Pick<Pause, 'until'>[]): boolean =>
  !isOnGrid(pauses) && isConcentrated(pauses, LEAST_DOUBT);

/** Whether the many stretches of a process that stops in nearly every period end on a grid of the CFS period. */
export function isOnGridThroughout(stretches: readonly Pick<Pause, 'until'>[]): boolean {
  const [first, last] = [stretches[0], stretches.at(-1)];
  if (first === undefined || last === undefined || stretches.length < LEAST_STRETCHES) return false;
  const concentration = concentrationOf(stretches);
  const z = stretches.length * concentration ** 2;
  if (concentration < LEAST_CONCENTRATION_THROUGHOUT || z < LEAST_Z_THROUGHOUT) return false;
  const parting = CFS_PERIOD ** 2 / (last.until - first.until);
  for (let step = -STEPS; step <= STEPS; step++) {
    const other = concentrationOf(stretches, CFS_PERIOD + (step * parting) / STEPS_TO_PART);
    if (stretches.length * other ** 2 > z + BETTER) return false;
  }
  return true;
}

function isConcentrated(pauses: readonly Pick<Pause, 'until'>[], leastZ: number): boolean {
  const concentration = concentrationOf(pauses);
  return concentration >= LEAST_CONCENTRATION && pauses.length * concentration ** 2 >= leastZ;
}
