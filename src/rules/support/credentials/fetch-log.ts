import { at, nanoseconds, seconds, type Duration, type Timestamp } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
import type { Input } from '../../../model/input.ts';
import type { MetadataAgent, MetadataQuestion, MetadataService } from '../../../model/metadata.ts';
import type { PacketId } from '../../../model/packet.ts';
import { SessionLife } from './session-life.ts';

// Calls before the one for credentials that it may belong to: a token and the role's name, of some callers at once.
const MAX_BEFORE = 64;
// Fetches about which it is not known yet which requests they lie in: a request lasts longer than so many.
const MAX_OPEN = 1024;
// Sockets that a process may keep to the metadata service, and processes in a pod.
const MAX_CONNECTIONS = 64;
// As many requests of a pod, and calls of it, as are open at once.
const MAX_RECENT = 64;
// Releases that hold off do so for 50 s at least (Java v1), others for minutes.
const SHORTEST_HOLD_OFF = seconds(30);
// Of the fetches so many show how they are spread.
const MAX_PLACES = 4096;
// More of it than this, and the other call is what the time goes to.
const MOST = 0.5;

interface Before {
  readonly asks: MetadataQuestion;
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp;
  readonly packets: readonly PacketId[];
}

interface Stretch {
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp;
}

interface OpenFetch extends Stretch {
  /** Requests that were open meanwhile, and those of them that it lies in. */
  open: number;
  inside: number;
  /** A call to somebody else went on meanwhile. */
  beside: boolean;
}

/** One fetch of credentials with all calls that it took. */
export interface Fetch {
  readonly startedAt: Timestamp;
  readonly endedAt: Timestamp;
  /** What its calls took together. */
  readonly cost: Duration;
  readonly packets: readonly PacketId[];
}

/** What one client's fetches at one metadata service tell. */
export class FetchLog {
  fetches = 0;
  /** HTTP calls of all fetches. */
  calls = 0;
  /** Fetches while the former answer was still good. */
  repeats = 0;
  /** Of these on a connection that fetched before: one process. */
  ofOneProcess = 0;
  /** Of these sooner than any release that holds off would ask. */
  withoutHoldOff = 0;
  readonly life = new SessionLife();
  software: string | null = null;
  agent: MetadataAgent | null = null;
  service: MetadataService | null = null;
  isGuess = false;
  #served = 0;
  /** How many requests had been served at each fetch. */
  readonly #places: number[] = [];
  #before: Before[] = [];
  #open: OpenFetch[] = [];
  #settled = { inside: 0, beside: 0 };
  #lastEnd: Timestamp = at(Number.NaN);
  readonly #connections = new Set<string>();
  // An answer whose end the capture cuts off is known late: after the request that it lies in.
  readonly #requests: Stretch[] = [];
  readonly #others: Stretch[] = [];

  /** A call that may precede one for credentials; where the capture cut its path off, it may be for the role's name. */
  before(exchange: Exchange, asks: MetadataQuestion): void {
    this.#name(exchange);
    if (this.#before.length >= MAX_BEFORE) this.#before.shift();
    const { startedAt, duration, packets } = exchange;
    this.#before.push({
      asks: asks === 'unknown' ? 'roles' : asks,
      startedAt,
      endedAt: at(startedAt + duration),
      packets: [...packets],
    });
  }

  /** A call for credentials that was answered. */
  fetch(exchange: Exchange, isGuess: boolean, input: Input | undefined): Fetch {
    this.#name(exchange);
    if (isGuess) this.isGuess = true;
    const { startedAt, duration, connection } = exchange;
    const endedAt = at(startedAt + duration);
    const parts = this.#partsBefore(startedAt);
    const from = parts.reduce((first, part) => Math.min(first, part.startedAt), startedAt as number);
    const cost = parts.reduce((sum, part) => sum + part.endedAt - part.startedAt, duration as number);
    this.fetches++;
    if (this.#places.length < MAX_PLACES) this.#places.push(this.#served);
    this.calls += parts.length + 1;
    this.#count(from, connection);
    this.life.answered(exchange, endedAt, input);
    this.#lastEnd = endedAt;
    this.#remember(connection);
    this.#opened({ startedAt: at(from), endedAt, open: 0, inside: 0, beside: false });
    const packets = [...parts.flatMap((part) => part.packets), ...exchange.packets];
    return { startedAt: at(from), endedAt, cost: nanoseconds(cost), packets };
  }

  /** A request that the client served. */
  served(from: Timestamp, until: Timestamp): void {
    this.#served++;
    const request = { startedAt: from, endedAt: until };
    keep(this.#requests, request);
    for (const fetch of this.#openSince(from)) countRequest(fetch, request);
  }

  /** Something else that the client asked somebody. */
  asked(from: Timestamp, until: Timestamp): void {
    const other = { startedAt: from, endedAt: until };
    keep(this.#others, other);
    for (const fetch of this.#openSince(from)) if (isBeside(fetch, other)) fetch.beside = true;
  }

  /** How many fetches came when half of all requests had been served. */
  get inLaterHalf(): number {
    return this.#places.filter((place) => place > this.#served / 2).length;
  }

  /** From the newest: they come in order of their end. */
  *#openSince(from: Timestamp): Generator<OpenFetch> {
    for (let index = this.#open.length - 1; index >= 0; index--) {
      const fetch = this.#open[index] as OpenFetch;
      if (fetch.endedAt < from) return;
      yield fetch;
    }
  }

  /** Fetches that lie in requests, and of these the ones that the one request there did not wait for. */
  get inRequests(): { inside: number; beside: number } {
    const counts = { ...this.#settled };
    for (const fetch of this.#open) count(counts, fetch);
    return counts;
  }

  #name({ metadata }: Exchange): void {
    this.software ??= metadata?.software ?? null;
    this.agent = metadata?.agent ?? this.agent;
    this.service ??= metadata?.service ?? null;
  }

  /** The role's name that was asked last, and the tokens for either. */
  #partsBefore(startedAt: Timestamp): Before[] {
    const parts: Before[] = [];
    let until = startedAt;
    for (const asks of ['token', 'roles', 'token'] as const) {
      const last = this.#before.findLast((one) => one.asks === asks && one.endedAt <= until && !parts.includes(one));
      if (last === undefined) continue;
      // A token that was asked for before the role's name is that one's.
      const isEarlier =
        asks === 'token' &&
        parts.length === 0 &&
        this.#before.some((one) => one.asks === 'roles' && one.startedAt >= last.endedAt && one.endedAt <= startedAt);
      if (isEarlier) continue;
      parts.push(last);
      until = last.startedAt;
    }
    this.#before = this.#before.filter((one) => !parts.includes(one));
    return parts;
  }

  #count(from: number, connection: string): void {
    // Who asks before the other's answer is there is another thread or process.
    if (!(from >= this.#lastEnd)) return;
    if (!this.life.isGoodAt(from)) return;
    this.repeats++;
    this.life.askedAgain();
    if (!this.#connections.has(connection)) return;
    this.ofOneProcess++;
    if (from - this.#lastEnd < SHORTEST_HOLD_OFF) this.withoutHoldOff++;
  }

  #remember(connection: string): void {
    if (this.#connections.size >= MAX_CONNECTIONS) {
      for (const oldest of this.#connections) if (this.#connections.delete(oldest)) break;
    }
    this.#connections.add(connection);
  }

  #opened(fetch: OpenFetch): void {
    if (this.#others.some((other) => isBeside(fetch, other))) fetch.beside = true;
    for (const request of this.#requests) countRequest(fetch, request);
    this.#open.push(fetch);
    if (this.#open.length <= MAX_OPEN) return;
    for (const old of this.#open.splice(0, MAX_OPEN / 2)) count(this.#settled, old);
  }
}

function keep(stretches: Stretch[], stretch: Stretch): void {
  if (stretches.length >= MAX_RECENT) stretches.shift();
  stretches.push(stretch);
}

function countRequest(fetch: OpenFetch, request: Stretch): void {
  if (request.startedAt > fetch.endedAt || request.endedAt < fetch.startedAt) return;
  fetch.open++;
  if (isInside(fetch, request)) fetch.inside++;
}

const isInside = (fetch: Stretch, request: Stretch): boolean =>
  fetch.startedAt >= request.startedAt && fetch.endedAt <= request.endedAt;

const isBeside = (fetch: Stretch, other: Stretch): boolean =>
  Math.min(fetch.endedAt, other.endedAt) - Math.max(fetch.startedAt, other.startedAt) >
  MOST * (fetch.endedAt - fetch.startedAt);

function count(counts: { inside: number; beside: number }, { open, inside, beside }: OpenFetch): void {
  if (inside > 0) counts.inside++;
  // Where several requests were open, the other call may be another one's.
  if (inside === 1 && open === 1 && beside) counts.beside++;
}
