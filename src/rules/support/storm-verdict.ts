import type { CredentialClient } from '../../knowledge/credential-clients.ts';
import type { FetchLog } from './fetch-log.ts';
import type { ServedRequests } from './served-requests.ts';

// One fetch is the first, a second the next thread's or an expiry's: three that came again are a habit.
const LEAST_REPEATS = 3;
// Every second request, where the pauses between do not tell it.
const MOST = 0.5;
// With a socket for each fetch, as many processes that start would look alike: few pods start so
// many, and fewer yet have each of them serve one request.
const LEAST_UNSURE = 20;
const NEARLY_ALL = 0.9;
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
 * Why credentials are fetched again and again: the client's `window` is longer than what is left of them, or with
 * more left than any window the program makes a client `anew` each time, which knows of no fetch before.
 */
export type Storm = 'window' | 'anew';

/** Whether these fetches are a storm, as far as they tell by themselves; null for none. */
export function stormOf(log: FetchLog, client: CredentialClient, { requests, calls, again }: Asked): Storm | null {
  if (log.repeats < LEAST_REPEATS) return null;
  const storm = log.leastLeft > client.windowSeconds * TOLERANCE ? 'anew' : 'window';
  // Where nobody is served, programs that start one after another would look alike.
  if (storm === 'anew' && requests === 0) return null;
  const { inside, beside } = log.inRequests;
  if (requests > 0 && inside - beside < MOST * log.fetches) return null;
  const share = log.fetches / Math.max(1, requests > 0 ? requests : calls);
  if (storm === 'window' && log.withoutHoldOff >= LEAST_REPEATS) return storm;
  if (Math.max(log.ofOneProcess, again) >= LEAST_REPEATS) return share >= MOST ? storm : null;
  return log.fetches >= LEAST_UNSURE && share >= NEARLY_ALL ? storm : null;
}

/** Whether requests wait for the fetches, and don't go on meanwhile. */
export function holdsUp(log: FetchLog, fetchCost: number, { tally }: ServedRequests): boolean {
  return tally.count >= Math.min(LEAST_REPEATS, log.fetches) && tally.costs.quantile(0.5) >= HELD_UP * fetchCost;
}
