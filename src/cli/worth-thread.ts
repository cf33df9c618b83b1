import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { STANDARD_STREAM } from './input-paths.ts';

// A thread is there after a tenth of a second, which is what some megabytes take.
const LEAST_BYTES = 16 << 20;

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
