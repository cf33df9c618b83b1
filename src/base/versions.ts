/** Longer is no version but an attack. */
const MAX_PARTS = 8;

/**
 * The order of two versions by their numbers, part by part: below 0 where `a` is older. What stands
 * behind the numbers (`-rc1`, `.Final`, `+dfsg`) does not count.
 */
export function compareVersions(a: string, b: string): number {
  const left = numbersOf(a);
  const right = numbersOf(b);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(version: string): number[] {
  const digits = /^[^0-9]{0,8}(\d{1,9}(?:\.\d{1,9})*)/.exec(version)?.[1] ?? '0';
  return digits.split('.', MAX_PARTS).map(Number);
}
