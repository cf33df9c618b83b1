import type { AddressId } from '../model/packet.ts';

// Of more hosts nothing is kept: theirs must show on each connection anew.
const MAX_HOSTS = 4096;
// A host whose packets were that many steps of one, and jumps only where some were lost, numbers them by connection.
const FEWEST_STEPS = 32;
const STEPS_FOR_A_JUMP = 16;

/** How the identifications of one host's packets went on, over all its connections. */
export class HostSteps {
  steps = 0;
  jumps = 0;

  /** They count the packets of each connection, as Linux does: so they will on the next one. */
  get areCounting(): boolean {
    return this.steps >= FEWEST_STEPS && this.steps >= STEPS_FOR_A_JUMP * this.jumps;
  }
}

/** Hosts by address. */
export class Hosts {
  readonly #known = new Map<AddressId, HostSteps>();

  of(address: AddressId): HostSteps {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const host = new HostSteps();
    if (this.#known.size < MAX_HOSTS) this.#known.set(address, host);
    return host;
  }
}
