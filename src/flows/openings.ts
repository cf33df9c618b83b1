import { seconds } from '../base/time.ts';
import type { Layers } from '../model/packet.ts';
import { hashOfOptions } from './packet-memory.ts';
import type { Connection } from './tcp-table.ts';

// A SYN is forwarded at once: as many as may come between its two sightings.
const KEPT = 64;
// The longest delay of a path between two interfaces.
const LONGEST_WAY = seconds(2);

interface Opening {
  connection: Connection;
  sequence: number;
  ipId: number;
  hopLimit: number;
  window: number;
  options: number;
  time: number;
}

/**
 * The last SYNs, to find the same behind a masquerade (SNAT), which gives the client another
 * address and port: all else stays, but for the hop limit.
 */
export class Openings {
  readonly #last: Opening[] = [];
  #next = 0;

  add(connection: Connection, layers: Layers): void {
    const { sequence, ipId, hopLimit, window, time } = layers;
    this.#last[this.#next] = { connection, sequence, ipId, hopLimit, window, options: hashOfOptions(layers), time };
    this.#next = (this.#next + 1) % KEPT;
  }

  /** The connection whose SYN this is, forwarded; null where it is a new one. */
  find(layers: Layers): Connection | null {
    // Without identification chance would have to be kinder: numbers alone may be a program's own.
    if (layers.ipId <= 0) return null;
    const options = hashOfOptions(layers);
    for (const known of this.#last) {
      const isSame =
        known.sequence === layers.sequence &&
        known.ipId === layers.ipId &&
        known.window === layers.window &&
        known.options === options &&
        known.hopLimit > layers.hopLimit &&
        Math.abs(layers.time - known.time) <= LONGEST_WAY;
      if (isSame) return known.connection;
    }
    return null;
  }
}
