/**
 * How long a pause usually is, learned from pauses that were seen: a density over the pause's
 * logarithm, since pauses spread over orders of magnitude, smoothed by a Gaussian kernel whose width
 * narrows as more is known (Silverman's rule).
 */

// From the clock's grain to some 10^10 of it, in steps of 4 %: no coarser than any kernel used.
const STEP = 0.04;
export const BINS = 600;
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

/** The coordinate of a pause that is so many grains long, in units of {@link STEP}. */
export const placeOf = (grains: number): number => (grains > 0 ? Math.min(BINS - 1, Math.log1p(grains) / STEP) : 0);

export class GapDensity {
  /** By bin, and how much was learned in all: the last. */
  readonly #counts = new Float64Array(BINS + 1);
  /** Where counts are: most densities have few. */
  #low = BINS;
  #high = -1;
  /** Nanoseconds that the clock's readings lie apart at least: pauses nearer than that are alike. */
  readonly #grain: number;
  /** What else tells of pauses like these. */
  readonly #kin: GapDensity | null;
  /** Grows with all that is learned or forgotten. */
  #revision = 0;
  /** Densities by bin, NaN until they are asked for, since most never are; of these revisions of this one and its kin. */
  readonly #ofAll = new Float64Array(BINS);
  #allRevision = -1;
  /** The same without what one asker taught; how much that was is the last. */
  readonly #ofOthers = new Float64Array(BINS + 1);
  #othersRevision = -1;
  /** What was learned by bin, each smeared over its neighbours: one counts once where it lies… */
  readonly #smoothedCounts = new Float64Array(BINS);
  #smoothed = -1;
  /** …and so much in all. */
  #spread = Number.NaN;
  #scale = Number.NaN;

  constructor(grain: number, kin: GapDensity | null = null) {
    this.#grain = grain;
    this.#kin = kin;
  }

  /** How much was learned: the sum of weights. */
  get weight(): number {
    return this.#counts[BINS] as number;
  }

  /**
   * @param gap nanoseconds; below zero counts as none
   * @param weight below 0 takes back what was learned
   */
  learn(gap: number, weight: number): void {
    const bin = Math.round(this.#placeOf(gap));
    this.#counts[bin] = (this.#counts[bin] as number) + weight;
    if (bin < this.#low) this.#low = bin;
    if (bin > this.#high) this.#high = bin;
    this.#counts[BINS] = this.weight + weight;
    this.#revision++;
  }

  /** Adds how often pauses were seen, by bin. */
  addTo(counts: Float64Array): void {
    for (let bin = this.#low; bin <= this.#high; bin++)
      counts[bin] = (counts[bin] as number) + (this.#counts[bin] as number);
  }

  forget(): void {
    if (this.#high >= 0) this.#counts.fill(0, this.#low, this.#high + 1);
    this.#low = BINS;
    this.#high = -1;
    this.#counts[BINS] = 0;
    this.#revision++;
  }

  /**
   * The density per nanosecond.
   * @param own how much of it the asker taught with this pause: that tells nothing of it
   */
  density(gap: number, own: number): number {
    const revision = this.#kin === null ? this.#revision : this.#revision + this.#kin.#revision;
    const place = this.#placeOf(gap);
    if (own > 0) return this.#ofOthersAt(Math.round(place), own, revision);
    const densities = this.#ofAll;
    if (this.#allRevision !== revision) {
      densities.fill(Number.NaN);
      this.#allRevision = revision;
    }
    const bin = place | 0;
    let low = densities[bin] as number;
    if (low !== low) densities[bin] = low = this.#mixed(bin, 0);
    const share = place - bin;
    if (share === 0) return low;
    let high = densities[bin + 1] as number;
    if (high !== high) densities[bin + 1] = high = this.#mixed(bin + 1, 0);
    return low + (high - low) * share;
  }

  #ofOthersAt(bin: number, own: number, revision: number): number {
    const densities = this.#ofOthers;
    if (this.#othersRevision !== revision || densities[BINS] !== own) {
      densities.fill(Number.NaN);
      densities[BINS] = own;
      this.#othersRevision = revision;
    }
    let density = densities[bin] as number;
    if (density !== density) densities[bin] = density = this.#mixed(bin, own);
    return density;
  }

  #placeOf(gap: number): number {
    return placeOf(gap / this.#grain);
  }

  #mixed(bin: number, own: number): number {
    const density = this.#densityAt(bin, own);
    if (this.#kin === null) return density;
    const weight = Math.max(0, this.weight - own);
    const share = weight / (weight + KIN_WEIGHT);
    return share * density + (1 - share) * this.#kin.#densityAt(bin, own);
  }

  #densityAt(bin: number, own: number): number {
    if (this.#smoothed !== this.#revision) this.#smooth();
    const pause = this.#pauseAt(bin);
    const weight = Math.max(0, this.weight - own);
    const surprises = weight > 0 ? Math.max(LEAST_SURPRISES, UNSEEN / (weight + 2 * UNSEEN)) : 1;
    const scale = weight > 0 ? this.#scale : UNKNOWN_SCALE;
    // Log-logistic: of the same order as what is usual, with a long tail.
    const surprise = scale / ((scale + pause) * (scale + pause));
    if (weight === 0) return surprise;
    const smoothed = Math.max(0, (this.#smoothedCounts[bin] as number) - own) / (weight * this.#spread);
    // d ln(1 + x/grain) = dx / (grain + x)
    return ((1 - surprises) * smoothed) / (this.#grain + pause) + surprises * surprise;
  }

  #pauseAt(bin: number): number {
    return this.#grain * (PAUSES[bin] as number);
  }

  #smooth(): void {
    const counts = this.#counts;
    const smoothed = this.#smoothedCounts.fill(0);
    this.#smoothed = this.#revision;
    if (this.weight <= 0) return;
    this.#scale = this.#pauseAt(this.#quantile(0.5)) + this.#grain;
    const width = this.#width();
    const reach = Math.ceil((KERNEL_REACH * width) / STEP);
    const kernel = new Float64Array(reach + 1);
    for (let by = 0; by <= reach; by++) kernel[by] = Math.exp(-0.5 * ((by * STEP) / width) ** 2);
    let total = 0;
    for (let bin = this.#low; bin <= this.#high; bin++) {
      const count = counts[bin] as number;
      if (count === 0) continue;
      // What would reach below zero is reflected: a pause of none is as likely as it looks.
      for (let by = -reach; by <= reach; by++) {
        const to = Math.abs(bin + by);
        if (to >= BINS) continue;
        const part = count * (kernel[Math.abs(by)] as number);
        smoothed[to] = (smoothed[to] as number) + part;
        total += part;
      }
    }
    this.#spread = (total / this.weight) * STEP;
  }

  #width(): number {
    let sum = 0;
    let squares = 0;
    for (let bin = this.#low; bin <= this.#high; bin++) {
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
    for (let bin = this.#low; bin <= this.#high; bin++) {
      below += this.#counts[bin] as number;
      if (below >= share * this.weight) return bin;
    }
    return BINS - 1;
  }
}
