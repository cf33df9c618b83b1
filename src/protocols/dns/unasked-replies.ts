import { seconds, type Timestamp } from '../../base/time.ts';
import type { Layers } from '../../model/packet.ts';

// Whoever waits for a sending asks again or gives up by then (glibc, Go: 5 s; gRPC: 6 s).
const ANSWERED_BY = seconds(6);

/** Replies whose query is not in the capture and was not sent before it began: it lacks packets. */
export class UnaskedReplies {
  /** By input. */
  readonly counts: number[] = [];
  /** When the first message of an input came. */
  readonly #begunAt: Timestamp[] = [];

  saw({ input, time }: Layers): void {
    this.#begunAt[input] ??= time;
  }

  /** @param by -1 where the query of one came after all */
  add({ input, time }: Layers, by: 1 | -1): void {
    if (time > (this.#begunAt[input] ?? time) + ANSWERED_BY) this.counts[input] = (this.counts[input] ?? 0) + by;
  }
}
