import { Random } from '../base/random.ts';
import { blockLength } from './block-length.ts';

/** Durations in order of time, each of a kind that weighs so much. */
export interface Series {
  readonly values: Float64Array;
  /** Of each value, an index into the weights. */
  readonly kinds: Int32Array;
  /** What share of all each kind stands for; sums to 1. */
  readonly weights: readonly number[];
}

export const FIGURES = ['p50', 'p90', 'p99', 'mean'] as const;
export type Figure = (typeof FIGURES)[number];
export type Figures = Readonly<Record<Figure, number>>;

// Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), section 13.3: at least 1,000
// for 95 %. Intervals of 99.6 % are read from these, too, and need more.
const REPLICATES = 4000;

/** A series with what all its replicates share. */
export interface Resampler {
  readonly figures: Figures;
  /** Mean length of the blocks that are drawn. */
  readonly blockLength: number;
  /** Each figure in each of the replicates. */
  replicates(): Readonly<Record<Figure, Float64Array>>;
}

/**
 * The stationary bootstrap (Politis and Romano, JASA 89, 1994): what the figures might have been,
 * had the capture been made at another moment. Requests of one capture are not independent: a slow
 * second is slow for all in it. So neighbours are drawn together, in blocks of random length whose
 * mean is chosen for the series. Each kind counts by its weight, whatever was drawn of it.
 */
export function createResampler(series: Series, seed: number): Resampler {
  const { values, kinds } = series;
  const count = values.length;
  const order = Uint32Array.from(values.keys()).toSorted((a, b) => values[a]! - values[b]!);
  const mean = blockLength(centred(series));
  const drawn = new Uint32Array(count);
  const ofKind = new Float64Array(series.weights.length);

  /** The figures where each value counts so many times. */
  const figuresOf = (): Figures => {
    ofKind.fill(0);
    for (let index = 0; index < count; index++) ofKind[kinds[index]!]! += drawn[index]!;
    let total = 0;
    for (let kind = 0; kind < ofKind.length; kind++) {
      // What was not drawn can't be weighed; the others stand for it.
      const times = ofKind[kind]!;
      if (times === 0) continue;
      total += series.weights[kind]!;
      ofKind[kind] = series.weights[kind]! / times;
    }
    const found = { p50: 0, p90: 0, p99: 0, mean: 0 };
    // Sums of shares may fall short of their sum by rounding.
    const nearly = 1 - 1e-12;
    let below = 0;
    let before = 0;
    for (let place = 0; place < count; place++) {
      const index = order[place]!;
      const times = drawn[index]!;
      if (times === 0) continue;
      const share = (times * ofKind[kinds[index]!]!) / total;
      before = below;
      below += share;
      const value = values[index]!;
      found.mean += share * value;
      if (before < 0.5 * nearly && below >= 0.5 * nearly) found.p50 = value;
      if (before < 0.9 * nearly && below >= 0.9 * nearly) found.p90 = value;
      if (before < 0.99 * nearly && below >= 0.99 * nearly) found.p99 = value;
    }
    return found;
  };

  drawn.fill(1);
  const figures = figuresOf();
  return {
    figures,
    blockLength: mean,
    replicates() {
      const random = Random.of(seed);
      const replicates = Object.fromEntries(FIGURES.map((figure) => [figure, new Float64Array(REPLICATES)])) as Record<
        Figure,
        Float64Array
      >;
      for (let replicate = 0; replicate < REPLICATES; replicate++) {
        drawn.fill(0);
        let at = 0;
        for (let left = 0; left < count; left++) {
          at = left === 0 || random.share() * mean < 1 ? random.below(count) : (at + 1) % count;
          drawn[at]!++;
        }
        const found = figuresOf();
        for (const figure of FIGURES) replicates[figure][replicate] = found[figure];
      }
      return replicates;
    },
  };
}

/** Logarithms without what is usual for their kind: what is left is what neighbours may share. */
function centred({ values, kinds, weights }: Series): Float64Array {
  const logarithms = values.map((value) => Math.log(Math.max(value, LEAST)));
  const sums = new Float64Array(weights.length);
  const counts = new Float64Array(weights.length);
  for (const [index, value] of logarithms.entries()) {
    sums[kinds[index]!]! += value;
    counts[kinds[index]!]!++;
  }
  return logarithms.map((value, index) => value - sums[kinds[index]!]! / counts[kinds[index]!]!);
}

// A nanosecond: nothing is quicker, and its logarithm is finite.
const LEAST = 1e-9;

export interface Interval {
  /** Change as a share of before: -0.93 is 93 % less. */
  change: number;
  low: number;
  high: number;
}

/**
 * How a figure changed, with the percentile interval (Efron and Tibshirani, section 13.3) of the
 * ratio after to before: the two captures are independent, so their replicates are paired freely.
 */
export function ratioInterval(
  before: { value: number; replicates: Float64Array },
  after: { value: number; replicates: Float64Array },
  confidence: number,
): Interval {
  const ratios = before.replicates
    .map((value, index) => Math.max(after.replicates[index]!, LEAST) / Math.max(value, LEAST))
    .toSorted();
  const tail = (1 - confidence) / 2;
  const at = (share: number): number =>
    ratios[Math.min(ratios.length - 1, Math.max(0, Math.ceil(share * ratios.length) - 1))]! - 1;
  return {
    change: Math.max(after.value, LEAST) / Math.max(before.value, LEAST) - 1,
    low: at(tail),
    high: at(1 - tail),
  };
}
