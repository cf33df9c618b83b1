import type { Rows } from './run-rule.ts';
import { joined, Traffic } from './traffic.ts';

/** A process under a CPU limit, times in milliseconds. */
export interface Throttled {
  callers: number;
  /** What one call computes; calls take their turns. */
  work: (call: number) => number;
  /** For how long it runs in each period. */
  runs: number;
  period?: number;
  /** When in a period it begins to run: where a pod's cgroup has a period of its own, with that or its container's. */
  begins?: (period: number) => number;
  calls: number;
}

// That long the builder lets pass between two calls on a connection.
const GAP = 10;

/** Callers that ask again and again, each on its connection, of a process that stops in each period. */
export function callersOf({ callers, work, runs, period = 100, begins = () => 0, calls }: Throttled): Required<Rows> {
  const connections = Array.from({ length: callers }, (_, caller) => ({
    caller,
    traffic: new Traffic().wait(3 * caller).open({ connect: 0 }, { id: `0.c${caller}` }),
    asksAt: 3 * caller,
  }));
  let free = 0;
  for (let call = 0; call < calls; call++) {
    const next = connections.reduce((first, other) => (other.asksAt < first.asksAt ? other : first));
    free = ranUntil(Math.max(free, next.asksAt), work(call), { runs, period, begins });
    next.traffic.call({ takes: free - next.asksAt }, { id: `0.e${next.caller}-${call}` });
    next.asksAt = free + GAP;
  }
  return joined(...connections.map(({ traffic }) => traffic.rows));
}

/** When so much work is done that begins at a time, where a process runs in one part of each period only. */
function ranUntil(
  from: number,
  work: number,
  { runs, period, begins }: Required<Pick<Throttled, 'runs' | 'period' | 'begins'>>,
): number {
  let left = work;
  for (let index = Math.floor(from / period); ; index++) {
    const start = index * period + begins(index);
    const now = Math.max(from, start);
    const slice = Math.max(0, start + runs - now);
    if (left <= slice) return now + left;
    left -= slice;
  }
}
