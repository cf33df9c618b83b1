import { keptOf } from '../../../base/group-by.ts';
import { at, NANOSECONDS_PER_SECOND, type Timestamp } from '../../../base/time.ts';
import { receiverOf } from '../../../model/direction.ts';
import type { Exchange } from '../../../model/exchange.ts';
import type { Observer } from '../../../model/observer.ts';
import { defineFact } from '../define-rule.ts';
import { isPaced, LINK_RATE, transferOf, type Transfer } from './transfers.ts';

// A node's pods, and whom they speak to.
const MAX_LINKS = 512;
// Of each the first so many transfers: what limits them stays the same.
const MAX_TRANSFERS = 1 << 11;

/** While one after another of a host's transfers went at the way's own pace. */
export interface Burst {
  readonly from: Timestamp;
  readonly until: Timestamp;
  /** Bytes a second, of all transfers together. */
  readonly rate: number;
  readonly transfers: number;
}

/** What went at the way's own pace to one host, or from one. */
class Link {
  readonly #transfers: Transfer[] = [];
  #bursts: readonly Burst[] | null = null;

  add(transfer: Transfer): void {
    if (this.#transfers.length >= MAX_TRANSFERS) return;
    this.#transfers.push(transfer);
    this.#bursts = null;
  }

  get bursts(): readonly Burst[] {
    return (this.#bursts ??= this.#joined());
  }

  #joined(): Burst[] {
    const bursts: Burst[] = [];
    let [from, until, bytes, transfers] = [at(0), at(-Infinity), 0, 0];
    const close = (): void => {
      const rate = (bytes * NANOSECONDS_PER_SECOND) / (until - from);
      if (transfers > 0) bursts.push({ from, until, rate, transfers });
    };
    for (const one of this.#transfers.toSorted((a, b) => a.from - b.from)) {
      if (one.from > until) {
        close();
        [from, until, bytes, transfers] = [one.from, one.from, 0, 0];
      }
      // What is sent lies in the queue for a while.
      until = at(Math.max(until, one.from + one.took));
      bytes += one.bytes;
      transfers++;
    }
    close();
    return bursts;
  }
}

export interface FullLinks extends Observer {
  unusualExchange(exchange: Exchange): void;
  turn(exchange: Exchange): void;
  /** Bursts to that host, or from it, that go on within that time. */
  to(input: number, host: string, from: Timestamp, until: Timestamp): readonly Burst[];
  from(input: number, host: string, from: Timestamp, until: Timestamp): readonly Burst[];
  /** What share of a client's wait a link with less than a tenth of what pods have was full of answers to it. */
  shareOf(input: number, client: string, from: Timestamp, until: Timestamp): number;
}

/** Ways that were full: who sends over them waits in their queue, whatever the server does. */
export const fullLinks = defineFact({
  id: 'full-links',
  create(): FullLinks {
    const [toHost, fromHost] = [new Map<string, Link>(), new Map<string, Link>()];

    function within(links: Map<string, Link>, input: number, host: string, from: number, until: number): Burst[] {
      const bursts = links.get(keyOf(input, host))?.bursts ?? [];
      return bursts.filter((burst) => burst.from < until && burst.until > from);
    }

    const hear = (exchange: Exchange): void => {
      const transfer = transferOf(exchange);
      if (transfer === null || !isPaced(exchange, transfer)) return;
      const { input, client } = exchange;
      const server = receiverOf(exchange);
      const [sender, receiver] = transfer.sender === 'client' ? [client, server] : [server, client];
      linkOf(toHost, input, receiver)?.add(transfer);
      linkOf(fromHost, input, sender)?.add(transfer);
    };

    return {
      unusualExchange: hear,
      turn: hear,
      to: (...where) => within(toHost, ...where),
      from: (...where) => within(fromHost, ...where),
      shareOf(input, client, from, until) {
        const full = within(toHost, input, client, from, until).filter(({ rate }) => rate < LINK_RATE);
        const covered = full.reduce((sum, one) => sum + Math.min(until, one.until) - Math.max(from, one.from), 0);
        return covered / (until - from);
      },
    };
  },
});

const keyOf = (input: number, host: string): string => `${input} ${host}`;

const linkOf = (links: Map<string, Link>, input: number, host: string): Link | undefined =>
  keptOf(links, keyOf(input, host), MAX_LINKS, () => new Link());
