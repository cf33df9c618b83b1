import { Random } from '../base/random.ts';
import { blockLength } from './block-length.ts';
import { studentQuantile } from './student.ts';

/** Durations in seconds in order of their start, each of a kind that weighs so much. */
export interface Series {
  readonly values: Float64Array;
  /** In seconds. */
  readonly starts: Float64Array;
  /** Of each value, an index into the weights. */
  readonly kinds: Int32Array;
  /** What share of all each kind stands for; sums to 1. */
  readonly weights: readonly number[];
}

const FIGURES = ['p50', 'p90', 'p99', 'mean'] as const;
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
  /** How many of them there are. */
  readonly blocks: number;
  /** How each figure changed from the first half of the series to the second, as a logarithm without sign. */
  readonly drift: Figures;
  /** Each figure in each of the replicates. */
  replicates(): Readonly<Record<Figure, Float64Array>>;
}

/**
 * The stationary bootstrap (Politis and Romano, JASA 89, 1994): what the figures might have been,
 * had the capture been made at another moment. Requests of one capture are not independent: a slow
 * second is slow for all in it. So neighbours are drawn together, in blocks of random length whose
 * mean is chosen for the series. Each kind counts by its weight, whatever was drawn of it.
 */
export function createResampler(series: Series, seed: number, replicates = REPLICATES): Resampler {
  const { values, kinds } = series;
  const count = values.length;
  const order = Uint32Array.from(values.keys()).toSorted((a, b) => values[a]! - values[b]!);
  const mean = lengthOfBlocks(series);
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
  drawn.fill(0, count >> 1);
  const first = figuresOf();
  drawn.fill(1, count >> 1).fill(0, 0, count >> 1);
  const second = figuresOf();
  return {
    figures,
    blockLength: mean,
    blocks: count / mean,
    drift: mapFigures((figure) => Math.abs(logarithm(second[figure]) - logarithm(first[figure]))),
    replicates() {
      const random = Random.of(seed);
      const drawnFigures = mapFigures(() => new Float64Array(replicates));
      for (let replicate = 0; replicate < replicates; replicate++) {
        drawn.fill(0);
        let at = 0;
        for (let left = 0; left < count; left++) {
          at = left === 0 || random.share() * mean < 1 ? random.below(count) : (at + 1) % count;
          drawn[at]!++;
        }
        const found = figuresOf();
        for (const figure of FIGURES) drawnFigures[figure][replicate] = found[figure];
      }
      return drawnFigures;
    },
  };
}

const mapFigures = <Value>(make: (figure: Figure) => Value): Record<Figure, Value> => ({
  p50: make('p50'),
  p90: make('p90'),
  p99: make('p99'),
  mean: make('mean'),
});

/**
 * Blocks as long as neighbours depend on one another, which a short series hides: never shorter
 * than the root of third degree that is best for what is not known (Hall, Horowitz and Jing,
 * Biometrika 82, 1995), nor than what is under way at once, which one slow moment hits together.
 */
function lengthOfBlocks(series: Series): number {
  const count = series.values.length;
  const least = Math.max(Math.cbrt(count), underWayAtOnce(series));
  return Math.max(1, Math.min(count / LEAST_BLOCKS, Math.max(least, blockLength(centred(series)))));
}

// Of fewer, the variance of a mean can't be told at all.
const LEAST_BLOCKS = 3;

/** On average, of those in the series. */
function underWayAtOnce({ starts, values }: Series): number {
  const from = starts[0] ?? 0;
  let until = from;
  let total = 0;
  for (const [index, value] of values.entries()) {
    until = Math.max(until, starts[index]! + value);
    total += value;
  }
  return until > from ? total / (until - from) : 1;
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

/** One figure of one side. */
export interface Estimate {
  value: number;
  replicates: Float64Array;
  /** How many stretches of the capture are independent of one another. */
  blocks: number;
}

/**
 * How a figure changed, with an expanded percentile interval (Hesterberg, "What Teachers Should
 * Know About the Bootstrap", The American Statistician 69, 2015, section 4.1) of the logarithm of
 * the ratio: replicates of few blocks vary less than captures do, by as much as Student's t is
 * wider than the normal distribution. The two captures are independent, so that their replicates
 * are paired freely; their degrees of freedom are Welch's.
 */
export function ratioInterval(before: Estimate, after: Estimate, confidence: number): Interval {
  const ours = before.replicates.map(logarithm);
  const theirs = after.replicates.map(logarithm);
  const ratios = theirs.map((value, index) => value - ours[index]!).toSorted();
  const tail = (1 - confidence) / 2;
  const quantile = (share: number): number =>
    ratios[Math.min(ratios.length - 1, Math.max(0, Math.ceil(share * ratios.length) - 1))] ?? 0;
  const change = logarithm(after.value) - logarithm(before.value);
  const wider = expansion(
    { variance: varianceOf(ours), blocks: before.blocks },
    { variance: varianceOf(theirs), blocks: after.blocks },
    1 - tail,
  );
  return {
    change: Math.expm1(change),
    low: Math.expm1(Math.min(change, change + (quantile(tail) - change) * wider)),
    high: Math.expm1(Math.max(change, change + (quantile(1 - tail) - change) * wider)),
  };
}

const logarithm = (value: number): number => Math.log(Math.max(value, LEAST));

interface Spread {
  variance: number;
  blocks: number;
}

/** How much wider than its replicates an interval must be. */
function expansion(before: Spread, after: Spread, share: number): number {
  const variance = before.variance + after.variance;
  if (variance === 0) return 1;
  const freedom =
    variance ** 2 / (before.variance ** 2 / (before.blocks - 1) + after.variance ** 2 / (after.blocks - 1));
  // What a resampled variance falls short by.
  const shrunken =
    (before.variance * before.blocks) / (before.blocks - 1) + (after.variance * after.blocks) / (after.blocks - 1);
  return (studentQuantile(share, freedom) / studentQuantile(share, INFINITE)) * Math.sqrt(shrunken / variance);
}

// With so many degrees of freedom, Student's t is the normal distribution to six digits.
const INFINITE = 1e6;

function varianceOf(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}
