import { between, seconds, type Duration, type Timestamp } from '../base/time.ts';

/** How long the rest of a datagram may take: Linux `ipfrag_time` for IPv4, RFC 8200 section 4.5 for IPv6. */
export const REASSEMBLY_TIMEOUT = { v4: seconds(30), v6: seconds(60) } as const;

// A full datagram of 64 KiB; a fragment that ends beyond is the "ping of death".
const MAX_DATAGRAM = 65_535;
// Linux keeps 4 MiB of fragments (`ipfrag_high_thresh`); what a machine drops nobody waits for.
const MAX_BYTES = 4 << 20;
const MAX_DATAGRAMS = 1024;
// Fragments of one datagram come nearly in order; more holes than this are an attack.
const MAX_HOLES = 64;
const FIRST_BUFFER = 4096;

interface Datagram {
  buffer: Uint8Array;
  /** What is there: disjoint, sorted, as start and end in turn. */
  ranges: number[];
  /** Length of the whole, -1 until the last fragment said it. */
  total: number;
  startedAt: Timestamp;
  timeout: Duration;
}

/**
 * Puts fragmented datagrams together, in bounds of bytes and datagrams (the longest untouched
 * goes first) and of capture time. Overlaps are tolerated: what came first stays.
 */
export class Reassembler {
  /** Datagrams whose other fragments never came. */
  abandoned = 0;
  #datagrams = new Map<string, Datagram>();
  #bytes = 0;

  /** Datagrams that wait for fragments. */
  get size(): number {
    return this.#datagrams.size;
  }

  /**
   * @param offset of `bytes[start]` in the datagram
   * @returns the whole datagram once it is complete, in a buffer that is not used again; else null
   */
  add(
    key: string,
    time: Timestamp,
    timeout: Duration,
    offset: number,
    more: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): Uint8Array | null {
    this.#expire(time);
    const until = offset + (end - start);
    if (until > MAX_DATAGRAM) return null;
    const datagram = this.#take(key, time, timeout);
    if (!more && datagram.total < 0) datagram.total = until;
    if (end > start) this.#store(datagram, offset, until, bytes, start);

    const { ranges, total } = datagram;
    if (total >= 0 && ranges[0] === 0 && (ranges[1] as number) >= total) {
      this.#bytes -= datagram.buffer.length;
      return datagram.buffer.subarray(0, total);
    }
    if (ranges.length > MAX_HOLES * 2) {
      this.#abandon(datagram);
      return null;
    }
    // Set again: the map's order is that of the last touch.
    this.#datagrams.set(key, datagram);
    while (this.#bytes > MAX_BYTES || this.#datagrams.size > MAX_DATAGRAMS) this.#dropOldest();
    return null;
  }

  #take(key: string, time: Timestamp, timeout: Duration): Datagram {
    const known = this.#datagrams.get(key);
    if (known !== undefined) {
      this.#datagrams.delete(key);
      if (between(known.startedAt, time) <= known.timeout) return known;
      this.#abandon(known);
    }
    this.#bytes += FIRST_BUFFER;
    return { buffer: new Uint8Array(FIRST_BUFFER), ranges: [], total: -1, startedAt: time, timeout };
  }

  #store(datagram: Datagram, from: number, until: number, bytes: Uint8Array, start: number): void {
    if (until > datagram.buffer.length) {
      const larger = new Uint8Array(Math.max(until, Math.min(MAX_DATAGRAM, datagram.buffer.length * 2)));
      larger.set(datagram.buffer);
      this.#bytes += larger.length - datagram.buffer.length;
      datagram.buffer = larger;
    }
    const { ranges, buffer } = datagram;
    let first = 0;
    while (first < ranges.length && (ranges[first + 1] as number) < from) first += 2;
    let position = from;
    let last = first;
    let low = from;
    let high = until;
    // Each range that touches the new one is swallowed by it; only the bytes between them are new.
    for (; last < ranges.length && (ranges[last] as number) <= until; last += 2) {
      const rangeStart = ranges[last] as number;
      const rangeEnd = ranges[last + 1] as number;
      if (position < rangeStart) copy(bytes, start + position - from, buffer, position, rangeStart - position);
      if (rangeEnd > position) position = rangeEnd;
      if (rangeStart < low) low = rangeStart;
      if (rangeEnd > high) high = rangeEnd;
    }
    if (position < until) copy(bytes, start + position - from, buffer, position, until - position);
    ranges.splice(first, last - first, low, high);
  }

  #expire(time: Timestamp): void {
    for (const [key, datagram] of this.#datagrams) {
      if (between(datagram.startedAt, time) <= datagram.timeout) return;
      this.#datagrams.delete(key);
      this.#abandon(datagram);
    }
  }

  #dropOldest(): void {
    for (const [key, datagram] of this.#datagrams) {
      this.#datagrams.delete(key);
      this.#abandon(datagram);
      return;
    }
  }

  #abandon(datagram: Datagram): void {
    this.abandoned++;
    this.#bytes -= datagram.buffer.length;
  }
}

function copy(from: Uint8Array, fromStart: number, to: Uint8Array, toStart: number, length: number): void {
  to.set(from.subarray(fromStart, fromStart + length), toStart);
}
