import type { Comparison } from '../model/comparison.ts';
import type { Diagnosis } from '../model/diagnosis.ts';

// What takes less of a request than this on both sides tells nothing.
const LEAST_SHARE = 0.005;
const MOST_ROWS = 8;

/** Where the time of a request went, on average, before and after: by reason and peer, what changed most first. */
export function compareBreakdowns(
  before: Diagnosis['requests'],
  after: Diagnosis['requests'],
): Comparison['breakdown'] {
  if (before.count === 0 || after.count === 0) return [];
  const rows = new Map<string, Comparison['breakdown'][number]>();
  const add = (side: Diagnosis['requests'], take: 'beforeSeconds' | 'afterSeconds'): void => {
    for (const { reason, to, totalSeconds } of side.breakdown) {
      const key = `${reason} ${to ?? ''}`;
      const row = rows.get(key) ?? { reason, to: to ?? '', beforeSeconds: 0, afterSeconds: 0 };
      rows.set(key, { ...row, [take]: totalSeconds / side.count });
    }
  };
  add(before, 'beforeSeconds');
  add(after, 'afterSeconds');
  const least =
    LEAST_SHARE * Math.max(before.latency.totalSeconds / before.count, after.latency.totalSeconds / after.count);
  return [...rows.values()]
    .filter(({ beforeSeconds, afterSeconds }) => Math.max(beforeSeconds, afterSeconds) >= least)
    .toSorted((a, b) => changed(b) - changed(a))
    .slice(0, MOST_ROWS);
}

const changed = ({ beforeSeconds, afterSeconds }: Comparison['breakdown'][number]): number =>
  Math.abs(afterSeconds - beforeSeconds);
