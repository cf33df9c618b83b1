import type { FigureChange, LatencyComparison } from '../model/comparison.ts';
import type { Sampled, SampledRows, Samples } from '../model/samples.ts';
import { createResampler, ratioInterval, type Estimate, type Figure, type Resampler } from './bootstrap.ts';
import { failuresOf } from './failures.ts';
import { judge, judgingConfidence, leastThatMatters, SHOWN_CONFIDENCE, together, wouldDo } from './judge.ts';
import { kindOf, pairKinds, type Pair, type Pairing } from './kinds.ts';
import { commonWeights, countOf, distanceOf, isMostlyCommon } from './mix.ts';
import { asTheyCame, seriesOf, type Weights } from './side.ts';

/** Outermost first: what callers wait for, then what that waits for. */
const OUTERMOST_FIRST: readonly Sampled[] = ['requests', 'inbound', 'outbound', 'calls', 'lookups'];

/** Of 5 not even the range from least to most holds the median in 95 % of all cases; blocks need some more. */
export const LEAST_ROWS = 10;
// Of 299, one in twenty captures has none beyond the p99: 0.99^299 = 0.0495.
const LEAST_FOR_P99 = 300;

interface Sides<Value> {
  before: Value;
  after: Value;
}

/** Compares what both sides have of each: requests, exchanges by their direction, lookups. */
export function compareLatencies(before: Samples, after: Samples): LatencyComparison[] {
  const both = OUTERMOST_FIRST.flatMap((of) => {
    const ours = before.find((rows) => rows.of === of);
    const theirs = after.find((rows) => rows.of === of);
    return ours === undefined || theirs === undefined ? [] : [{ before: ours, after: theirs }];
  });
  const [outermost] = both;
  const shown = both.filter((rows) => outermost === undefined || rows === outermost || !isTheSame(rows, outermost));
  return shown.map((rows) => compareRows(rows, shown.length));
}

/** Requests are the calls that came in, or at a client those that went out, with what they waited for before: once is enough. */
const isTheSame = (rows: Sides<SampledRows>, requests: Sides<SampledRows>): boolean =>
  requests.before.of === 'requests' &&
  rows.before.of !== 'lookups' &&
  rows.before.count === requests.before.count &&
  rows.after.count === requests.after.count;

function compareRows({ before, after }: Sides<SampledRows>, classes: number): LatencyComparison {
  const pairing = pairKinds(before, after);
  const likeWithLike = before.of !== 'lookups' || isMostlyCommon(before, after, pairing);
  const weights = likeWithLike
    ? commonWeights(before, after, pairing)
    : { before: asTheyCame(before), after: asTheyCame(after) };
  const sides = { before: sideOf(before, weights.before, 1), after: sideOf(after, weights.after, 2) };
  const changes = changesOf(sides, figuresFor(sides), classes);
  const failures = failuresOf(before, after, weights, classes);
  return {
    of: before.of,
    verdict: verdictOf(changes, failures.verdict),
    before: { count: before.count, compared: sides.before.count, blockLength: sides.before.resampler.blockLength },
    after: { count: after.count, compared: sides.after.count, blockLength: sides.after.resampler.blockLength },
    changes,
    failures,
    mix: {
      likeWithLike,
      distance: distanceOf(before, after, pairing),
      rawChange: rawChangeOf(before, after),
      onlyBefore: pairing.onlyBefore.map((index) => oneSided(before, index)),
      onlyAfter: pairing.onlyAfter.map((index) => oneSided(after, index)),
    },
    kinds: likeWithLike ? kindsOf(before, after, pairing, classes) : [],
  };
}

interface Side {
  count: number;
  resampler: Resampler;
}

function sideOf(rows: SampledRows, weights: Weights, seed: number): Side {
  const series = seriesOf(rows, weights);
  return { count: series.values.length, resampler: createResampler(series, seed) };
}

function figuresFor({ before, after }: Sides<Side>): readonly Figure[] {
  const least = Math.min(before.count, after.count);
  if (least < LEAST_ROWS) return [];
  return least < LEAST_FOR_P99 ? ['p50', 'p90', 'mean'] : ['p50', 'p90', 'p99', 'mean'];
}

function changesOf({ before, after }: Sides<Side>, figures: readonly Figure[], classes: number): FigureChange[] {
  if (figures.length === 0) return [];
  const replicates = { before: before.resampler.replicates(), after: after.resampler.replicates() };
  return figures.map((figure) => {
    const ours = estimateOf(before.resampler, replicates.before, figure);
    const theirs = estimateOf(after.resampler, replicates.after, figure);
    const shown = ratioInterval(ours, theirs, SHOWN_CONFIDENCE);
    const strict = ratioInterval(ours, theirs, judgingConfidence(figures.length * classes));
    const matters = leastThatMatters(figure, ours.value);
    const drift = Math.max(before.resampler.drift[figure], after.resampler.drift[figure]);
    const verdict = judge(shown, strict, matters, drift);
    const least = Math.min(before.count, after.count);
    return {
      figure,
      beforeSeconds: ours.value,
      afterSeconds: theirs.value,
      ...shown,
      drift: Math.expm1(drift),
      verdict,
      wouldDo: verdict === 'undecided' ? wouldDo(shown, strict, matters, least, drift) : null,
    };
  });
}

const estimateOf = (
  { figures, blocks }: Resampler,
  replicates: ReturnType<Resampler['replicates']>,
  figure: Figure,
): Estimate => ({ value: figures[figure], replicates: replicates[figure], blocks });

function verdictOf(
  changes: readonly FigureChange[],
  failures: LatencyComparison['verdict'],
): LatencyComparison['verdict'] {
  if (failures === 'worse') return 'worse';
  const verdict = together(changes.map((change) => change.verdict));
  return failures === 'improved' && verdict !== 'worse' ? 'improved' : verdict;
}

/** How the p50 changed if what is asked for is left as it came. */
function rawChangeOf(before: SampledRows, after: SampledRows): number | null {
  const ours = sideOf(before, asTheyCame(before), 1).resampler.figures.p50;
  const theirs = sideOf(after, asTheyCame(after), 2).resampler.figures.p50;
  return ours > 0 ? theirs / ours - 1 : null;
}

const oneSided = (rows: SampledRows, index: number) => ({
  kind: kindOf(rows.kinds[index]!),
  count: rows.kinds[index]!.count,
});

function kindsOf(
  before: SampledRows,
  after: SampledRows,
  { pairs }: Pairing,
  classes: number,
): LatencyComparison['kinds'] {
  const kinds = pairs.map((pair) => kindChange(before, after, pair, classes * pairs.length));
  return kinds.toSorted((a, b) => timeOf(b) - timeOf(a) || b.before - a.before);
}

const timeOf = ({ before, p50 }: LatencyComparison['kinds'][number]): number => before * (p50?.beforeSeconds ?? 0);

function kindChange(
  before: SampledRows,
  after: SampledRows,
  pair: Pair,
  looks: number,
): LatencyComparison['kinds'][number] {
  const sides = {
    before: sideOf(before, asTheyCame(before, pair.before), 1),
    after: sideOf(after, asTheyCame(after, pair.after), 2),
  };
  const figures = figuresFor(sides).filter((figure) => figure === 'p50');
  return {
    kind: kindOf(before.kinds[pair.before[0]!]!),
    before: countOf(before, pair.before),
    after: countOf(after, pair.after),
    p50: changesOf(sides, figures, looks)[0] ?? null,
  };
}
