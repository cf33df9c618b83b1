import type { Change } from '../model/comparison.ts';
import type { Figure, Interval } from './bootstrap.ts';

/**
 * What nobody would act on: two captures of one system, made one after the other, differ by as
 * much. The typical figure is steadier than the tail.
 */
const MATTERS: Readonly<Record<Figure, number>> = { p50: 0.15, p90: 0.25, p99: 0.4, mean: 0.25 };
// Below this no caller notices, and the machine's own noise is as large.
const MATTERS_SECONDS = 0.001;

export const SHOWN_CONFIDENCE = 0.95;
/** All intervals together may be wrong as often as one of 95 % (Bonferroni). */
export const judgingConfidence = (looks: number): number => 1 - (1 - SHOWN_CONFIDENCE) / Math.max(1, looks);

/** The least change of a figure that matters, as a share of before. */
export const leastThatMatters = (figure: Figure, beforeSeconds: number): number =>
  Math.max(MATTERS[figure], MATTERS_SECONDS / Math.max(beforeSeconds, 1e-9));

// The middles of two captures, one after the other, lie twice as far apart as those of two halves.
const DRIFT_BETWEEN = 2;

/**
 * Improved or worse only where chance explains neither that it changed, all figures taken together,
 * nor that it matters at all, and only where it is more than a drift that the halves of one capture
 * show (a service that warms up) would have made of it anyway. Equal where what matters lies outside of the interval that is shown.
 */
export function judge(shown: Interval, strict: Interval, matters: number, drift: number): Change {
  const least = -matters / (1 + matters);
  if (Math.abs(logarithm(shown.change)) > DRIFT_BETWEEN * drift) {
    if (strict.high < 0 && shown.change <= least) return 'improved';
    if (strict.low > 0 && shown.change >= matters) return 'worse';
  }
  return shown.low >= least && shown.high <= matters ? 'equal' : 'undecided';
}

// More than this nobody captures for it.
const MOST = 10_000_000;
// A change that is all but exactly what just matters would take forever to tell.
const NEAREST = 0.25;

/**
 * How many on each side would decide: an interval shrinks with the root of their number. It must
 * leave out no change at all where the change matters, and what would matter where it does not.
 */
export function wouldDo(
  shown: Interval,
  strict: Interval,
  matters: number,
  count: number,
  drift: number,
): number | null {
  const distance = Math.abs(logarithm(shown.change));
  const edge = logarithm(matters);
  const isChange = distance >= edge;
  // More of what drifts is more drift.
  if (isChange && DRIFT_BETWEEN * drift >= distance) return null;
  const width = isChange ? towardsNone(strict) : Math.max(towardsNone(shown), awayFromNone(shown));
  const toTell = isChange ? distance : Math.max(edge - distance, edge * NEAREST);
  const wanted = count * (width / toTell) ** 2;
  return Number.isFinite(wanted) && wanted <= MOST ? roundedUp(Math.max(wanted, count + 1)) : null;
}

const logarithm = (share: number): number => Math.log(Math.max(1 + share, 1e-9));

/** How far the interval reaches from the change itself: to the side where nothing changed, and to the other. */
const towardsNone = ({ change, low, high }: Interval): number =>
  change < 0 ? logarithm(high) - logarithm(change) : logarithm(change) - logarithm(low);
const awayFromNone = ({ change, low, high }: Interval): number =>
  change < 0 ? logarithm(change) - logarithm(low) : logarithm(high) - logarithm(change);

/** To two digits. */
function roundedUp(count: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(count)) - 1);
  return Math.ceil(count / unit) * unit;
}

/** Of several figures: one that got worse spoils it, and all must be equal to be equal. */
export function together(verdicts: readonly Change[]): Change {
  if (verdicts.includes('worse')) return 'worse';
  if (verdicts.includes('improved')) return 'improved';
  return verdicts.length > 0 && verdicts.every((verdict) => verdict === 'equal') ? 'equal' : 'undecided';
}
