/**
 * The quantile of Student's t: what share of the distribution with so many degrees of freedom,
 * which need not be whole, lies below it. By bisection of the distribution function.
 * @param share between 0.5 and 1
 */
export function studentQuantile(share: number, freedom: number): number {
  let low = 0;
  let high = 1;
  while (high < 1e9 && studentBelow(high, freedom) < share) high *= 2;
  for (let step = 0; step < 80; step++) {
    const middle = (low + high) / 2;
    if (studentBelow(middle, freedom) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), 26.7.1: by the incomplete beta function. */
const studentBelow = (value: number, freedom: number): number =>
  1 - 0.5 * incompleteBeta(freedom / (freedom + value * value), freedom / 2, 0.5);

/** The regularised incomplete beta function by its continued fraction (the same, 26.5.8), after Lentz. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast on one side of the mean only.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x)) / a;
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let term = 1; term <= MOST_TERMS; term++) {
    const even = (term * (b - term) * x) / ((a + 2 * term - 1) * (a + 2 * term));
    d = 1 / nonZero(1 + even * d);
    c = nonZero(1 + even / c);
    fraction *= c * d;
    const odd = (-(a + term) * (a + b + term) * x) / ((a + 2 * term) * (a + 2 * term + 1));
    d = 1 / nonZero(1 + odd * d);
    c = nonZero(1 + odd / c);
    fraction *= c * d;
    if (Math.abs(c * d - 1) < 1e-14) break;
  }
  return front * fraction;
}

const MOST_TERMS = 500;
const nonZero = (value: number): number => (Math.abs(value) < 1e-300 ? 1e-300 : value);

// Stirling's series errs by less than 1e-13 from here on.
const STIRLING_FROM = 16;

/** Of a positive number: shifted up by the recurrence, then Stirling's series (the same, 6.1.41). */
export function logGamma(value: number): number {
  let shifted = value;
  let product = 1;
  while (shifted < STIRLING_FROM) product *= shifted++;
  const inverse = 1 / (shifted * shifted);
  return (
    (shifted - 0.5) * Math.log(shifted) -
    shifted +
    0.5 * Math.log(2 * Math.PI) +
    (1 / shifted) * (1 / 12 - inverse * (1 / 360 - inverse / 1260)) -
    Math.log(product)
  );
}
