import { addTo } from '../base/group-by.ts';
import type { Report } from '../model/finding.ts';
import type { KeptRequest, KeptRequests } from '../replay/kept-requests.ts';
import { Replay } from '../replay/replay.ts';
import { indexOf, Reliefs, type RequestIndex } from './relief.ts';

/** How long requests took, and would take with a cause gone: nanoseconds, in the same order. */
export interface Outlook {
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Requests beyond those that were replayed. */
  readonly isPart: boolean;
  /** How many callers were seen to wait for their answer before they asked again; null: requests come on their own. */
  readonly callers: number | null;
  /** Some stand in line. */
  readonly hasLines: boolean;
}

/** How many of them would be quicker. */
export const quickerIn = ({ before, after }: Outlook): number =>
  before.filter((duration, index) => (after[index] as number) < duration).length;

interface Replayed {
  readonly places: readonly number[];
  readonly replay: Replay;
}

// Of what is found in requests for the lesser part, most was waited for by nobody who is seen.
const LEAST_FOUND = 0.5;

/** Replays requests with findings' causes gone. */
export class Outlooks {
  readonly #requests: readonly KeptRequest[];
  readonly #isPart: boolean;
  readonly #index: RequestIndex;
  readonly #byOwner = new Map<string, number[]>();
  readonly #replays = new Map<string, Replayed>();

  constructor({ all, count }: KeptRequests) {
    this.#requests = all.toSorted((a, b) => a.startedAt - b.startedAt);
    this.#isPart = count > all.length;
    this.#index = indexOf(this.#requests);
    for (const [place, { owner }] of this.#requests.entries()) addTo(this.#byOwner, owner, place);
  }

  /** @returns null where requests are not what waits, or are not seen to */
  of(reports: readonly Report[]): Outlook | null {
    if (this.#requests.length === 0) return null;
    const reliefs = new Reliefs(this.#requests, this.#index);
    for (const report of reports) reliefs.add(report);
    const { found, lost, byRequest } = reliefs;
    if (found === 0 || found < LEAST_FOUND * (found + lost)) return null;
    // A client's own call is the exchange that is counted: nothing else waits for it.
    const isItself = reports.some(({ unit }) => unit === 'exchanges' || unit === 'calls');
    if (isItself && [...byRequest.keys()].every((place) => this.#at(place).isOwnCall)) return null;
    // Of later ones it is not known what they would no longer wait for.
    const knownUntil = Math.min(...reports.map(({ cost }) => cost.occurrences.completeUntil));
    const before: number[] = [];
    const after: number[] = [];
    let isPart = this.#isPart;
    const replayed = [...new Set([...byRequest.keys()].map((place) => this.#at(place).owner))].map(this.#replayOf);
    for (const { places, replay } of replayed) {
      const durations = replay.run((index) => byRequest.get(places[index] as number));
      for (const [index, duration] of durations.entries()) {
        const { startedAt, endedAt } = this.#at(places[index] as number);
        if (endedAt > knownUntil) {
          isPart = true;
          continue;
        }
        before.push(endedAt - startedAt);
        after.push(duration);
      }
    }
    if (before.length === 0) return null;
    const [first, ...others] = replayed as [Replayed, ...Replayed[]];
    return {
      before,
      after,
      isPart,
      callers: others.length === 0 ? first.replay.callers : null,
      hasLines: replayed.some(({ replay }) => replay.hasLines),
    };
  }

  #at = (place: number): KeptRequest => this.#requests[place] as KeptRequest;

  #replayOf = (owner: string): Replayed => {
    let known = this.#replays.get(owner);
    if (known === undefined) {
      const places = this.#byOwner.get(owner) ?? [];
      known = { places, replay: new Replay(places.map(this.#at)) };
      this.#replays.set(owner, known);
    }
    return known;
  };
}
