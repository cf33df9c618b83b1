import { Occupancy } from '../base/occupancy.ts';
import type { KeptRequest } from './kept-requests.ts';

/** How requests come: each when an earlier one is answered, or whenever they like. */
export interface Callers {
  /** So many at once, each sending its next request when it has its answer; null where they come on their own. */
  readonly closed: number | null;
  /** For each request the one whose answer sets it off, -1 where none does. */
  readonly after: readonly number[];
}

// With nearly always the same number in flight, it is the callers' number; by chance it comes and goes.
const FULL_SHARE = 0.8;
// Of fewer rounds, it may be one burst.
const LEAST_ROUNDS = 4;

/** @param requests of one owner, in order of their start */
export function callersOf(requests: readonly KeptRequest[]): Callers {
  const after = requests.map(() => -1);
  if (requests.length === 0) return { closed: null, after };
  const flight = new Occupancy(requests);
  const from = (requests[0] as KeptRequest).startedAt;
  // At the end they run out one by one.
  const until = (requests.at(-1) as KeptRequest).startedAt;
  const isClosed =
    requests.length >= LEAST_ROUNDS * flight.most && flight.within(from, until) >= FULL_SHARE * (until - from);
  if (!isClosed) return { closed: null, after };
  const ends = requests.map((_, index) => index).toSorted((a, b) => endOf(requests, a) - endOf(requests, b));
  const free: number[] = [];
  let next = 0;
  for (const [index, { startedAt }] of requests.entries()) {
    while (next < ends.length && endOf(requests, ends[next] as number) < startedAt) free.push(ends[next++] as number);
    // Whoever was answered last asks first: the pause that is left is its own.
    after[index] = free.pop() ?? -1;
  }
  return { closed: flight.most, after };
}

const endOf = (requests: readonly KeptRequest[], index: number): number => (requests[index] as KeptRequest).endedAt;
