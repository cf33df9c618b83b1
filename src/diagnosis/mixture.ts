import type { Outlook } from './outlook.ts';

/** Durations that each count for a part. */
export interface Mixture {
  readonly count: number;
  readonly total: number;
  readonly max: number;
  quantile(share: number): number;
}

/**
 * Requests of which a share still meet the cause, whichever: what one of two settings leaves holds
 * for some of the time, and then for all of them.
 */
export function mixtureOf({ before, after }: Pick<Outlook, 'before' | 'after'>, remains: number): Mixture {
  const parts = [
    ...before.map((duration) => ({ duration, weight: remains })),
    ...after.map((duration) => ({ duration, weight: 1 - remains })),
  ]
    .filter(({ weight }) => weight > 0)
    .toSorted((a, b) => a.duration - b.duration);
  return {
    count: before.length,
    total: parts.reduce((sum, { duration, weight }) => sum + duration * weight, 0),
    max: parts.at(-1)?.duration ?? 0,
    quantile(share) {
      let left = share * before.length;
      for (const { duration, weight } of parts) {
        left -= weight;
        // Weights add up with the rounding of their last digits.
        if (left <= ROUNDING) return duration;
      }
      return parts.at(-1)?.duration ?? 0;
    },
  };
}

const ROUNDING = 1e-9;
