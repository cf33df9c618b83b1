import { at, endOf, milliseconds, nanoseconds, type Duration, type Timestamp } from '../../../base/time.ts';
import type { Request } from '../../../model/request.ts';
import type { Fetch } from './fetch-log.ts';

// Fetches that a request may have waited for: it lasts no longer than so many.
const MAX_RECENT = 32;
// Who shares an answer goes on with it: as soon as a busy machine lets it, and of a quick one in a part of what it took.
const WITH_ANSWER = milliseconds(10);
const WITHIN_SHARE = 0.25;
// Who came when the answer was on its way has not waited for it to speak of, and shows nothing.
const LEAST_SHARED = 0.25;
// Who finds no good answer asks anew, and the others wait on: one fetch begins as the former ends.
const FOLLOWS = milliseconds(10);
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
    let longest: SharedWait | null = null;
    for (const stretch of idleStretches(request, provider)) {
      const met = this.#recent.filter((fetch) => overlap(fetch, stretch) >= LEAST_SHARED * durationOf(fetch));
      if (met.length === 0) continue;
      const last = met.findLast((fetch) => endsWith(stretch, fetch));
      if (last === undefined) {
        if (!fetches) this.#going++;
        continue;
      }
      if (!fetches) this.#waiting++;
      const time = nanoseconds(last.endedAt - Math.max(stretch.startedAt, this.#firstBefore(last)));
      if (longest !== null && time <= longest.time) continue;
      const refs = request.waits.filter(({ to, ref }) => to === provider && ref !== '').map(({ ref }) => ref);
      longest = { time, fetch: last, refs };
    }
    return longest;
  }

  /** When the first of those began that followed one another without a pause. */
  #firstBefore(last: Fetch): Timestamp {
    let { startedAt } = last;
    for (const fetch of this.#recent.toReversed()) {
      if (fetch.startedAt < startedAt && fetch.endedAt >= startedAt - FOLLOWS) ({ startedAt } = fetch);
    }
    return startedAt;
  }
}

interface Stretch {
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp;
}

/** When a request waited for nobody, or for its metadata service alone. */
function idleStretches({ startedAt, duration, waits }: Request, provider: string): Stretch[] {
  const stretches: Stretch[] = [];
  const until = at(startedAt + duration);
  let since = startedAt;
  for (const wait of waits) {
    if (wait.to === provider) continue;
    if (wait.startedAt > since) stretches.push({ startedAt: since, endedAt: wait.startedAt });
    since = at(Math.max(since, endOf(wait)));
  }
  if (until > since) stretches.push({ startedAt: since, endedAt: until });
  return stretches;
}

const durationOf = ({ startedAt, endedAt }: Stretch): number => endedAt - startedAt;

const overlap = (one: Stretch, other: Stretch): number =>
  Math.min(one.endedAt, other.endedAt) - Math.max(one.startedAt, other.startedAt);

function endsWith(stretch: Stretch, fetch: Fetch): boolean {
  const after = stretch.endedAt - fetch.endedAt;
  return after >= 0 && after <= Math.min(WITH_ANSWER, WITHIN_SHARE * durationOf(fetch));
}
