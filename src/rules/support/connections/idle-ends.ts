import { Distribution } from '../../../base/distribution.ts';
import { nanoseconds, seconds, type Timestamp } from '../../../base/time.ts';

// Who closes behind each answer does so at once; the shortest timeouts are of a second or two.
const LEAST_KEPT = seconds(1);
// So many of one client tell whether it takes what is idle.
const MAX_KEPT = 1 << 10;
const MOST = 0.5;

interface Rest {
  readonly from: Timestamp;
  readonly until: Timestamp;
}

/** Connections of one client that its server closed when they had been idle for a while. */
export class IdleEnds {
  count = 0;
  /** For how long it kept them. */
  readonly kept = new Distribution();
  readonly #rests: Rest[] = [];
  readonly #opened: Timestamp[] = [];

  /** The client opened a connection. */
  opened(time: Timestamp): void {
    if (this.#opened.length < MAX_KEPT) this.#opened.push(time);
  }

  /** What was closed at once is none. */
  add(from: Timestamp, until: Timestamp): void {
    if (until - from < LEAST_KEPT) return;
    this.count++;
    this.kept.add(nanoseconds(until - from));
    if (this.#rests.length < MAX_KEPT) this.#rests.push({ from, until });
  }

  /** While most of them were idle the client opened others: it takes none of them, however long they are kept. */
  arePassedOver(): boolean {
    const opened = this.#opened.toSorted((a, b) => a - b);
    const passed = this.#rests.filter(({ from, until }) => {
      const next = opened.find((time) => time > from);
      return next !== undefined && next < until;
    });
    return passed.length > MOST * this.#rests.length;
  }
}
