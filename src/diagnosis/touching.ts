import { partitionPoint } from '../base/sorted.ts';
import { groupBy } from '../base/group-by.ts';
import { milliseconds, seconds, type Duration } from '../base/time.ts';
import type { KeptOccurrences, Occurrence } from '../model/finding.ts';

/**
 * How two occurrences belong together:
 * - `same`: one row, or rows of one connection at one time
 * - `peers`: one client and server at one time
 * - `wait`: the symptom's client or server waited for the cause, and that is most of the symptom's cost
 * - `covers`: the same, but the symptom may end first: whoever gave up
 * - `behind`: the symptom’s server waited for the cause, and that is most of the symptom’s time; what else the cause’s
 *   client does meanwhile is none of it
 * - `before`: the cause ends just before the symptom, for the same client
 * - `ahead`: the symptom ends a little before the cause begins, for the same client
 * - `after`: the symptom ends just before the cause, for the same client
 * - `during`: the symptom's client or server met the cause while the symptom lasted
 * - `inside`: the symptom is a call of the service that the cause is a request to, and lies within it; where the cause
 *   names the calls that it is made of, it is one of these
 * - `handedOn`: the symptom is a question to a server that had to ask another one for it, and waited there: that is the
 *   cause, and most of the symptom's cost
 * - `names`: the cause names the symptom as one of what it waited for; a connection may last longer than who opened it
 */
export type Touch =
  | 'same'
  | 'peers'
  | 'wait'
  | 'covers'
  | 'behind'
  | 'before'
  | 'ahead'
  | 'after'
  | 'during'
  | 'inside'
  | 'handedOn'
  | 'names';

// A client goes on at once when it has its answer; its event loop may be busy for a moment.
const AT_ONCE = milliseconds(50);
// Whoever goes on asking meets the next state of a pod that ends; a client that pauses a second between, too.
const A_LITTLE_BEFORE = seconds(2);
// What is waited for ends before the waiting does; packets of two connections may swap places.
const SWAPPED = milliseconds(1);
// Less than half of a cost is no explanation of it.
const MOST = 0.5;

const overlap = (a: Occurrence, b: Occurrence): number => Math.min(a.until, b.until) - Math.max(a.from, b.from);

const concerns = (cause: Occurrence, symptom: Occurrence): boolean =>
  cause.client === symptom.client || cause.client === symptom.server;

const TOUCHES: Readonly<Record<Touch, (cause: Occurrence, symptom: Occurrence) => boolean>> = {
  same: (cause, symptom) =>
    cause.id === symptom.id ||
    (cause.connection !== '' && cause.connection === symptom.connection && overlap(cause, symptom) >= 0),
  peers: (cause, symptom) =>
    cause.client === symptom.client && cause.server === symptom.server && overlap(cause, symptom) >= 0,
  wait: (cause, symptom) =>
    concerns(cause, symptom) &&
    cause.until <= symptom.until + SWAPPED &&
    overlap(cause, symptom) >= Math.max(1, MOST * symptom.cost),
  covers: (cause, symptom) =>
    concerns(cause, symptom) && overlap(cause, symptom) >= Math.max(1, MOST * (symptom.until - symptom.from)),
  behind: (cause, symptom) =>
    cause.client === symptom.server && overlap(cause, symptom) >= Math.max(1, MOST * (symptom.until - symptom.from)),
  before: (cause, symptom) =>
    cause.client === symptom.client && cause.until <= symptom.from && symptom.from - cause.until <= AT_ONCE,
  ahead: (cause, symptom) =>
    cause.client === symptom.client &&
    symptom.until <= cause.from + SWAPPED &&
    cause.from - symptom.until <= A_LITTLE_BEFORE,
  after: (cause, symptom) =>
    cause.client === symptom.client && symptom.until <= cause.from && cause.from - symptom.until <= AT_ONCE,
  during: (cause, symptom) =>
    concerns(cause, symptom) && cause.from >= symptom.from - SWAPPED && cause.until <= symptom.until + SWAPPED,
  inside: (cause, symptom) =>
    cause.server === symptom.client &&
    symptom.from >= cause.from - SWAPPED &&
    symptom.until <= cause.until + SWAPPED &&
    (cause.refs === undefined || cause.refs.includes(symptom.id)),
  handedOn: (cause, symptom) =>
    cause.client !== symptom.client &&
    cause.server !== symptom.server &&
    cause.from >= symptom.from - SWAPPED &&
    overlap(cause, symptom) >= Math.max(1, MOST * symptom.cost),
  names: (cause, symptom) => cause.refs?.includes(symptom.id) === true,
};

/**
 * Tells whether an occurrence of a symptom touches one of the cause's, in any of these ways.
 * @param isMost the cause's cost must be most of the symptom's
 * @param isAlike whether they can be about the same at all
 */
export function createTouching(
  causes: KeptOccurrences,
  by: readonly Touch[],
  isMost = false,
  isAlike: (cause: Occurrence, symptom: Occurrence) => boolean = () => true,
): (symptom: Occurrence) => boolean {
  const all = [...causes].toSorted((a, b) => a.from - b.from);
  const tests = by.map((touch) => TOUCHES[touch]);
  const furthest = by.includes('ahead') ? A_LITTLE_BEFORE : AT_ONCE;
  // Longest first: how far back a cause may begin that still lasts.
  const longest = all.reduce((most, { from, until }) => Math.max(most, until - from), 0);
  return (symptom) => {
    let index = firstFrom(all, symptom.from - longest - AT_ONCE);
    for (; index < all.length; index++) {
      const cause = all[index] as Occurrence;
      if (cause.from > symptom.until + furthest) return false;
      if (isMost && cause.cost < MOST * symptom.cost) continue;
      if (isAlike(cause, symptom) && tests.some((test) => test(cause, symptom))) return true;
    }
    return false;
  };
}

/** The first that begins at that time or later. */
const firstFrom = (all: readonly Occurrence[], time: number): number =>
  partitionPoint(all.length, (index) => (all[index] as Occurrence).from < time);

/** Whether both are of one back end, as far as it is known: before the DNAT they have the address of what stands there. */
export const sameBackend =
  (front: string) =>
  (cause: Occurrence, symptom: Occurrence): boolean =>
    cause.server === symptom.server || cause.server === front || symptom.server === front;

/** Tells whether an occurrence is of a run that is soon over: others of its server come long before it or after. */
export function inRunsWithin(symptoms: KeptOccurrences, most: Duration): (symptom: Occurrence) => boolean {
  const brief = new Set<string>();
  for (const own of groupBy(symptoms, ({ server }) => server).values()) {
    let run: Occurrence[] = [];
    const end = (): void => {
      const [first] = run;
      const last = run.at(-1);
      if (first === undefined || last === undefined || last.from - first.from > most) return;
      for (const { id } of run) brief.add(id);
    };
    for (const occurrence of own.toSorted((a, b) => a.from - b.from)) {
      const before = run.at(-1);
      if (before !== undefined && occurrence.from - before.from > A_LITTLE_BEFORE) {
        end();
        run = [];
      }
      run.push(occurrence);
    }
    end();
  }
  return ({ id }) => brief.has(id);
}
