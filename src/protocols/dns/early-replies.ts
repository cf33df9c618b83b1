import { milliseconds, type Timestamp } from '../../base/time.ts';
import type { DnsMessage } from '../../model/dns-message.ts';
import type { Layers } from '../../model/packet.ts';

// Packets of several interfaces or queues are written in batches: a reply may stand before its
// query, though its time is later. Batches are milliseconds (libpcap's timeout is 100 at most in use).
const WITHIN = milliseconds(100);
// Of a capture that begins in the midst, or has one direction only, replies are none of these: few are kept.
const MAX_KEPT = 32;

interface Kept {
  readonly layers: Layers;
  readonly message: DnsMessage;
}

/** Replies whose query was not seen yet: the newest few. */
export class EarlyReplies {
  readonly #kept: Kept[] = [];
  /** The newest, as a cheap answer for nearly all queries. */
  #latest = Number.NEGATIVE_INFINITY as Timestamp;

  keep(layers: Layers, message: DnsMessage): void {
    if (this.#kept.length >= MAX_KEPT) this.#kept.shift();
    this.#kept.push({ layers: { ...layers }, message: { ...message } });
    if (layers.time > this.#latest) this.#latest = layers.time;
  }

  /** The reply to this query, which is next in the capture; it is kept no more. */
  take(query: Layers, message: DnsMessage): Kept | null {
    if (query.time > this.#latest) return null;
    const index = this.#kept.findIndex(
      (kept) =>
        kept.message.id === message.id &&
        kept.layers.destinationPort === query.sourcePort &&
        kept.layers.destination === query.source &&
        kept.layers.source === query.destination &&
        kept.layers.sourcePort === query.destinationPort &&
        kept.layers.input === query.input &&
        (kept.message.name === '' || (kept.message.name === message.name && kept.message.type === message.type)) &&
        kept.layers.time >= query.time &&
        kept.layers.time - query.time <= WITHIN,
    );
    return index < 0 ? null : (this.#kept.splice(index, 1)[0] as Kept);
  }
}
