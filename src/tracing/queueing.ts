import { at, milliseconds, type Timestamp } from '../base/time.ts';
import { Occupancy } from '../base/occupancy.ts';
import { turnsOf, type InFlight, type Turn } from './turns.ts';

/** A request's time in the queue of a resource, which ends as its turn begins. */
export interface Queued {
  /** The request's place in the list that was given. */
  readonly request: number;
  readonly to: string;
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp;
}

// A lock is handed on in microseconds; a busy machine, or one that is throttled, takes some ten milliseconds to wake a thread.
const MOST_HANDOFF = milliseconds(25);
const LEAST_HANDOFF = milliseconds(0.5);
// A pause as long as the work itself is no handing on.
const HANDOFF_SHARE = 0.25;
// What lasts less is how long a program takes to get to its call.
const LEAST_WAIT = milliseconds(1);
// By chance others are at it now and then; who waits its turn sees them at it nearly all the while.
const COVERED_SHARE = 0.7;
// By chance a start follows an end now and then; a queue hands on every time somebody waits.
const LEAST_HANDED_ON = 5;
const HANDED_ON_SHARE = 0.7;
// Enough starts that met nobody tell how long a request takes to get to its call.
const LEAST_FREE = 3;

/**
 * Finds resources that requests get one at a time, or so many at a time: a lock of the SDK, a pool
 * of connections. It shows where requests come to them only as another lets go, and never more
 * than so many are at it. Whoever was in flight all the while, with nothing else to wait for,
 * waited its turn; what it takes to get to a call that nobody holds up is its own time.
 */
export function findQueues(requests: readonly InFlight[]): Queued[] {
  return [...turnsOf(requests).values()].flatMap((turns) => queuedAt(turns));
}

function queuedAt(turns: readonly Turn[]): Queued[] {
  if (turns.length < LEAST_HANDED_ON) return [];
  const lengths = turns.map(({ startedAt, endedAt }) => endedAt - startedAt).toSorted((a, b) => a - b);
  const usual = lengths[lengths.length >> 1] ?? 0;
  const handoff = Math.min(MOST_HANDOFF, Math.max(LEAST_HANDOFF, usual * HANDOFF_SHARE));
  const full = new Occupancy(turns);
  const lead = usualLead(turns, full);
  const arrival = (turn: Turn): number => Math.min(turn.startedAt, turn.idleSince + lead);
  const held = turns.filter((turn) => {
    const since = arrival(turn);
    const waited = turn.startedAt - since;
    return waited >= LEAST_WAIT && full.within(since, turn.startedAt) >= waited * COVERED_SHARE;
  });
  const handedOn = held.filter(({ startedAt }) => startedAt - full.lastEnd(startedAt) <= handoff).length;
  if (handedOn < LEAST_HANDED_ON || handedOn < held.length * HANDED_ON_SHARE) return [];
  return held.map((turn) => ({
    request: turn.request,
    to: turn.to,
    // Who came while it was free was held up only from when it was taken.
    startedAt: at(Math.max(arrival(turn), full.firstStart(arrival(turn)))),
    endedAt: at(turn.startedAt),
  }));
}

/** How long it takes from having nothing to wait for to a turn, where nobody is in the way. */
function usualLead(turns: readonly Turn[], full: Occupancy): number {
  const all = turns.map((turn) => turn.startedAt - turn.idleSince);
  const free = turns
    .filter((turn) => full.within(turn.idleSince, turn.startedAt) === 0)
    .map((turn) => turn.startedAt - turn.idleSince)
    .toSorted((a, b) => a - b);
  return free.length >= LEAST_FREE ? (free[free.length >> 1] as number) : Math.min(...all);
}
