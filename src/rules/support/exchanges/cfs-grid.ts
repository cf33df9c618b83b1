import { milliseconds } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
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
// The kubelet sets the limit on the pod's cgroup and on the container's within it, and each has a period that began
// when it did: a process goes on with the one or the other. That is told from what has a period of 50 ms itself by
// the two not being just half a period apart and used alike, more than chance explains once in a hundred.
const PHASES = [1, 2] as const;
const LEAST_Z_OF_WHOLE = Math.log(100);
// Work in turns of about 100 ms is concentrated as well until it drifts apart: another period explains it
// better then, as much as twenty times likelier. Periods differ where they part by a turn over all stretches.
const BETTER = Math.log(20);
const STEPS = 8;
const STEPS_TO_PART = 4;
// Calls of one length that come at a steady pace end on a grid as well: of a throttled process some take
// a period or two more than others.
const LEAST_OF_LENGTH = 3;
const LEAST_LENGTHS = 2;
// Who asks at a steady pace is answered at one as well: its asks are nearly all at one phase, and more of them than of
// its answers, which take a little more or less. Where the next ask waits for an answer they are less so (0.94 and below
// for processes under a limit, 0.99 and more for asks at a pace).
const PACED = 0.97;
const ROUNDING = 1e-6;

/** Times that lie on a grid of the CFS period. */
export interface CfsGrid {
  /** Of one cgroup's period, or of a pod's and its container's. */
  readonly phases: (typeof PHASES)[number];
  readonly concentration: number;
}

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

/** The grid of the CFS period on which the many stretches end of a process that stops in nearly every period. */
export function gridThroughout(stretches: readonly Pick<Pause, 'until'>[]): CfsGrid | null {
  const phases = PHASES.find((count) => isOnGridOf(stretches, count));
  return phases === undefined ? null : { phases, concentration: concentrationOf(stretches, CFS_PERIOD / phases) };
}

function isOnGridOf(stretches: readonly Pick<Pause, 'until'>[], phases: CfsGrid['phases']): boolean {
  const [first, last] = [stretches[0], stretches.at(-1)];
  if (first === undefined || last === undefined || stretches.length < LEAST_STRETCHES) return false;
  const zOf = (period: number): number => stretches.length * concentrationOf(stretches, period) ** 2;
  const period = CFS_PERIOD / phases;
  const z = zOf(period);
  if (concentrationOf(stretches, period) < LEAST_CONCENTRATION_THROUGHOUT || z < LEAST_Z_THROUGHOUT) return false;
  if (phases > 1 && zOf(CFS_PERIOD) < LEAST_Z_OF_WHOLE) return false;
  const parting = period ** 2 / (last.until - first.until);
  for (let step = -STEPS; step <= STEPS; step++) {
    if (zOf(period + (step * parting) / STEPS_TO_PART) > z + BETTER) return false;
  }
  return true;
}

/** Whether some calls take a period or two more than others. */
export function hasLengths(calls: readonly Exchange[]): boolean {
  const lengths = new Map<number, number>();
  for (const { firstByteAt, requestedAt } of calls) {
    const periods = Math.round((firstByteAt - requestedAt) / CFS_PERIOD);
    lengths.set(periods, (lengths.get(periods) ?? 0) + 1);
  }
  return [...lengths.values()].filter((count) => count >= LEAST_OF_LENGTH).length >= LEAST_LENGTHS;
}

/** Whether calls were asked at a pace of their own, whose phase their answers have from them. */
export function isPaced(calls: readonly Exchange[]): boolean {
  const asks = concentrationOf(calls.map(({ requestedAt }) => ({ until: requestedAt })));
  return asks >= PACED && asks > concentrationOf(calls.map(({ firstByteAt }) => ({ until: firstByteAt }))) + ROUNDING;
}

function isConcentrated(pauses: readonly Pick<Pause, 'until'>[], leastZ: number): boolean {
  const concentration = concentrationOf(pauses);
  return concentration >= LEAST_CONCENTRATION && pauses.length * concentration ** 2 >= leastZ;
}
