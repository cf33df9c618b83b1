import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { STANDARD_STREAM } from './input-paths.ts';

// Both threads compile what they run first, which takes the second processor for the first seconds as it is: even at
// 64 MB, a sixth quicker at 270 MB, a fifth at 1 GB.
export const LEAST_BYTES = 128 << 20;

/** To read beside what asks what rows mean pays for large files, and with a processor for each. */
export function isWorthThread(paths: readonly string[]): boolean {
  if (availableParallelism() < 2 || paths.includes(STANDARD_STREAM)) return false;
  let bytes = 0;
  for (const path of paths) {
    const found = statSync(path, { throwIfNoEntry: false });
    // A pipe, say: it may be read while it is written.
    if (found === undefined || !found.isFile()) return false;
    bytes += found.size;
  }
  return bytes >= LEAST_BYTES;
}
