import { Occupancy } from '../base/occupancy.ts';
import type { KeptRequest, KeptWait } from './kept-requests.ts';

/** Something that requests get one at a time, or so many at a time: a lock, a pool of connections. */
export interface Line {
  readonly slots: number;
}

/** What a request does in a row once it is its turn. */
export interface Turn {
  readonly line: Line;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Its waits, by their places in the request. */
  readonly waits: readonly number[];
  /** Since when the request stood in line; its start, where it did not. */
  readonly since: number;
  /** From when a place was free until it had it: negative where turns overlap more than the line allows. */
  readonly handover: number;
}

interface Draft extends Omit<Turn, 'line' | 'handover'> {
  readonly request: number;
  readonly waits: number[];
  endedAt: number;
}

// What holds a place may take its time between two calls; a longer pause is the next turn.
const PAUSE_WITHIN = 100e6;

/** Programs take turns by name where they ask for addresses (Java's InetAddress does), else by peer. */
const resourceOf = ({ reason, to, what }: KeptWait): string => (reason === 'dns' ? `${to} ${what}` : to);

/** The waits that stood in line before others, by request: from the place of what they waited for to their own. */
export function queuedBefore(requests: readonly KeptRequest[]): Map<number, number>[] {
  return requests.map(({ waits }) => {
    const queued = new Map<number, number>();
    for (const [index, { reason, to, endedAt }] of waits.entries()) {
      if (reason !== 'queue') continue;
      const next = waits.findIndex((wait) => wait.reason !== 'queue' && wait.to === to && wait.startedAt === endedAt);
      if (next >= 0) queued.set(next, index);
    }
    return queued;
  });
}

/** The turns of each request, by the place of their first wait. */
export function turnsOf(
  requests: readonly KeptRequest[],
  queued: readonly ReadonlyMap<number, number>[],
): Map<number, Turn>[] {
  const drafts = new Map<string, Draft[]>();
  for (const [request, { owner, waits }] of requests.entries()) {
    for (const next of queued[request]?.keys() ?? []) drafts.set(`${owner} ${resourceOf(waits[next] as KeptWait)}`, []);
  }
  for (const [request, { owner, waits }] of requests.entries()) {
    for (const [place, wait] of waits.entries()) {
      const own = wait.reason === 'queue' ? undefined : drafts.get(`${owner} ${resourceOf(wait)}`);
      if (own === undefined) continue;
      const queue = queued[request]?.get(place);
      const last = own.at(-1);
      if (last?.request === request && queue === undefined && wait.startedAt - last.endedAt <= PAUSE_WITHIN) {
        last.waits.push(place);
        last.endedAt = Math.max(last.endedAt, wait.endedAt);
        continue;
      }
      const since = queue === undefined ? wait.startedAt : (waits[queue] as KeptWait).startedAt;
      own.push({ request, startedAt: wait.startedAt, endedAt: wait.endedAt, waits: [place], since });
    }
  }
  const turns = requests.map(() => new Map<number, Turn>());
  for (const own of drafts.values()) {
    const ordered = own.toSorted((a, b) => a.startedAt - b.startedAt);
    const line: Line = { slots: new Occupancy(ordered).most };
    const places = new Places(line.slots);
    for (const { request, startedAt, endedAt, waits, since } of ordered) {
      const free = places.free;
      places.take(endedAt);
      // Whom nobody can be seen to hold up came then.
      const isFirst = free === Number.NEGATIVE_INFINITY;
      const handover = isFirst ? 0 : since < startedAt ? startedAt - free : Math.min(0, startedAt - free);
      const turn = { line, startedAt, endedAt, waits, since: isFirst ? startedAt : since, handover };
      turns[request]?.set(waits[0] as number, turn);
    }
  }
  return turns;
}

/** The places of a line, each until its turn ends. */
export class Places {
  readonly #slots: number;
  /** The latest ends, the earliest of them first. */
  readonly #ends: number[] = [];

  constructor(slots: number) {
    this.#slots = slots;
  }

  /** From when on one is free. */
  get free(): number {
    return this.#ends.length < this.#slots ? Number.NEGATIVE_INFINITY : (this.#ends[0] as number);
  }

  take(until: number): void {
    let place = this.#ends.length;
    while (place > 0 && (this.#ends[place - 1] as number) > until) place--;
    this.#ends.splice(place, 0, until);
    if (this.#ends.length > this.#slots) this.#ends.shift();
  }
}
