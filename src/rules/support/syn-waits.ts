import { at, between, nanoseconds, type Duration } from '../../base/time.ts';
import type { Connection } from '../../model/connection.ts';
import { DOUBLED, LEAST_SYN_WAIT, NEXT_SYN, nextSynWait } from '../../model/syn-timer.ts';
import type { Openings } from './openings.ts';
import type { Extent } from './tally.ts';

// A caller whose kernel gave up tries again at once; its clock, and what it does between, are less than this part of the wait.
const AT_ONCE = 1.05;
// tcp_syn_retries is 6 (ip-sysctl): so many waits that double, and then the kernel gives up by itself.
const DOUBLED_WAITS = 6;
// So many while this caller surely waits are no chance, and no pool that fills: others go on connecting.
const MANY = 5;

/** Whether its SYN was sent again, as nobody answered, and it was not refused in the end. */
export function waitedForSyn({ syns, ending }: Connection): boolean {
  const first = syns[0];
  const last = syns.at(-1);
  return (
    first !== undefined && last !== undefined && ending !== 'refused' && between(first.at, last.at) >= LEAST_SYN_WAIT
  );
}

export const isAnswered = ({ synAcks }: Connection): boolean => synAcks.length > 0;

/** How long a caller waited for an answer to its SYN. */
export interface SynWait {
  readonly wait: Duration;
  /** Nothing shows when it gave up: so long at least. */
  readonly isAtLeast: boolean;
}

/** How long a connection waited for an answer to its SYN; ask in `finish`. */
export const synWait = (connection: Connection, opened: Openings): SynWait =>
  isAnswered(connection) ? { wait: connection.connectDuration, isAtLeast: false } : waitedInVain(connection, opened);

/** The wait for the SYN is what it cost, and all that is told of the connection. */
export const synExtent = ({ startedAt }: Connection, cost: Duration): Extent => ({
  from: startedAt,
  until: at(startedAt + cost),
  lasted: cost,
});

/**
 * Nothing marks when the caller gave up. While SYNs go on, its socket is open; then its next try does, unless others
 * open connections all the while; and at the latest the moment when another SYN was due.
 */
function waitedInVain(connection: Connection, opened: Openings): SynWait {
  const { syns, startedAt, endedAt } = connection;
  const last = syns.at(-1)?.at ?? startedAt;
  const until = (end: number, isAtLeast = false): SynWait => ({ wait: nanoseconds(end - startedAt), isAtLeast });
  if (endedAt > last) return until(endedAt);
  const due = last + nextSynWait(syns);
  const isAmongOthers = opened.countIn(connection, startedAt, startedAt + LEAST_SYN_WAIT) >= MANY;
  const next = isAmongOthers ? Number.NaN : opened.nextFrom(connection, Math.max(startedAt + LEAST_SYN_WAIT, last));
  if (next - startedAt <= AT_ONCE * (due - startedAt)) return until(Math.min(next, due));
  if (doubledWaits(syns) >= DOUBLED_WAITS) return until(due);
  return until(last + NEXT_SYN, true);
}

/** The first second, and each wait that is longer. */
const doubledWaits = (syns: Connection['syns']): number =>
  syns.reduce((count, { at: time }, index) => {
    const next = syns[index + 1];
    return next !== undefined && between(time, next.at) >= DOUBLED * LEAST_SYN_WAIT ? count + 1 : count;
  }, 1);
