import { at, between, nanoseconds, seconds, type Duration } from '../../base/time.ts';
import type { Connection } from '../../model/connection.ts';
import type { Openings } from './openings.ts';
import type { Extent } from './tally.ts';

// The kernel's first wait (tcp_syn_retries; RFC 6298 section 2.1), less what a clock may be off: a
// copy of a SYN on another interface comes sooner.
const LEAST_WAIT = seconds(0.9);
// The least that is waited after the last SYN: the next one would follow then.
const NEXT_SYN = seconds(1);
// So many while this caller surely waits are no chance, and no pool that fills: others go on connecting.
const MANY = 5;

/** Whether its SYN was sent again, as nobody answered, and it was not refused in the end. */
export function waitedForSyn({ syns, ending }: Connection): boolean {
  const first = syns[0];
  const last = syns.at(-1);
  return first !== undefined && last !== undefined && ending !== 'refused' && between(first.at, last.at) >= LEAST_WAIT;
}

export const isAnswered = ({ synAcks }: Connection): boolean => synAcks.length > 0;

/** How long a connection waited for an answer to its SYN; ask in `finish`. */
export const synWait = (connection: Connection, opened: Openings): Duration =>
  isAnswered(connection) ? connection.connectDuration : waitedInVain(connection, opened);

/** The wait for the SYN is what it cost, and all that is told of the connection. */
export const synExtent = ({ startedAt }: Connection, cost: Duration): Extent => ({
  from: startedAt,
  until: at(startedAt + cost),
  lasted: cost,
});

/**
 * Nothing marks when the caller gave up; the kernel may send SYNs for long after. Its next try does,
 * unless others open connections all the while; and at the latest the moment when another SYN was due.
 */
function waitedInVain(connection: Connection, opened: Openings): Duration {
  const { syns, startedAt, endedAt } = connection;
  const last = syns.at(-1)?.at ?? startedAt;
  const end = endedAt > last ? endedAt : last + NEXT_SYN;
  const isAmongOthers = opened.countIn(connection, startedAt, startedAt + LEAST_WAIT) >= MANY;
  const next = isAmongOthers ? Number.NaN : opened.nextFrom(connection, startedAt + LEAST_WAIT);
  return nanoseconds((next < end ? next : end) - startedAt);
}
