import type { AddressId, Layers } from '../model/packet.ts';

// Service addresses and their back ends: more than a node talks to.
const MAX_SERVERS = 4096;
const PORTS = 1 << 16;
// Ephemeral ports are the high ones (RFC 6335); these servers are known to listen there or above: DNS, and gRPC by habit.
const DNS_PORT = 53;
const GRPC_PORT = 50_051;

/** Who listens: told by handshakes, so that connections whose start was missed have their roles. */
export class Servers {
  readonly #known = new Set<number>();

  /** It was sent a SYN, or answered one. */
  add(address: AddressId, port: number): void {
    if (this.#known.size < MAX_SERVERS) this.#known.add(address * PORTS + port);
  }

  /** Whether a packet of a connection whose handshake was not seen comes from its server. */
  isSource({ source, sourcePort, destination, destinationPort }: Layers): boolean {
    const isSource = this.#known.has(source * PORTS + sourcePort);
    if (isSource !== this.#known.has(destination * PORTS + destinationPort)) return isSource;
    if (sourcePort === destinationPort) return false;
    for (const port of [DNS_PORT, GRPC_PORT]) {
      if (destinationPort === port) return false;
      if (sourcePort === port) return true;
    }
    return sourcePort < destinationPort;
  }
}
