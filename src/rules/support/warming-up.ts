import { seconds, type Timestamp } from '../../base/time.ts';

// RULES, Warming up: what comes within the first second of a process or a connection loads
// classes, fills caches and grows pools; it is `info`, unless it repeats.
const WARM_UP = seconds(1);
// Where it is more than a tenth of all there is, the second is the capture and no start.
const WARM_UP_SHARE = 0.1;
// What comes as often in the second half of what was seen as in the first is no matter of the start.
const START = 0.5;

/**
 * All occurrences lie at the start of what was seen, and are few of it.
 * @param startsAt the first thing that was seen of the client, the server or the capture
 * @param lastAt the last occurrence's start
 * @param endsAt the capture's end
 */
export const isWarmingUp = (
  startsAt: Timestamp,
  lastAt: Timestamp,
  endsAt: Timestamp,
  count: number,
  of: number,
): boolean => lastAt - startsAt <= Math.min(WARM_UP, START * (endsAt - startsAt)) && count <= WARM_UP_SHARE * of;

/**
 * Whatever is cold is slow first and quick then. One worker of several is warm before the others are; where more were
 * quick than slow, nothing was cold.
 * @param quickBefore how many of the same kind were answered at once before the last of the slow ones began
 */
export const wasCold = (slow: number, quickBefore: number): boolean => quickBefore <= slow;
