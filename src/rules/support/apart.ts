import { chanceOfAtLeast } from './binomial.ts';

// What stands out stands apart. Where more take from half as long up to as long, the longest are the thin end of all of
// them. Even of Pareto's tail with an index of 1.3, which has no variance, there are so many for each; of a lognormal
// one whose p99 is eight times the median, two and a half.
const TAIL = 1.5;
// Further up such a tail few are left, and these may lie apart by chance: so often at most in 1,000 captures.
const BY_CHANCE = 1e-3;

/** Some that took long. */
export interface Beside {
  count: number;
  /** How many others took less, but half as long as the shortest of them at least. */
  near: number;
}

/** Without those that are but the thin end of a tail: all groups, the longer ones, or none. */
export function apart<Group extends { readonly size: number }>(
  far: readonly Group[],
  besideOf: (longest: readonly Group[]) => Beside,
): readonly Group[] {
  const whole = besideOf(far);
  if (whole.near <= TAIL * whole.count) return far;
  let found: readonly Group[] = [];
  let best = BY_CHANCE;
  for (const least of new Set(far.map(({ size }) => size))) {
    const longest = far.filter(({ size }) => size >= least);
    const { count, near } = besideOf(longest);
    const chance = chanceOfAtLeast(count, count + near, 1 / (1 + TAIL));
    if (chance >= best) continue;
    best = chance;
    found = longest;
  }
  return found;
}
