import type { Change } from '../model/comparison.ts';
import type { Figure, Interval } from './bootstrap.ts';

/**
 * What nobody would act on: two captures of one system, made one after the other, differ by as
 * much. The typical figure is steadier than the tail.
 */
const MATTERS: Readonly<Record<Figure, number>> = { p50: 0.1, p90: 0.2, p99: 0.3, mean: 0.2 };
// Below this no caller notices, and the machine's own noise is as large.
const MATTERS_SECONDS = 0.001;

export const SHOWN_CONFIDENCE = 0.95;
/** All intervals together may be wrong as often as one of 95 % (Bonferroni). */
export const judgingConfidence = (looks: number): number => 1 - (1 - SHOWN_CONFIDENCE) / Math.max(1, looks);

/** The least change of a figure that matters, as a share of before. */
export const leastThatMatters = (figure: Figure, beforeSeconds: number): number =>
  Math.max(MATTERS[figure], MATTERS_SECONDS / Math.max(beforeSeconds, 1e-9));

/**
 * Improved or worse only where chance explains neither that it changed, all figures taken together,
 * nor that it matters at all. Equal where what matters lies outside of the interval that is shown.
 */
export function judge(shown: Interval, strict: Interval, matters: number): Change {
  const least = -matters / (1 + matters);
  if (strict.high < 0 && shown.change <= least) return 'improved';
  if (strict.low > 0 && shown.change >= matters) return 'worse';
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
export function wouldDo(shown: Interval, strict: Interval, matters: number, count: number): number | null {
  const distance = Math.abs(logarithm(shown.change));
  const edge = logarithm(matters);
  const isChange = distance >= edge;
  const width = widthOf(isChange ? strict : shown);
  const toTell = isChange ? distance : Math.max(edge - distance, edge * NEAREST);
  const wanted = count * (width / toTell) ** 2;
  return Number.isFinite(wanted) && wanted <= MOST ? roundedUp(Math.max(wanted, count + 1)) : null;
}

const logarithm = (share: number): number => Math.log(Math.max(1 + share, 1e-9));
const widthOf = ({ low, high }: Interval): number => (logarithm(high) - logarithm(low)) / 2;

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
