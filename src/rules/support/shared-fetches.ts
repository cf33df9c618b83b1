import { at, endOf, milliseconds, nanoseconds, type Duration, type Timestamp } from '../../base/time.ts';
import type { Request, Wait } from '../../model/request.ts';
import type { Fetch } from './fetch-log.ts';

// Fetches that a request may have waited for: it lasts no longer than so many.
const MAX_RECENT = 32;
// Who shares an answer goes on with it: as soon as a busy machine lets it.
const WITH_ANSWER = milliseconds(10);
// Who came when the answer was on its way has not waited for it to speak of, and shows nothing.
const LEAST_SHARED = 0.25;
// By chance a few go on just then. Where the answer is shared nearly all do, and where it is not nearly none.
const LEAST_WAITING = 3;
const NEARLY_ALL = 0.8;

/** A fetch that another request made, and how long this one waited for it. */
export interface SharedWait {
  readonly time: Duration;
  readonly fetch: Fetch;
  /** Calls to the metadata service within it, which may be any of theirs. */
  readonly refs: readonly string[];
}

/**
 * Requests of one service that fetched nothing themselves, while another one did: a program may let them wait for that
 * fetch (a promise that all await, single flight) or go on with what it has.
 */
export class SharedFetches {
  readonly #recent: Fetch[] = [];
  #waiting = 0;
  #going = 0;

  keep(fetch: Fetch): void {
    if (this.#recent.length >= MAX_RECENT) this.#recent.shift();
    this.#recent.push(fetch);
  }

  /** Whether those that ask meanwhile wait for the one that fetches. */
  get areShared(): boolean {
    return this.#waiting >= LEAST_WAITING && this.#waiting >= NEARLY_ALL * (this.#waiting + this.#going);
  }

  /**
   * What a request seems to have waited for; null where it is nothing.
   * @param provider whom they ask, as waits name it
   * @param fetches it fetches itself, and shows nothing of the others
   */
  waitOf(request: Request, provider: string, fetches: boolean): SharedWait | null {
    const until = at(request.startedAt + request.duration);
    const waits = request.waits.filter(({ to }) => to !== provider);
    let longest: SharedWait | null = null;
    for (const fetch of this.#recent) {
      const least = LEAST_SHARED * (fetch.endedAt - fetch.startedAt);
      // It was not there, or not long enough.
      if (until <= fetch.startedAt || fetch.endedAt - request.startedAt < least) continue;
      const since = idleSince(request.startedAt, waits, fetch.endedAt, until);
      if (since === null) {
        if (!fetches && !wasBusy(waits, fetch)) this.#going++;
        continue;
      }
      const time = fetch.endedAt - Math.max(since, fetch.startedAt);
      if (time < least) continue;
      if (!fetches) this.#waiting++;
      if (longest !== null && time <= longest.time) continue;
      const refs = request.waits.filter(({ to, ref }) => to === provider && ref !== '').map(({ ref }) => ref);
      longest = { time: nanoseconds(time), fetch, refs };
    }
    return longest;
  }
}

/** Since when it had waited for nobody when the answer came, with which it went on; null where it did not. */
function idleSince(
  startedAt: Timestamp,
  waits: readonly Wait[],
  answeredAt: Timestamp,
  until: Timestamp,
): Timestamp | null {
  let since = startedAt;
  let next = until;
  for (const wait of waits) {
    if (wait.startedAt >= answeredAt) next = at(Math.min(next, wait.startedAt));
    else since = at(Math.max(since, endOf(wait)));
  }
  return since < answeredAt && next >= answeredAt && next - answeredAt <= WITH_ANSWER ? since : null;
}

/** It waited for somebody else all the while, and may ask for credentials later on. */
const wasBusy = (waits: readonly Wait[], { startedAt, endedAt }: Fetch): boolean =>
  waits.some((wait) => wait.startedAt <= startedAt && endOf(wait) >= endedAt);
