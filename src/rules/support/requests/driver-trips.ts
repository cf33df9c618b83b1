import type { Wait } from '../../../model/request.ts';

/**
 * What a statement does for the driver or its pool and not for the request:
 * - `check`: sees whether the connection lives
 * - `transaction`: begins or ends one around a single read, or around nothing
 * - `session`: reads or sets the session's settings, in no transaction
 * - `prepare`: has a statement parsed or described in a round trip of its own
 */
export const DRIVER_TASKS = ['check', 'transaction', 'session', 'prepare'] as const;
export type DriverTask = (typeof DRIVER_TASKS)[number];

const BEGINS: ReadonlySet<string> = new Set(['BEGIN', 'START']);
const ENDS: ReadonlySet<string> = new Set(['COMMIT', 'END', 'ROLLBACK', 'ABORT']);

const TASKS: ReadonlyMap<string, DriverTask> = new Map([
  ['SELECT 1', 'check'],
  ['EMPTY', 'check'],
  ['PING', 'check'],
  ['SET', 'session'],
  ['SHOW', 'session'],
  ['RESET', 'session'],
  ['RESET_CONNECTION', 'session'],
  ['DISCARD', 'session'],
  ['PREPARE', 'prepare'],
  ['DESCRIBE', 'prepare'],
]);

/**
 * Of a wait: what it asks for only goes before or behind a statement, and never out together with others. Names that
 * other protocols have as well (SET, PING) are not among them.
 */
export const goesAlong = (what: string): boolean =>
  BEGINS.has(what) || ENDS.has(what) || TASKS.get(what) === 'prepare' || what === 'SELECT 1' || what === 'EMPTY';

/** A round trip that only serves the driver. */
export interface DriverTrip {
  readonly wait: Wait;
  readonly task: DriverTask;
}

/** Which of a request's statements to one database, in their order, only serve the driver. */
export function driverTrips(statements: readonly Wait[]): DriverTrip[] {
  const trips: DriverTrip[] = [];
  let begun: Wait | null = null;
  /** Since the last transaction began or ended; drivers that leave BEGIN out, or send it with a statement, end one as well. */
  let inside: Wait[] = [];
  for (const wait of statements) {
    const isEnd = ENDS.has(wait.what);
    if (!isEnd && !BEGINS.has(wait.what)) {
      inside.push(wait);
      continue;
    }
    const isTransaction = isEnd || begun !== null;
    if (isEnd && isNeedless(inside)) {
      for (const frame of begun === null ? [wait] : [begun, wait]) trips.push({ wait: frame, task: 'transaction' });
    }
    trips.push(...tasksOf(inside, isTransaction));
    begun = isEnd ? null : wait;
    inside = [];
  }
  trips.push(...tasksOf(inside, begun !== null));
  return trips.toSorted((a, b) => a.wait.startedAt - b.wait.startedAt);
}

/** Nothing, or one read: it would see the same without a transaction. */
function isNeedless(inside: readonly Wait[]): boolean {
  const work = inside.filter(({ what }) => TASKS.get(what) !== 'check' && TASKS.get(what) !== 'prepare');
  return work.length === 0 || (work.length === 1 && work[0]?.what === 'SELECT');
}

/** What a transaction sets, it sets for itself: `SET LOCAL app.tenant`. */
function tasksOf(statements: readonly Wait[], isTransaction: boolean): DriverTrip[] {
  return statements.flatMap((wait) => {
    const task = TASKS.get(wait.what);
    return task === undefined || (task === 'session' && isTransaction) ? [] : [{ wait, task }];
  });
}
