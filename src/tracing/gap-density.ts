/**
 * How long a pause usually is, learned from pauses that were seen: a density over the pause's
 * logarithm, since pauses spread over orders of magnitude, smoothed by a Gaussian kernel whose width
 * narrows as more is known (Silverman's rule).
 */

// From the clock's grain to some 10^10 of it, in steps of 4 %: no coarser than any kernel used.
const STEP = 0.04;
const BINS = 600;
const PAUSES = Float64Array.from({ length: BINS }, (_, bin) => Math.expm1(bin * STEP));
// Silverman 1986: 0.9 · min(deviation, IQR / 1.34) · n^(-1/5).
const SILVERMAN = 0.9;
const IQR_OF_NORMAL = 1.34;
const LEAST_WIDTH = 0.04;
const MOST_WIDTH = 0.7;
const KERNEL_REACH = 3.5;
/** Of all pauses so many are like none that was seen: no pause is impossible… */
const LEAST_SURPRISES = 0.002;
// …and of a few that were seen more can't be said than that the next is new once in so many (Laplace).
const UNSEEN = 1;
// What is known of pauses that are akin counts as much as so many that were seen: few tell little of their spread.
const KIN_WEIGHT = 20;
// Where nothing is known a pause is of the order of a millisecond.
const UNKNOWN_SCALE = 1e6;

export class GapDensity {
  readonly #counts = new Float64Array(BINS);
  /** Nanoseconds that the clock's readings lie apart at least: pauses nearer than that are alike. */
  readonly #grain: number;
  /** What else tells of pauses like these; asked when all of it is learned. */
  readonly #kin: GapDensity | null;
  #table: Float64Array | null = null;
  #density: Float64Array | null = null;
  /** How much was learned: the sum of weights. */
  weight = 0;

  constructor(grain: number, kin: GapDensity | null = null) {
    this.#grain = grain;
    this.#kin = kin;
  }

  /** @param gap nanoseconds; below zero counts as none */
  learn(gap: number, weight: number): void {
    const place = Math.min(BINS - 1, Math.round(this.#placeOf(gap)));
    this.#counts[place] = (this.#counts[place] as number) + weight;
    this.weight += weight;
    this.#table = null;
    this.#density = null;
  }

  /** What was learned so far counts only so much from now on. */
  fade(factor: number): void {
    for (let bin = 0; bin < BINS; bin++) this.#counts[bin] = (this.#counts[bin] as number) * factor;
    this.weight *= factor;
    this.#table = null;
    this.#density = null;
  }

  /** ln of the density per nanosecond. */
  logDensity(gap: number): number {
    const table = (this.#table ??= this.#logarithms());
    const place = this.#placeOf(gap);
    if (place >= BINS - 1) return table[BINS - 1] as number;
    const bin = place | 0;
    const share = place - bin;
    return (table[bin] as number) * (1 - share) + (table[bin + 1] as number) * share;
  }

  /** The coordinate of a pause, in units of {@link STEP}. */
  #placeOf(gap: number): number {
    return Math.log1p(Math.max(0, gap) / this.#grain) / STEP;
  }

  #pauseAt(bin: number): number {
    return this.#grain * (PAUSES[bin] as number);
  }

  /** Of the density, with that of its kin. */
  #logarithms(): Float64Array {
    const own = this.#smoothed();
    if (this.#kin === null) return own.map(Math.log);
    const akin = this.#kin.#smoothed();
    const share = this.weight / (this.weight + KIN_WEIGHT);
    return own.map((density, bin) => Math.log(share * density + (1 - share) * (akin[bin] as number)));
  }

  #smoothed(): Float64Array {
    if (this.#density !== null) return this.#density;
    const table = new Float64Array(BINS);
    const density = this.#kernels();
    const total = density.reduce((sum, value) => sum + value, 0) * STEP;
    const surprises = total > 0 ? Math.max(LEAST_SURPRISES, UNSEEN / (this.weight + 2 * UNSEEN)) : 1;
    const scale = this.weight > 0 ? this.#pauseAt(this.#quantile(0.5)) + this.#grain : UNKNOWN_SCALE;
    for (let bin = 0; bin < BINS; bin++) {
      const pause = this.#pauseAt(bin);
      // d ln(1 + x/grain) = dx / (grain + x)
      const learned = total > 0 ? (density[bin] as number) / total / (this.#grain + pause) : 0;
      // Log-logistic: of the same order as what is usual, with a long tail.
      const surprise = 1 / scale / (1 + pause / scale) ** 2;
      table[bin] = (1 - surprises) * learned + surprises * surprise;
    }
    this.#density = table;
    return table;
  }

  #kernels(): Float64Array {
    const density = new Float64Array(BINS);
    if (this.weight <= 0) return density;
    const width = this.#width();
    const reach = Math.ceil((KERNEL_REACH * width) / STEP);
    const kernel = Float64Array.from({ length: reach + 1 }, (_, by) => Math.exp(-0.5 * ((by * STEP) / width) ** 2));
    for (let bin = 0; bin < BINS; bin++) {
      const count = this.#counts[bin] as number;
      if (count === 0) continue;
      // What would reach below zero is reflected: a pause of none is as likely as it looks.
      for (let by = -reach; by <= reach; by++) {
        const to = Math.abs(bin + by);
        if (to < BINS) density[to] = (density[to] as number) + count * (kernel[Math.abs(by)] as number);
      }
    }
    return density;
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
