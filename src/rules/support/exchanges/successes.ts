import { emptyList } from '../../../base/lists.ts';
import { at, NEVER, nanoseconds, type Timestamp } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';

// Gaps that are kept to compare with: the latest.
const MAX_GAPS = 64;
// A try that was given up ends when its connection does, which may be after the next one's answer.
const MAX_CALLS = 16;
// A call's numbers in a row: start, duration, the server's port, and the packets, of which there are four at most.
const DURATION = 1;
const PORT = 2;
const PACKETS = 3;
const COLUMNS = 7;

/** What is kept of a try. */
export type Tried = Pick<Exchange, 'server' | 'serverPort' | 'startedAt' | 'duration' | 'packets'>;

/**
 * The latest calls of one kind that succeeded, and how soon the next ones began after them. Every call comes
 * by here, and hardly one is ever asked for: these are numbers, as objects that live for seconds are what
 * costs the collector most.
 */
export class Successes {
  readonly #gaps = new Float64Array(MAX_GAPS);
  #gapCount = 0;
  /** Of the latest; NaN where a failure came since. */
  #endedAt = NEVER;
  /** A ring of rows, with the servers beside it. */
  readonly #calls = new Float64Array(MAX_CALLS * COLUMNS);
  readonly #servers = emptyList<string>();
  #next = 0;
  #count = 0;

  /** Of gaps; the oldest make room. */
  get gaps(): number {
    return Math.min(this.#gapCount, MAX_GAPS);
  }

  get longestGap(): number {
    return this.#gaps.subarray(0, this.gaps).reduce((longest, gap) => Math.max(longest, gap), 0);
  }

  /**
   * Another call of the kind began, whatever became of it.
   * @param failedAt when a call of whatever kind failed last: what the client waits after that is no gap after a success
   */
  follow(startedAt: Timestamp, failedAt: number): void {
    const gap = startedAt - this.#endedAt;
    if (gap >= 0 && !(failedAt >= this.#endedAt)) this.#gaps[this.#gapCount++ % MAX_GAPS] = gap;
  }

  /** What comes next does not follow a success. */
  failed(): void {
    this.#endedAt = NEVER;
  }

  add({ startedAt, duration, server, serverPort, packets }: Tried): void {
    const slot = this.#next;
    const row = slot * COLUMNS;
    this.#calls[row] = startedAt;
    this.#calls[row + DURATION] = duration;
    this.#calls[row + PORT] = serverPort;
    for (let index = 0; index < COLUMNS - PACKETS; index++) {
      this.#calls[row + PACKETS + index] = index < packets.length ? (packets[index] as number) : Number.NaN;
    }
    this.#servers[slot] = server;
    this.#next = slot + 1 === MAX_CALLS ? 0 : slot + 1;
    if (this.#count < MAX_CALLS) this.#count++;
    this.#endedAt = at(startedAt + duration);
  }

  /** Takes out the oldest call that is wanted; null where none is. */
  take(isWanted: (call: Tried) => boolean): Tried | null {
    for (let place = 0; place < this.#count; place++) {
      const call = this.#at(place);
      if (!isWanted(call)) continue;
      for (let later = place + 1; later < this.#count; later++) this.#move(later, later - 1);
      this.#next = this.#slotOf(this.#count - 1);
      this.#count--;
      return call;
    }
    return null;
  }

  #at(place: number): Tried {
    const slot = this.#slotOf(place);
    const [startedAt, duration, serverPort, ...packets] = this.#rowOf(slot);
    return {
      server: this.#servers[slot] as string,
      serverPort: serverPort as number,
      startedAt: at(startedAt as number),
      duration: nanoseconds(duration as number),
      packets: packets.filter((packet) => !Number.isNaN(packet)),
    };
  }

  #move(from: number, to: number): void {
    this.#rowOf(this.#slotOf(to)).set(this.#rowOf(this.#slotOf(from)));
    this.#servers[this.#slotOf(to)] = this.#servers[this.#slotOf(from)] as string;
  }

  #rowOf(slot: number): Float64Array {
    return this.#calls.subarray(slot * COLUMNS, (slot + 1) * COLUMNS);
  }

  /** Counted from the oldest. */
  #slotOf(place: number): number {
    return (this.#next - this.#count + place + MAX_CALLS) % MAX_CALLS;
  }
}
