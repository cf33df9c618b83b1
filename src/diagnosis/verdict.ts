import { formatDuration, plural } from '../base/text.ts';
import { fromSeconds, milliseconds } from '../base/time.ts';
import type { Diagnosis } from '../model/diagnosis.ts';

// What RULES calls `major` for one lookup: nobody calls less than that slow.
const SLOW_LOOKUP = milliseconds(100);

/** The one sentence that is read first, and its status. */
export function verdictOf(
  diagnosis: Pick<Diagnosis, 'findings' | 'ruledOut' | 'unobservable' | 'lookups'>,
): Diagnosis['verdict'] {
  const { findings, ruledOut, unobservable, lookups } = diagnosis;
  const dearest = findings[0];
  if (dearest !== undefined && dearest.severity !== 'info') return { status: 'found', says: dearest.says };
  if (findings.length === 0 && ruledOut.length === 0) {
    return { status: 'insufficient', says: unobservable[0]?.why ?? 'no rule was asked' };
  }
  // More that could not be seen than was looked at: silence is no health.
  if (findings.length === 0 && unobservable.length > ruledOut.length) {
    return {
      status: 'insufficient',
      says: `${plural(lookups.count, 'lookup')}, and little to tell: ${unobservable[0]?.why ?? ''}`,
    };
  }
  const slowest = fromSeconds(lookups.latency.maxSeconds);
  const figures = `${plural(lookups.count, 'lookup')}, slowest ${formatDuration(slowest)}`;
  if (slowest < SLOW_LOOKUP) return { status: 'clear', says: `no DNS lookup is slow: ${figures}` };
  // Slow, but too rare to matter or of no cause that a rule knows: never "all is well".
  return {
    status: 'clear',
    says:
      findings.length > 0
        ? `nothing that costs much: ${figures}`
        : `no known cause makes DNS lookups slow, yet some are: ${figures}`,
  };
}
