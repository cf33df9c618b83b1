import { BINS, placeOf, type GapDensity } from './gap-density.ts';

// What was never seen may be the next (Laplace): a wait may always last longer.
const UNSEEN = 1;

/** How long requests wait after a step, whatever comes then: how likely one lasts longer than so far. */
export class Waits {
  readonly #counts = new Float64Array(BINS);
  readonly #logs = new Float64Array(BINS);
  readonly #grain: number;
  #isSummed = false;

  /** @param grain as the densities have it */
  constructor(grain: number) {
    this.#grain = grain;
  }

  add(gaps: GapDensity): void {
    gaps.addTo(this.#counts);
    this.#isSummed = false;
  }

  /** ln of how likely a wait lasts longer than so many nanoseconds. */
  logLonger(wait: number): number {
    if (!this.#isSummed) this.#sum();
    return this.#logs[Math.round(placeOf(wait / this.#grain))] as number;
  }

  #sum(): void {
    this.#isSummed = true;
    const total = this.#counts.reduce((sum, count) => sum + count, UNSEEN);
    let longer = 0;
    for (let bin = BINS - 1; bin >= 0; bin--) {
      const count = this.#counts[bin] as number;
      // Of those as long as this one, half are longer.
      this.#logs[bin] = Math.log((longer + (count + UNSEEN) / 2) / total);
      longer += count;
    }
  }
}
