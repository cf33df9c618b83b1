/**
 * How long a pause usually is, learned from pauses that were seen: a density over the pause's
 * logarithm, since pauses spread over orders of magnitude, smoothed by a Gaussian kernel whose width
 * narrows as more is known (Silverman's rule, never under the clock's own grain).
 */

// From 1 µs (what captures resolve) to 3 hours, in steps of 2 %: finer than any kernel used.
const ORIGIN = 1_000;
const STEP = 0.02;
const BINS = 1_200;
// Density::Estimation (Silverman 1986), 0.9 · min(spread, IQR / 1.34) · n^(-1/5).
const SILVERMAN = 0.9;
const IQR_OF_NORMAL = 1.34;
const LEAST_WIDTH = 0.02;
const MOST_WIDTH = 0.7;
const KERNEL_REACH = 3.5;
/** Of all pauses so many are like none that was seen: no pause is impossible. */
const SURPRISES = 0.002;
/** ln of the density of a surprise: as likely in each octave from 1 µs to an hour. */
const LOG_FLAT = Math.log(SURPRISES / (BINS * STEP));

/** The coordinate of a pause, in units of {@link STEP}. Pauses below zero (clock grain) count as none. */
const placeOf = (gap: number): number => Math.log1p(Math.max(0, gap) / ORIGIN) / STEP;

export class GapDensity {
  readonly #counts = new Float64Array(BINS);
  #table: Float64Array | null = null;
  /** How much was learned: the sum of weights. */
  weight = 0;

  /** @param gap nanoseconds */
  learn(gap: number, weight: number): void {
    const place = Math.min(BINS - 1, Math.round(placeOf(gap)));
    this.#counts[place] = (this.#counts[place] as number) + weight;
    this.weight += weight;
    this.#table = null;
  }

  /** What was learned so far counts only so much from now on. */
  fade(factor: number): void {
    for (let bin = 0; bin < BINS; bin++) this.#counts[bin] = (this.#counts[bin] as number) * factor;
    this.weight *= factor;
  }

  /** ln of the density per nanosecond. */
  logDensity(gap: number): number {
    const table = (this.#table ??= this.#smoothed());
    const place = placeOf(gap);
    const bin = Math.min(BINS - 2, place | 0);
    const share = Math.min(1, place - bin);
    const inLog = (table[bin] as number) * (1 - share) + (table[bin + 1] as number) * share;
    // d ln(1 + x/ORIGIN) = dx / (ORIGIN + x)
    return inLog - Math.log(ORIGIN + Math.max(0, gap));
  }

  #smoothed(): Float64Array {
    const table = new Float64Array(BINS).fill(LOG_FLAT);
    if (this.weight <= 0) return table;
    const width = this.#width();
    const reach = Math.ceil((KERNEL_REACH * width) / STEP);
    const kernel = Float64Array.from({ length: reach + 1 }, (_, by) => Math.exp(-0.5 * ((by * STEP) / width) ** 2));
    const density = new Float64Array(BINS);
    for (let bin = 0; bin < BINS; bin++) {
      const count = this.#counts[bin] as number;
      if (count === 0) continue;
      // What would reach below zero is reflected: a pause of none is as likely as it looks.
      for (let by = -reach; by <= reach; by++) {
        const to = Math.abs(bin + by);
        if (to < BINS) density[to] = (density[to] as number) + count * (kernel[Math.abs(by)] as number);
      }
    }
    const total = density.reduce((sum, value) => sum + value, 0) * STEP;
    for (let bin = 0; bin < BINS; bin++) {
      const learned = total > 0 ? ((1 - SURPRISES) * (density[bin] as number)) / total : 0;
      table[bin] = Math.log(learned + SURPRISES / (BINS * STEP));
    }
    return table;
  }

  #width(): number {
    let sum = 0;
    let squares = 0;
    for (let bin = 0; bin < BINS; bin++) {
      const count = this.#counts[bin] as number;
      sum += count * bin * STEP;
      squares += count * (bin * STEP) ** 2;
    }
    const mean = sum / this.weight;
    const deviation = Math.sqrt(Math.max(0, squares / this.weight - mean * mean));
    const quartiles = (this.#quantile(0.75) - this.#quantile(0.25)) * STEP;
    const spread = quartiles > 0 ? Math.min(deviation, quartiles / IQR_OF_NORMAL) : deviation;
    const width = SILVERMAN * spread * Math.max(1, this.weight) ** -0.2;
    return Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, width));
  }

  #quantile(share: number): number {
    let below = 0;
    for (let bin = 0; bin < BINS; bin++) {
      below += this.#counts[bin] as number;
      if (below >= share * this.weight) return bin;
    }
    return BINS - 1;
  }
}
