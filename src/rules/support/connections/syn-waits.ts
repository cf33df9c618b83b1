import { at, between, nanoseconds, type Duration } from '../../../base/time.ts';
import type { Connection } from '../../../model/connection.ts';
import { DOUBLED, LEAST_SYN_WAIT, NEXT_SYN, nextSynWait } from '../../../model/syn-timer.ts';
import type { Openings } from './openings.ts';
import type { Extent } from '../tally.ts';

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

// Once or twice a SYN may be lost.
export const SEVERAL = 3;

/** How long a caller waited for an answer to its SYN. */
export interface SynWait {
  readonly wait: Duration;
  /** Nothing shows when it gave up: so long at least. */
  readonly isAtLeast: boolean;
}

/**
 * How long a connection waited for an answer to its SYN; ask in `finish`.
 * @param patience the caller's own timer, where several of its tries show it ({@link patienceOf}); else NaN
 */
export const synWait = (connection: Connection, opened: Openings, patience: Duration): SynWait =>
  isAnswered(connection)
    ? { wait: connection.connectDuration, isAtLeast: false }
    : waitedInVain(connection, opened, patience);

// A timer that ends each try is met again and again, within what a program needs to try anew.
const LEAST_ALIKE = 3;
const ALIKE = 0.1;

/**
 * After how long a caller gives a connection up and tries again, though the kernel sends SYNs for long after: the same
 * for most of several that nobody answers. NaN where it does not show.
 */
export function patienceOf(inVain: readonly Connection[], opened: Openings): Duration {
  const gaps = inVain
    .map((connection) => nextTry(connection, opened) - connection.startedAt)
    .filter((gap) => !Number.isNaN(gap))
    .toSorted((a, b) => a - b);
  const usual = gaps[gaps.length >> 1] ?? Number.NaN;
  const alike = gaps.filter((gap) => isAlike(gap, usual)).length;
  return nanoseconds(alike >= LEAST_ALIKE && alike * 2 > inVain.length ? usual : Number.NaN);
}

/** By how long behind the least that is looked at: whatever another caller opens comes soon behind that, now and then. */
const isAlike = (gap: number, usual: number): boolean => Math.abs(gap - usual) <= ALIKE * (usual - LEAST_SYN_WAIT);

/** When its caller may have tried again; NaN where others open connections all the while. */
const nextTry = (connection: Connection, opened: Openings, after = connection.startedAt + LEAST_SYN_WAIT): number =>
  opened.countIn(connection, connection.startedAt, connection.startedAt + LEAST_SYN_WAIT) >= MANY
    ? Number.NaN
    : opened.nextFrom(connection, after);

/** The wait for the SYN is what it cost, and all that is told of the connection. */
export const synExtent = ({ startedAt }: Connection, cost: Duration): Extent => ({
  from: startedAt,
  until: at(startedAt + cost),
  lasted: cost,
});

/**
 * Nothing marks when the caller gave up. A timer of its own does, which several of its tries show. Else, while SYNs go
 * on, its socket is open; then its next try does, unless others open connections all the while; and at the latest the
 * moment when another SYN was due.
 */
function waitedInVain(connection: Connection, opened: Openings, patience: Duration): SynWait {
  const { syns, startedAt, endedAt } = connection;
  const last = syns.at(-1)?.at ?? startedAt;
  const until = (end: number, isAtLeast = false): SynWait => ({ wait: nanoseconds(end - startedAt), isAtLeast });
  if (endedAt > last) return until(endedAt);
  const tried = nextTry(connection, opened);
  if (isAlike(tried - startedAt, patience)) return until(tried);
  const due = last + nextSynWait(syns);
  const next = nextTry(connection, opened, Math.max(startedAt + LEAST_SYN_WAIT, last));
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
