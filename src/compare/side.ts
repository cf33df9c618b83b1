import type { SampledRows } from '../model/samples.ts';
import type { Series } from './bootstrap.ts';

/** How much each kind of a side counts. */
export type Weights = ReadonlyMap<number, number>;

/** All kinds as often as they came. */
export const asTheyCame = ({ kinds }: SampledRows, among: Iterable<number> = kinds.keys()): Weights => {
  const chosen = [...among];
  const total = chosen.reduce((sum, index) => sum + kinds[index]!.count, 0);
  return new Map(chosen.map((index) => [index, kinds[index]!.count / Math.max(1, total)]));
};

/** The sample of those kinds that count, as a series. */
export function seriesOf({ kinds, rows }: SampledRows, weights: Weights): Series {
  const chosen: number[] = [];
  for (const [index, kind] of rows.kind.entries()) if (weights.has(kind)) chosen.push(index);
  return {
    values: Float64Array.from(chosen, (index) => rows.durationSeconds[index] ?? 0),
    starts: Float64Array.from(chosen, (index) => rows.startSeconds[index] ?? 0),
    kinds: Int32Array.from(chosen, (index) => rows.kind[index]!),
    weights: kinds.map((_, kind) => weights.get(kind) ?? 0),
  };
}
