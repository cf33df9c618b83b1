import { at } from '../base/time.ts';
import { createPacket, type Packet } from '../model/packet.ts';

/**
 * Packets that were read and wait for their turn, the earliest first: a ring of records that are
 * filled again and again, so that none is copied. Their bytes stay where they were read.
 */
export class HeldPackets {
  count = 0;
  /** Of captured bytes in all. */
  bytes = 0;
  readonly #input: number;
  /** From `#head` on `count` in order of time, then those that are free. */
  #ring: Packet[] = [];
  #head = 0;

  /** @param capacity a power of two */
  constructor(input: number, capacity: number) {
    this.#input = input;
    this.grow(capacity);
  }

  get capacity(): number {
    return this.#ring.length;
  }

  get first(): Packet {
    return this.#at(0);
  }

  /** The record that the next packet is to be read into. */
  get free(): Packet {
    return this.#at(this.count);
  }

  /** Takes what was read into `free`, as the latest of all. */
  add(): void {
    const { start, end } = this.#at(this.count);
    this.bytes += end - start;
    this.count++;
  }

  /** Puts what was taken last behind all that are not later. */
  sortLast(): void {
    let place = this.count - 1;
    const last = this.#at(place);
    for (; place > 0 && this.#at(place - 1).time > last.time; place--) {
      this.#put(place, this.#at(place - 1));
    }
    this.#put(place, last);
  }

  /** Takes the first out; it is valid until another is read. */
  take(): Packet {
    const packet = this.#at(0);
    this.bytes -= packet.end - packet.start;
    this.count--;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    return packet;
  }

  /** Where the first byte is that is still needed; Infinity where none is. */
  firstByte(): number {
    let first = Infinity;
    for (let place = 0; place < this.count; place++) first = Math.min(first, this.#at(place).start);
    return first;
  }

  /** All bytes were moved so far towards the beginning of their buffer. */
  moved(by: number): void {
    for (let place = 0; place < this.count; place++) {
      const packet = this.#at(place);
      packet.start -= by;
      packet.end -= by;
    }
  }

  /** All times are so much later, also of what was taken out last. */
  shift(by: number): void {
    for (const packet of this.#ring) packet.time = at(packet.time + by);
  }

  /** @param capacity a power of two, not below the present one */
  grow(capacity: number): void {
    this.#ring = Array.from({ length: capacity }, (_, place) =>
      place < this.#ring.length ? this.#at(place) : createPacket(this.#input),
    );
    this.#head = 0;
  }

  #at(place: number): Packet {
    return this.#ring[(this.#head + place) & (this.#ring.length - 1)] as Packet;
  }

  #put(place: number, packet: Packet): void {
    this.#ring[(this.#head + place) & (this.#ring.length - 1)] = packet;
  }
}
