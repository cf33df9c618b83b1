import type { Http2Stream } from './stream.ts';

// Servers permit 100 to 1000 streams at a time, gRPC's in Go any number; watches may be thousands.
const MAX_STREAMS = 10_000;
// Of all connections: at about 1 KB each, 64 MB in the worst case.
const MAX_ALL_STREAMS = 65_536;
// Frames of a stream that is over may still be on their way for a round trip: so many are remembered.
const REMEMBERED = 64;

/** What all connections share. */
export interface StreamBudget {
  streams: number;
}

/** The streams of one connection that are open, the oldest first. */
export class StreamTable {
  readonly #budget: StreamBudget;
  // Mostly one is open at a time. A map would make a new table for each few that come and go, and
  // tables that lead from one to the next outlive young collections.
  #oldest: Http2Stream | null = null;
  readonly #others = new Map<number, Http2Stream>();
  readonly #closed = new Int32Array(REMEMBERED);
  #closedCount = 0;
  /** Of those that were closed: what is above it need not be looked for. */
  #highestClosed = -1;

  constructor(budget: StreamBudget) {
    this.#budget = budget;
  }

  get size(): number {
    return this.#others.size + (this.#oldest === null ? 0 : 1);
  }

  get(id: number): Http2Stream | undefined {
    return this.#oldest?.id === id ? this.#oldest : this.#others.size === 0 ? undefined : this.#others.get(id);
  }

  /** Lately. */
  wasClosed(id: number): boolean {
    return id <= this.#highestClosed && this.#closed.includes(id);
  }

  /** @returns the oldest, where it must go for want of room */
  add(stream: Http2Stream): Http2Stream | null {
    if (this.size === 0) this.#oldest = stream;
    else this.#others.set(stream.id, stream);
    this.#budget.streams++;
    const isFull = this.#budget.streams > MAX_ALL_STREAMS && this.size > 1;
    if (!isFull && this.size <= MAX_STREAMS) return null;
    const [oldest] = this.all();
    return oldest as Http2Stream;
  }

  remove(stream: Http2Stream): void {
    if (this.#oldest === stream) this.#oldest = null;
    else this.#others.delete(stream.id);
    this.#budget.streams--;
    this.#closed[this.#closedCount++ % REMEMBERED] = stream.id;
    if (stream.id > this.#highestClosed) this.#highestClosed = stream.id;
    stream.isOver = true;
  }

  /** May be removed meanwhile. */
  *all(): Generator<Http2Stream> {
    if (this.#oldest !== null) yield this.#oldest;
    yield* this.#others.values();
  }
}
