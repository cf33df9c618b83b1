import type { Timestamp } from '../base/time.ts';
import type { AddressId } from '../model/packet.ts';

// Of more hosts nothing is kept: theirs must show on each connection anew.
const MAX_HOSTS = 4096;
// A host whose packets were that many steps of one, and jumps only where some were lost, numbers them by connection.
const FEWEST_STEPS = 32;
const STEPS_FOR_A_JUMP = 16;

/** One host, over all its connections. */
export class Host {
  /** How the identifications of its packets went on. */
  steps = 0;
  jumps = 0;
  /** The least from data to its acknowledgment by this host, over all its connections: with no queue in it. NaN before. */
  least = Number.NaN;
  #heardAt = Number.NaN;

  timed(sample: number): void {
    if (sample >= 0 && !(sample >= this.least)) this.least = sample;
  }

  /** Data comes for it. @returns nanoseconds since any came before */
  hears(time: Timestamp): number {
    const gap = time - this.#heardAt;
    this.#heardAt = time;
    return gap > 0 ? gap : 0;
  }

  /** They count the packets of each connection, as Linux does: so they will on the next one. */
  get areCounting(): boolean {
    return this.steps >= FEWEST_STEPS && this.steps >= STEPS_FOR_A_JUMP * this.jumps;
  }
}

/** Hosts by address. */
export class Hosts {
  readonly #known = new Map<AddressId, Host>();

  of(address: AddressId): Host {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const host = new Host();
    if (this.#known.size < MAX_HOSTS) this.#known.set(address, host);
    return host;
  }
}
