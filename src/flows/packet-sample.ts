import { milliseconds } from '../base/time.ts';
import { IP_PROTOCOL, type Layers } from '../model/packet.ts';
import { COPY_WINDOW } from './copy-watch.ts';

// Half of a round trip lies between what both ends see, and packets of one burst wait in queues.
const AGREEING = milliseconds(25);
// Numbers of 32 bits and more that are the same by chance, eight times, and as far apart each time: never.
const LEAST_SHARED = 8;
const MOST = 0.8;
// Identification and flags of a DNS message (RFC 1035 section 4.1.1).
const DNS_HEAD = 4;

/** How the times of packets in another capture lie to those of the same packets in this one. */
export interface Shift {
  /** Nanoseconds by which the other's are later: the median, and the least and the most. */
  readonly usual: number;
  readonly least: number;
  readonly most: number;
}

/** The first packets of a capture by what their copies share, to find them in another. */
export class PacketSample {
  count = 0;
  /** Packets that the snap length cut. */
  cut = 0;
  /** NaN of those that came again later. */
  readonly #times = new Map<string, number>();

  push(layers: Layers, isCut: boolean): void {
    this.count++;
    if (isCut) this.cut++;
    const key = keyOf(layers);
    if (key === null) return;
    const known = this.#times.get(key);
    if (known === undefined) this.#times.set(key, layers.time);
    else if (Math.abs(layers.time - known) > COPY_WINDOW) this.#times.set(key, Number.NaN);
  }

  /** Null where they share too little to tell, or it is not always the same. */
  shiftOf(other: PacketSample): Shift | null {
    const apart: number[] = [];
    for (const [key, time] of this.#times) {
      const there = other.#times.get(key);
      if (there !== undefined && !Number.isNaN(there - time)) apart.push(there - time);
    }
    if (apart.length < LEAST_SHARED) return null;
    const usual = apart.toSorted((one, another) => one - another)[apart.length >> 1] as number;
    const agreeing = apart.filter((one) => Math.abs(one - usual) <= AGREEING);
    if (agreeing.length < LEAST_SHARED || agreeing.length < MOST * apart.length) return null;
    return {
      usual,
      least: agreeing.reduce((least, one) => Math.min(least, one)),
      most: agreeing.reduce((most, one) => Math.max(most, one)),
    };
  }

  /** It holds the same packets, at the same times. */
  equals(other: PacketSample): boolean {
    if (this.count !== other.count || this.#times.size !== other.#times.size || this.#times.size === 0) return false;
    for (const [key, time] of this.#times) if (!Object.is(other.#times.get(key), time)) return false;
    return true;
  }
}

/** What a packet keeps on its way; null where that is too little. */
function keyOf({ protocol, sequence, acknowledgment, tcpFlags, ipId, payloadLength, ...rest }: Layers): string | null {
  if (protocol === IP_PROTOCOL.tcp) return `${sequence} ${acknowledgment} ${tcpFlags} ${ipId} ${payloadLength}`;
  const { bytes, payloadStart, payloadEnd } = rest;
  if (protocol !== IP_PROTOCOL.udp || payloadEnd - payloadStart < DNS_HEAD) return null;
  const head = Buffer.from(bytes.buffer, bytes.byteOffset + payloadStart, DNS_HEAD).toString('hex');
  return `${head} ${ipId} ${payloadLength}`;
}
