/**
 * The chance of at least `successes` in `trials` where each succeeds with `probability`: how
 * likely a pattern is by chance alone.
 */
export function chanceOfAtLeast(successes: number, trials: number, probability: number): number {
  if (successes <= 0) return 1;
  if (successes > trials || probability <= 0) return 0;
  if (probability >= 1) return 1;
  // Terms in the logarithm: thousands of trials would underflow.
  const logOdds = Math.log(probability) - Math.log1p(-probability);
  let logTerm = trials * Math.log1p(-probability);
  let total = 0;
  for (let count = 0; count <= trials; count++) {
    if (count >= successes) {
      const term = Math.exp(logTerm);
      total += term;
      // Past the peak the terms only fall; the rest can't matter.
      if (count > trials * probability && term < total * 1e-12) break;
    }
    logTerm += Math.log((trials - count) / (count + 1)) + logOdds;
  }
  return Math.min(1, total);
}

/**
 * Five of five by the toss of a coin: below this a pattern is no chance that one would bet on,
 * and RULES calls it `likely`.
 */
export const UNLIKELY = 1 / 32;
