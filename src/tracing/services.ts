import { receiverOf } from '../model/direction.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Vantage } from '../model/input.ts';
import type { ServiceChoice } from '../model/request.ts';

// A node has some hundred pods; more addresses than that are no services that anybody watches at once.
const MAX_SERVICES = 1024;

/** The port at which an exchange ends up: behind a DNAT, where that was seen. */
const portOf = ({ serverPort, backend }: Exchange): number =>
  backend === null ? serverPort : Number(backend.slice(backend.lastIndexOf(':') + 1));

/**
 * Tells the observed services: whose inbound exchanges are requests. In a pod's capture that is the
 * pod; on a node or a gateway, and where nothing tells where a capture was taken, every address
 * that both receives calls and makes some; or the one that the user names.
 */
export class Services {
  readonly #choice: ServiceChoice | null;
  readonly #callers = new Set<string>();
  /** One after another is mostly the same. */
  #lastCaller = '';
  #isPod = false;
  #own: readonly string[] = [];

  constructor(choice: ServiceChoice | null) {
    this.#choice = choice;
  }

  /** As far as it is known by now. */
  placed({ kind, addresses }: Vantage): void {
    this.#isPod = kind === 'pod';
    this.#own = addresses;
  }

  /** Somebody looked up a name or sent a call. */
  calls(client: string): void {
    if (client === this.#lastCaller) return;
    this.#lastCaller = client;
    if (this.#callers.size < MAX_SERVICES) this.#callers.add(client);
  }

  /** The address of the service that received it; null where nobody is observed there. */
  receiverOf(exchange: Exchange): string | null {
    const address = receiverOf(exchange);
    if (this.#choice !== null) {
      const { address: chosen, port: only } = this.#choice;
      const isChosen =
        (address === chosen || exchange.server === chosen) && (only === null || only === portOf(exchange));
      return isChosen ? address : null;
    }
    if (this.#isPod) return this.#own.includes(address) || this.#own.includes(exchange.server) ? address : null;
    return this.#callers.has(address) && address !== exchange.client ? address : null;
  }

  /** Whose calls are requests where nothing is inbound: the pod's, or anybody's. */
  isCaller(client: string): boolean {
    if (this.#choice !== null) return client === this.#choice.address;
    return !this.#isPod || this.#own.includes(client);
  }
}
