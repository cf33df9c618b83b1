import { logGamma } from './student.ts';

/**
 * Fisher's exact test, two-sided: how probable a difference of two shares as large as this one is
 * where there is none, which is the sum over all tables that are no likelier than the one seen
 * (R's fisher.test, scipy.stats.fisher_exact).
 */
export function fisher(before: { count: number; of: number }, after: { count: number; of: number }): number {
  const all = before.of + after.of;
  const found = before.count + after.count;
  const least = Math.max(0, found - after.of);
  const most = Math.min(found, before.of);
  if (least >= most) return 1;
  const logarithm = (count: number): number =>
    logChoose(before.of, count) + logChoose(after.of, found - count) - logChoose(all, found);
  // Equal but for rounding, as R has it.
  const seen = logarithm(before.count) + 1e-7;
  let probability = 0;
  for (let count = least; count <= most; count++) {
    const each = logarithm(count);
    if (each <= seen) probability += Math.exp(each);
  }
  return Math.min(1, probability);
}

const logChoose = (all: number, some: number): number =>
  logGamma(all + 1) - logGamma(some + 1) - logGamma(all - some + 1);
