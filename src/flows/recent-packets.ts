import { between, milliseconds, type Timestamp } from '../base/time.ts';
import type { Layers } from '../model/packet.ts';

const KEPT = 8;
// A copy passes the next interface within microseconds; a retransmission takes 200 ms on Linux.
const COPY_WINDOW = milliseconds(5);

/** The last data packets of one direction, to tell copies from retransmissions. */
export class RecentPackets {
  readonly #sequences: number[] = [];
  readonly #ids: number[] = [];
  readonly #times: number[] = [];
  #next = 0;

  /** @returns whether the very packet was seen just before: it is a copy */
  remember(sequence: number, layers: Layers): boolean {
    for (let index = 0; index < this.#sequences.length; index++) if (this.#isSame(index, sequence, layers)) return true;
    const index = this.#next;
    this.#sequences[index] = sequence;
    this.#ids[index] = layers.ipId;
    this.#times[index] = layers.time;
    this.#next = (index + 1) % KEPT;
    return false;
  }

  #isSame(index: number, sequence: number, layers: Layers): boolean {
    if (this.#sequences[index] !== sequence) return false;
    const age = Math.abs(between(this.#times[index] as Timestamp, layers.time));
    // Some stacks send 0 in every packet (RFC 6864 allows it with DF); IPv6 has none: then time tells.
    return layers.ipId > 0 ? this.#ids[index] === layers.ipId : age <= COPY_WINDOW;
  }
}
