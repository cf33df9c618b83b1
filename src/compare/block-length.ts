// Politis and White, "Automatic Block-Length Selection for the Dependent Bootstrap", Econometric
// Reviews 23 (2004), section 3.2: autocorrelations below this many standard errors are none, where
// so many in a row are.
const STANDARD_ERRORS = 2;
const LEAST_IN_A_ROW = 5;

/**
 * How many neighbours in a series depend on one another: the mean block length of the stationary
 * bootstrap that makes the variance of a mean come out best. Politis and White (2004), with the
 * correction of Patton, Politis and White, Econometric Reviews 28 (2009). At least 1, which is a
 * plain bootstrap.
 */
export function blockLength(series: Float64Array): number {
  const count = series.length;
  const mean = series.reduce((sum, value) => sum + value, 0) / Math.max(1, count);
  const deviations = series.map((value) => value - mean);
  const most = Math.ceil(Math.min(3 * Math.sqrt(count), count / 3));
  const inARow = Math.max(LEAST_IN_A_ROW, Math.trunc(Math.log10(count)));
  const lags = Math.ceil(Math.sqrt(count)) + inARow;
  if (count <= lags + 2) return 1;

  const covariances = Array.from({ length: lags + 1 }, (_, lag) => product(deviations, lag) / count);
  const correlations = covariances.map((covariance, lag) => {
    const ends = sumOfSquares(deviations, lag + 1, count) * sumOfSquares(deviations, 0, count - lag - 1);
    return ends > 0 ? (Math.abs(covariance) * count) / Math.sqrt(ends) : 0;
  });
  const none = STANDARD_ERRORS * Math.sqrt(Math.log10(count) / count);
  let last = lags;
  for (let lag = 0; lag + inARow <= lags; lag++) {
    if (correlations.slice(lag, lag + inARow).every((correlation) => correlation < none)) {
      last = Math.min(lags, 2 * Math.max(1, lag));
      break;
    }
  }

  // The flat-top window of Politis and Romano (1995).
  let spread = covariances[0] ?? 0;
  let tilt = 0;
  for (let lag = 1; lag <= last; lag++) {
    const weight = lag / last <= 0.5 ? 1 : 2 * (1 - lag / last);
    spread += 2 * weight * (covariances[lag] as number);
    tilt += 2 * weight * lag * (covariances[lag] as number);
  }
  if (spread === 0) return 1;
  const best = Math.cbrt(tilt ** 2 / spread ** 2) * Math.cbrt(count);
  return Math.min(most, Math.max(1, best));
}

function product(values: Float64Array, lag: number): number {
  let sum = 0;
  for (let index = lag; index < values.length; index++) sum += values[index]! * values[index - lag]!;
  return sum;
}

function sumOfSquares(values: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let index = from; index < to; index++) sum += values[index]! ** 2;
  return sum;
}
