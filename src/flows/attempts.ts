import { LinkedQueue } from '../base/linked-queue.ts';
import { between, seconds } from '../base/time.ts';
import type { Layers } from '../model/packet.ts';
import type { Attempt, Connection } from './tcp-table.ts';

// Routers say at once that nobody takes a SYN, or when neighbours were asked three times, a second apart, who
// has the address (Linux, `mcast_solicit`).
const SAID_WITHIN = seconds(4);
// A flood of SYNs must not make each error look at all of it: where more may fit, which one it is can't be told.
const MAX_LOOKED_AT = 256;

/** Connections of which SYNs were seen and nothing else, by their last one: a flood or a scan makes nothing but such. */
export class Attempts {
  readonly #queue = new LinkedQueue<Attempt>();

  get size(): number {
    return this.#queue.size;
  }

  get oldest(): Connection | null {
    return this.#queue.first?.connection ?? null;
  }

  add(connection: Connection): void {
    connection.attempt = { connection, earlier: null, later: null };
    this.#queue.append(connection.attempt);
  }

  /** Another SYN of it came. */
  again({ attempt }: Connection): void {
    if (attempt === null) return;
    this.#queue.remove(attempt);
    this.#queue.append(attempt);
  }

  /** It was answered, or is over. */
  remove(connection: Connection): void {
    if (connection.attempt === null) return;
    this.#queue.remove(connection.attempt);
    connection.attempt = null;
  }

  /**
   * The one that an ICMP error is about, whose quote a short snap length cut before the ports: 96 bytes leave
   * of an IPv6 header that an error quotes the source and the protocol. Null unless one alone fits.
   */
  onlyOneFor(quote: Layers): Connection | null {
    let found: Connection | null = null;
    let looked = 0;
    for (let attempt = this.#queue.last; attempt !== null; attempt = attempt.earlier) {
      const { client, lastPacketAt, row } = attempt.connection;
      if (between(lastPacketAt, quote.time) > SAID_WITHIN) break;
      if (++looked > MAX_LOOKED_AT) return null;
      if (client !== quote.source) continue;
      if (quote.destination !== 0 && quote.destination !== row.serverId) continue;
      if (found !== null) return null;
      found = attempt.connection;
    }
    return found;
  }
}
