import { endpoint } from '../../base/addresses.ts';
import { nanoseconds, type Duration } from '../../base/time.ts';
import { copyExchange, isResponded, type Exchange } from '../../model/exchange.ts';
import { CFS_PERIOD, concentrationOf } from './cfs-grid.ts';
import { isProbe } from './single-use.ts';
import { upstreamWait } from './upstream-wait.ts';

// A node's worth of servers; of each as many calls as show a grid beyond doubt.
const MAX_SERVERS = 64;
const MAX_CALLS = 1024;
// Of fewer, times lie on a grid by chance.
const LEAST_CALLS = 20;
// A process that gets its share once a period keeps nearly all its calls for a period or more.
const LEAST_SHARE = 0.8;
// Its answers come in the few milliseconds of a period in which it runs. What works in turns of
// about 100 ms for reasons of its own drifts against the clock, by a millisecond a turn.
const LEAST_CONCENTRATION = 0.8;
// Calls that all take the same time, sent at a steady pace, end on a grid as well: of a throttled
// process some take a period or two more than others.
const LEAST_OF_LENGTH = 3;
const LEAST_LENGTHS = 2;

/** One server whose answers come at one phase of the CFS period. */
export interface GridAnswers {
  readonly calls: readonly Exchange[];
  readonly concentration: number;
}

interface Server {
  total: number;
  readonly calls: Exchange[];
}

/** Servers that are throttled in nearly every period, so that no call of theirs is quick. */
export function createGridAnswers() {
  const servers = new Map<string, Server>();
  return {
    add(exchange: Exchange): void {
      if (exchange.shape !== 'call' || !isResponded(exchange) || isProbe(exchange)) return;
      const key = `${exchange.input}|${exchange.backend ?? endpoint(exchange.server, exchange.serverPort)}`;
      let known = servers.get(key);
      if (known === undefined) {
        if (servers.size >= MAX_SERVERS) return;
        known = { total: 0, calls: [] };
        servers.set(key, known);
      }
      known.total++;
      const { firstByte } = upstreamWait(exchange);
      if (firstByte >= CFS_PERIOD && known.calls.length < MAX_CALLS) known.calls.push(copyExchange(exchange));
    },
    found(): GridAnswers[] {
      return [...servers.values()].flatMap(({ total, calls }) => {
        if (calls.length < LEAST_CALLS || calls.length < LEAST_SHARE * Math.min(total, MAX_CALLS)) return [];
        const concentration = concentrationOf(calls.map(({ firstByteAt }) => ({ until: firstByteAt })));
        return concentration >= LEAST_CONCENTRATION && hasLengths(calls) ? [{ calls, concentration }] : [];
      });
    },
  };
}

/** What is beyond the first period: without a limit, all of the work would be done in a stretch. */
export const beyondPeriod = (call: Exchange): Duration =>
  nanoseconds(Math.max(0, upstreamWait(call).firstByte - CFS_PERIOD));

function hasLengths(calls: readonly Exchange[]): boolean {
  const lengths = new Map<number, number>();
  for (const call of calls) {
    const periods = Math.round(upstreamWait(call).firstByte / CFS_PERIOD);
    lengths.set(periods, (lengths.get(periods) ?? 0) + 1);
  }
  return [...lengths.values()].filter((count) => count >= LEAST_OF_LENGTH).length >= LEAST_LENGTHS;
}
