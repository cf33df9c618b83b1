import { callersOf, type Callers } from './callers.ts';
import type { KeptRequest, KeptWait } from './kept-requests.ts';
import { Places, queuedBefore, turnsOf, type Line, type Turn } from './lines.ts';

/** What of one request's time would be gone. */
export interface Relief {
  /** Of each wait that is relieved, by its place: nanoseconds, at most as long as it lasted. */
  readonly waits: ReadonlyMap<number, number>;
  /** Of time in which it waited for nobody that can be named. */
  readonly own: number;
  /** Waits, by their places, for which it need stand in no line any more. */
  readonly unqueued?: ReadonlySet<number>;
}

/** Something that happens to a request: it comes (no wait), or it begins to wait. */
interface Event {
  readonly request: number;
  readonly wait: number;
  readonly at: number;
}

const NOTHING: Relief = { waits: new Map(), own: 0 };

/**
 * Requests as they would have gone with some of their waits shorter or gone. Each wait begins as
 * long after all that had ended before it as it did; whoever stood in line has a place as soon as
 * those before it are done, in the order that was seen; callers that wait for their answer before
 * they ask again do so sooner. All of this only adds and takes the later of two, so that with
 * nothing relieved nothing changes, and to relieve more never has a request answered later. (It may take
 * longer: who asks sooner may come to a line that moves no sooner.)
 */
export class Replay {
  /** So many callers, each waiting for its answer before it asks again; null where requests come on their own. */
  readonly callers: number | null;
  readonly #requests: readonly KeptRequest[];
  readonly #callers: Callers;
  readonly #turns: Map<number, Turn>[];
  readonly #events: Event[];
  /** Of each request, the places of its waits in order of their end; lines are replayed, and stand in none. */
  readonly #byEnd: number[][];

  /** Whether any of them stand in line for something. */
  get hasLines(): boolean {
    return this.#turns.some((turns) => turns.size > 0);
  }

  /** @param requests of one owner, in order of their start */
  constructor(requests: readonly KeptRequest[]) {
    this.#requests = requests;
    this.#callers = callersOf(requests);
    this.callers = this.#callers.closed;
    const queued = queuedBefore(requests);
    this.#turns = turnsOf(requests, queued);
    const lines = queued.map((places) => new Set(places.values()));
    this.#events = eventsOf(requests, lines);
    this.#byEnd = requests.map(({ waits }, request) =>
      [...waits.keys()]
        .filter((place) => lines[request]?.has(place) !== true)
        .toSorted((a, b) => endOf(waits, a) - endOf(waits, b)),
    );
  }

  /** @returns how long each request takes then, in their order */
  run(reliefOf: (request: number) => Relief | undefined): number[] {
    const places = new Map<Line, Places>();
    const states = this.#requests.map((request, index) => new State(request, this.#byEnd[index] as number[]));
    const ends: number[] = [];
    const endAt = (request: number): number => {
      ends[request] ??= (states[request] as State).end((reliefOf(request) ?? NOTHING).own);
      return ends[request];
    };
    for (const { request, wait, at } of this.#events) {
      const state = states[request] as State;
      if (wait < 0) {
        const before = this.#callers.after[request] as number;
        const earlier = before < 0 ? 0 : (this.#requests[before] as KeptRequest).endedAt - endAt(before);
        state.begin(at - earlier);
        continue;
      }
      const { waits: relief, unqueued } = reliefOf(request) ?? NOTHING;
      const { startedAt, endedAt } = state.request.waits[wait] as KeptWait;
      const turn = this.#turns[request]?.get(wait);
      let start = state.after(startedAt, turn?.since ?? startedAt);
      if (turn !== undefined && unqueued?.has(wait) !== true)
        start = take(turn, state.request.waits, relief, start, places);
      state.ends[wait] = start + Math.max(0, endedAt - startedAt - (relief.get(wait) ?? 0));
    }
    return this.#requests.map((_, request) => endAt(request) - (states[request] as State).startedAt);
  }
}

/** @returns when its turn comes; a turn of which nothing is left takes no place */
function take(
  { line, startedAt, endedAt, waits, handover }: Turn,
  all: readonly KeptWait[],
  relief: ReadonlyMap<number, number>,
  arrives: number,
  places: Map<Line, Places>,
): number {
  const isGone = waits.every(
    (place) => (relief.get(place) ?? 0) >= endOf(all, place) - (all[place] as KeptWait).startedAt,
  );
  if (isGone) return arrives;
  let own = places.get(line);
  if (own === undefined) places.set(line, (own = new Places(line.slots)));
  const start = Math.max(arrives, own.free + handover);
  const relieved = waits.reduce((sum, place) => sum + (relief.get(place) ?? 0), 0);
  own.take(start + Math.max(0, endedAt - startedAt - relieved));
  return start;
}

/** One request on its way through a replay. */
class State {
  readonly request: KeptRequest;
  startedAt = 0;
  /** When each wait ends now. */
  readonly ends: number[] = [];
  readonly #byEnd: readonly number[];
  #next = 0;
  /** The latest end of what is over: as it was, and now. */
  #was = 0;
  #now = 0;

  constructor(request: KeptRequest, byEnd: readonly number[]) {
    this.request = request;
    this.#byEnd = byEnd;
  }

  begin(startedAt: number): void {
    this.startedAt = startedAt;
    this.#was = this.request.startedAt;
    this.#now = startedAt;
  }

  /** When now is what came at `came`, by what had ended before `until`. */
  after(until: number, came: number): number {
    this.#pass(until);
    return this.#now + came - this.#was;
  }

  /** When it is answered. */
  end(relieved: number): number {
    this.#pass(this.request.endedAt);
    return Math.max(this.startedAt, this.#now + this.request.endedAt - this.#was - relieved);
  }

  #pass(until: number): void {
    for (; this.#next < this.#byEnd.length; this.#next++) {
      const place = this.#byEnd[this.#next] as number;
      const was = endOf(this.request.waits, place);
      if (was > until) return;
      this.#was = was;
      this.#now = Math.max(this.#now, this.ends[place] as number);
    }
  }
}

const endOf = (waits: readonly KeptWait[], place: number): number => (waits[place] as KeptWait).endedAt;

function eventsOf(requests: readonly KeptRequest[], lines: readonly ReadonlySet<number>[]): Event[] {
  const events: Event[] = [];
  for (const [request, { startedAt, waits }] of requests.entries()) {
    events.push({ request, wait: -1, at: startedAt });
    for (const [wait, { startedAt: at }] of waits.entries()) {
      if (lines[request]?.has(wait) !== true) events.push({ request, wait, at });
    }
  }
  // Stable: a request comes before it waits for anything.
  return events.toSorted((a, b) => a.at - b.at);
}
