import { at, milliseconds, type Duration, type Timestamp } from '../../base/time.ts';

// What holds up all that lasts at one moment, and nothing before or after it, may be that moment: a machine without a
// processor to spare, a process that starts. As long as this it is worth a person's time all the same.
const LONG = milliseconds(500);

/** When the last of some began, and when the first ended. */
export interface Extent {
  lastAt: Timestamp;
  firstEnd: Timestamp;
}

export const noExtent = (): Extent => ({
  lastAt: at(Number.NEGATIVE_INFINITY),
  firstEnd: at(Number.POSITIVE_INFINITY),
});

export function extend(extent: Extent, from: Timestamp, until: Timestamp): void {
  if (from > extent.lastAt) extent.lastAt = from;
  if (until < extent.firstEnd) extent.firstEnd = until;
}

/** They all lasted at the same time, and none long. */
export function isOneMoment(extents: readonly Extent[], longest: Duration): boolean {
  const lastAt = Math.max(...extents.map((extent) => extent.lastAt));
  const firstEnd = Math.min(...extents.map((extent) => extent.firstEnd));
  return longest < LONG && firstEnd > lastAt;
}

export const AT_ONE_MOMENT = 'all of them at one moment, and none for half a second';
