import type { CredentialClient } from '../../../knowledge/credential-clients.ts';
import type { FetchLog } from './fetch-log.ts';
import type { ServedRequests } from '../requests/served-requests.ts';
import type { SessionLife } from './session-life.ts';

// One fetch is the first, a second the next thread's or an expiry's: three that came again are a habit.
const LEAST_REPEATS = 3;
// Every second request, where the pauses between do not tell it.
const MOST = 0.5;
// With a socket for each fetch, as many processes that start would look alike: few pods start so
// many, and fewer yet have each of them serve one request.
const LEAST_UNSURE = 20;
const NEARLY_ALL = 0.9;
// Processes ask when they start, soon one after another; of what goes on, a third comes in the later half. And no
// process is replaced after fewer than ten requests.
const GOES_ON = 1 / 3;
const NOT_BY_STARTS = 0.1;
// The window is kept by the client's clock, which differs a little from the capture's.
const TOLERANCE = 1.02;
// What goes on in the background holds up no request; what overlaps by chance is less than this of a fetch.
const HELD_UP = 0.2;

/** Who asks for credentials, and how often anything else was asked. */
export interface Asked {
  /** Requests that the client served. */
  requests: number;
  /** Calls that it made to others. */
  calls: number;
  /** Requests that fetch on a caller's connection on which one fetched before: a process keeps its connections. */
  again: number;
}

/**
 * Why they are fetched again: less is left than the client's window, or more than any window, and a new
 * client is made for each request, which knows nothing of the one before.
 */
export type StormCause = 'window' | 'new-client';

/** What makes these fetches a storm, as far as they tell by themselves; null where they are none. */
export function stormCause(log: FetchLog, client: CredentialClient, asked: Asked): StormCause | null {
  const { requests, calls, again } = asked;
  if (log.repeats < LEAST_REPEATS) return null;
  const { inside, beside } = log.inRequests;
  if (requests > 0 && inside - beside < MOST * log.fetches) return null;
  const share = log.fetches / Math.max(1, requests > 0 ? requests : calls);
  const isOneProcess = Math.max(log.ofOneProcess, again) >= LEAST_REPEATS;
  // Programs that start and end ask once each: only requests of one process tell that it keeps nothing.
  if (log.life.leastLeft > client.windowSeconds * TOLERANCE) {
    const isSome = share >= NOT_BY_STARTS && log.inLaterHalf >= Math.max(LEAST_REPEATS, GOES_ON * log.fetches);
    return requests > 0 && isOneProcess && (share >= MOST || isSome) ? 'new-client' : null;
  }
  if (isOverAtOnce(log.life, client.windowSeconds)) return null;
  const isHabit = isOneProcess ? share >= MOST : log.fetches >= LEAST_UNSURE && share >= NEARLY_ALL;
  return log.withoutHoldOff >= LEAST_REPEATS || isHabit ? 'window' : null;
}

/**
 * The session was renewed about when the client's window began, and the new one is not asked for again: that is
 * one refresh for each session, of which those in flight then may each wait for their own.
 */
function isOverAtOnce({ leastLeft, lastLeft, mostLeftBefore }: SessionLife, window: number): boolean {
  const isInside = (left: number): boolean => left <= window * TOLERANCE;
  return leastLeft * TOLERANCE >= window && !isInside(lastLeft) && isInside(mostLeftBefore);
}

/** Whether requests wait for the fetches, and don't go on meanwhile. */
export function holdsUp(log: FetchLog, fetchCost: number, { tally }: ServedRequests): boolean {
  return tally.count >= Math.min(LEAST_REPEATS, log.fetches) && tally.costs.quantile(0.5) >= HELD_UP * fetchCost;
}
