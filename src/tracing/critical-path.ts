import { endOf, nanoseconds, type Duration, type Timestamp } from '../base/time.ts';

/** A stretch of time; nothing lasts less than nothing. */
export interface Stretch {
  startedAt: Timestamp;
  duration: Duration;
}

/**
 * What of each wait lies on the critical path of the whole: every instant counts for the wait
 * among those under way that ends last, for it is that one which the request goes on after. So
 * parallel waits share no instant, and what no wait covers is the request's own time.
 * @returns a duration for each wait, in their order; their sum is at most the whole's duration
 */
export function criticalShares(whole: Stretch, waits: readonly Stretch[]): Duration[] {
  if (waits.length === 0) return [];
  const only = waits[0];
  // Nearly all calls of a client wait for their answer and nothing else.
  if (
    waits.length === 1 &&
    only !== undefined &&
    only.startedAt === whole.startedAt &&
    only.duration === whole.duration
  ) {
    return [whole.duration];
  }
  const shares = waits.map(() => 0);
  const from = whole.startedAt;
  const until = endOf(whole);
  const clip = (time: number): number => Math.min(until, Math.max(from, time));
  // From the end backwards: the wait that ends last covers all of itself, the next what is left of it.
  const order = waits
    .map((wait, index) => ({ index, start: clip(wait.startedAt), end: clip(endOf(wait)) }))
    .toSorted((a, b) => b.end - a.end || a.start - b.start || a.index - b.index);
  let covered: number = until;
  // Stretches behind `covered` are told; a wait that ends there may begin before another that ends earlier.
  for (const { index, start, end } of order) {
    const last = Math.min(end, covered);
    if (last <= start) continue;
    shares[index] = last - start;
    covered = start;
  }
  return shares.map(nanoseconds);
}

/** What no wait covers. */
export const ownTime = (whole: Stretch, shares: readonly Duration[]): Duration =>
  nanoseconds(shares.reduce((left, share) => left - share, whole.duration as number));
