import type { Place } from '../model/workload.ts';

// What fits on a line beside where it stands.
const MAX_QUOTE = 120;

/** The line of a place, shortened, and without credentials in URLs or after words that announce them. */
export function quoteOf(text: string, { range: [from] }: Place): string {
  const start = text.lastIndexOf('\n', from - 1) + 1;
  const stop = text.indexOf('\n', from);
  const end = stop < 0 ? text.length : stop;
  // Of a file that is one line (JSON), what stands around the place.
  const begin = end - start > MAX_QUOTE * 2 ? from : start;
  const line = text.slice(begin, Math.min(end, begin + MAX_QUOTE * 2)).trim();
  const safe = line
    .replace(/(:\/\/)[^/\s@"']*@/g, '$1…@')
    .replace(/((?:password|passwd|secret|token|api[-_]?key|credential)[\w-]*["']?\s*[:=]\s*["']?)[^\s"',}]+/gi, '$1…');
  return safe.length > MAX_QUOTE ? `${safe.slice(0, MAX_QUOTE - 1)}…` : safe;
}
