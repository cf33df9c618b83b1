import { formatDuration, plural } from '../base/text.ts';
import { fromSeconds, milliseconds } from '../base/time.ts';
import type { Diagnosis } from '../model/diagnosis.ts';

// What RULES calls `major` for one occurrence: nobody calls less than that slow.
const SLOW = milliseconds(100);

type Judged = Pick<Diagnosis, 'findings' | 'ruledOut' | 'unobservable' | 'lookups' | 'exchanges' | 'connections'>;

/** The one sentence that is read first, and its status. */
export function verdictOf(diagnosis: Judged): Diagnosis['verdict'] {
  const { findings, ruledOut, unobservable } = diagnosis;
  const dearest = findings[0];
  if (dearest !== undefined && dearest.severity !== 'info') return { status: 'found', says: dearest.says };
  if (findings.length === 0 && ruledOut.length === 0) {
    return { status: 'insufficient', says: unobservable[0]?.why ?? 'no rule was asked' };
  }
  // Rules of what the capture does not hold at all say nothing of what it does hold; of that, more
  // that could not be seen than was looked at is no health.
  const blind = unobservable.filter(({ missing }) => missing === null);
  if (findings.length === 0 && blind.length > ruledOut.length) {
    return { status: 'insufficient', says: `${seenWords(diagnosis)}, and little to tell: ${blind[0]?.why ?? ''}` };
  }
  const kinds = slowestKinds(diagnosis);
  const figures = kinds.map(({ count, slowest }) => `${count}, slowest ${formatDuration(slowest)}`).join('; ');
  const slow = kinds.filter(({ slowest }) => slowest >= SLOW);
  const what = (some: typeof kinds): string => some.map(({ name }) => name).join(' or ');
  if (kinds.length === 0) return { status: 'clear', says: `nothing is wrong with ${seenWords(diagnosis)}` };
  if (slow.length === 0) return { status: 'clear', says: `no ${what(kinds)} is slow: ${figures}` };
  // Slow, but too rare to matter or of no cause that a rule knows: never "all is well".
  return {
    status: 'clear',
    says:
      findings.length > 0
        ? `nothing that costs much: ${figures}`
        : `no known cause makes ${slow.map(({ names }) => names).join(' or ')} slow, yet some are: ${figures}`,
  };
}

interface Kind {
  name: string;
  names: string;
  count: string;
  slowest: number;
}

/** What took time, requests first: they are what callers wait for. */
function slowestKinds({ lookups, exchanges, connections }: Judged): Kind[] {
  const kinds: Kind[] = [];
  if (exchanges.calls > 0) {
    kinds.push({
      name: 'request',
      names: 'requests',
      count: plural(exchanges.calls, 'request'),
      slowest: fromSeconds(exchanges.latency.maxSeconds),
    });
  } else if (connections.opened > 0) {
    kinds.push({
      name: 'connection',
      names: 'connections',
      count: `${plural(connections.opened, 'connection')} opened`,
      slowest: fromSeconds(connections.latency.maxSeconds),
    });
  }
  if (lookups.count > 0) {
    kinds.push({
      name: 'DNS lookup',
      names: 'DNS lookups',
      count: plural(lookups.count, 'lookup'),
      slowest: fromSeconds(lookups.latency.maxSeconds),
    });
  }
  return kinds;
}

function seenWords({ lookups, exchanges, connections }: Judged): string {
  const words = [
    ...(exchanges.count > 0 ? [plural(exchanges.count, 'request')] : []),
    ...(connections.count > 0 ? [plural(connections.count, 'connection')] : []),
    ...(lookups.count > 0 ? [plural(lookups.count, 'lookup')] : []),
  ];
  return words.length === 0 ? '0 lookups' : words.join(', ');
}
