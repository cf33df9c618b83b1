import type { SampledRows } from '../model/samples.ts';
import type { Pairing } from './kinds.ts';
import type { Weights } from './side.ts';

// Where kinds change with each capture (generated names), what is alike is no half of it.
const LEAST_IN_COMMON = 0.5;

/** Of each kind as much as before: a change in what is asked for is no change in how fast it is. */
export function commonWeights(
  before: SampledRows,
  after: SampledRows,
  { pairs }: Pairing,
): { before: Weights; after: Weights } {
  const total = pairs.reduce((sum, pair) => sum + countOf(before, pair.before), 0);
  const ours = new Map<number, number>();
  const theirs = new Map<number, number>();
  for (const pair of pairs) {
    const share = countOf(before, pair.before) / Math.max(1, total);
    for (const [weights, rows, indexes] of [
      [ours, before, pair.before],
      [theirs, after, pair.after],
    ] as const) {
      const count = countOf(rows, indexes);
      for (const index of indexes) weights.set(index, (share * rows.kinds[index]!.count) / count);
    }
  }
  return { before: ours, after: theirs };
}

export const countOf = ({ kinds }: SampledRows, indexes: readonly number[]): number =>
  indexes.reduce((sum, index) => sum + kinds[index]!.count, 0);

const listed = ({ kinds }: SampledRows): number => kinds.reduce((sum, { count }) => sum + count, 0);

/** What is alike is most of what there is, on both sides. */
export function isMostlyCommon(before: SampledRows, after: SampledRows, { pairs }: Pairing): boolean {
  const common = (rows: SampledRows, side: 'before' | 'after'): number =>
    pairs.reduce((sum, pair) => sum + countOf(rows, pair[side]), 0) / Math.max(1, listed(rows));
  return common(before, 'before') >= LEAST_IN_COMMON && common(after, 'after') >= LEAST_IN_COMMON;
}

/** Half the sum of differences of shares: the share that is of another kind (total variation distance). */
export function distanceOf(before: SampledRows, after: SampledRows, { pairs, onlyBefore, onlyAfter }: Pairing): number {
  const ours = Math.max(1, listed(before));
  const theirs = Math.max(1, listed(after));
  let sum = countOf(before, onlyBefore) / ours + countOf(after, onlyAfter) / theirs;
  for (const pair of pairs) sum += Math.abs(countOf(before, pair.before) / ours - countOf(after, pair.after) / theirs);
  return sum / 2;
}
