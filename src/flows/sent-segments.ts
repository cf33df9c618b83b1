import { packetId, type Layers } from '../model/packet.ts';
import { placeOf } from './place.ts';
import { timestampValue } from './tcp-options.ts';

// A row of numbers per segment; one array, so that a connection costs one allocation.
const START = 0;
const END = 1;
const TIME = 2;
const PACKET = 3;
const SENDS = 4;
const IDENTIFICATION = 5;
const STAMP = 6;
const PLACE = 7;
const STRIDE = 8;
const FIRST_CAPACITY = 8;
// The kernel's default receive window (tcp_rmem[2] = 6 MiB) in segments of usual size; beyond, the oldest is forgotten.
const MAX_CAPACITY = 4096;

// Of directions that have something in flight at a time there are few, however many connections are open.
const MAX_SPARE = 1024;

const EMPTY = new Float64Array(0);

/** Room for segments that all directions share. */
export class SegmentRoom {
  /** Segments that may still be kept beyond each direction's first few. */
  left: number;
  readonly #spare: Float64Array[] = [];

  constructor(left: number) {
    this.left = left;
  }

  /** Room for a direction's first few. */
  take(): Float64Array {
    return this.#spare.pop() ?? new Float64Array(FIRST_CAPACITY * STRIDE);
  }

  giveBack(ring: Float64Array): void {
    if (this.#spare.length < MAX_SPARE) this.#spare.push(ring);
  }
}

/** The segments of one direction that the other side has not acknowledged, in order of their numbers. */
export class SentSegments {
  count = 0;
  /** Of the last {@link acknowledge}: segments that it removed. */
  removed = 0;
  /** Of those, when the last one was sent that was sent once; NaN where none was. */
  removedAt = Number.NaN;
  /** Some were sent more than once. */
  removedAgain = false;
  /** The largest of them. */
  removedLargest = 0;
  readonly #room: SegmentRoom;
  /** Empty while nothing is in flight, as of most directions most of the time. */
  #ring: Float64Array = EMPTY;
  #capacity = 0;
  #head = 0;

  constructor(room: SegmentRoom) {
    this.#room = room;
  }

  /** @param layers of the packet that carries it */
  push(start: number, end: number, layers: Layers): void {
    if (this.count === this.#capacity) this.#makeRoom();
    this.#write(this.#offset(this.count), start, end, layers);
    this.count++;
  }

  /** A segment that lies before others that were seen earlier. */
  insert(start: number, end: number, layers: Layers): void {
    if (this.count === this.#capacity) this.#makeRoom();
    let index = this.count;
    while (index > 0 && ((this.start(index - 1) - start) | 0) > 0) {
      const from = this.#offset(index - 1);
      this.#ring.copyWithin(this.#offset(index), from, from + STRIDE);
      index--;
    }
    this.#write(this.#offset(index), start, end, layers);
    this.count++;
  }

  #write(offset: number, start: number, end: number, layers: Layers): void {
    const ring = this.#ring;
    ring[offset + START] = start;
    ring[offset + END] = end;
    ring[offset + TIME] = layers.time;
    ring[offset + PACKET] = packetId(layers.input, layers.number);
    ring[offset + SENDS] = 1;
    ring[offset + IDENTIFICATION] = layers.ipId;
    ring[offset + STAMP] = timestampValue(layers);
    ring[offset + PLACE] = placeOf(layers);
  }

  /** Removes what lies before `acknowledgment`. */
  acknowledge(acknowledgment: number): void {
    this.removed = 0;
    this.removedAt = Number.NaN;
    this.removedAgain = false;
    this.removedLargest = 0;
    const ring = this.#ring;
    while (this.count > 0) {
      const offset = this.#head * STRIDE;
      const start = ring[offset + START] as number;
      const end = ring[offset + END] as number;
      if (((end - acknowledgment) | 0) > 0) {
        if (((acknowledgment - start) | 0) > 0) ring[offset + START] = acknowledgment;
        return;
      }
      this.removed++;
      const length = (end - start) | 0;
      if (length > this.removedLargest) this.removedLargest = length;
      if (ring[offset + SENDS] === 1) this.removedAt = ring[offset + TIME] as number;
      else this.removedAgain = true;
      if (++this.#head === this.#capacity) this.#head = 0;
      this.count--;
    }
    // More than the first few, it is likely to need again.
    if (this.#capacity === FIRST_CAPACITY) this.#giveBack();
  }

  /** The index of the segment that holds this number; -1 where none does. */
  holding(sequence: number): number {
    let low = 0;
    let high = this.count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (((this.end(middle) - sequence) | 0) <= 0) low = middle + 1;
      else if (((this.start(middle) - sequence) | 0) > 0) high = middle - 1;
      else return middle;
    }
    return -1;
  }

  /** The index of the first segment that starts at this number or beyond; `count` where none does. */
  following(sequence: number): number {
    let index = this.count;
    while (index > 0 && ((this.start(index - 1) - sequence) | 0) >= 0) index--;
    return index;
  }

  start(index: number): number {
    return this.#ring[this.#offset(index) + START] as number;
  }

  end(index: number): number {
    return this.#ring[this.#offset(index) + END] as number;
  }

  time(index: number): number {
    return this.#ring[this.#offset(index) + TIME] as number;
  }

  packet(index: number): number {
    return this.#ring[this.#offset(index) + PACKET] as number;
  }

  /** Its packet's IP identification, and the timestamp of its last sending. */
  identification(index: number): number {
    return this.#ring[this.#offset(index) + IDENTIFICATION] as number;
  }

  stamp(index: number): number {
    return this.#ring[this.#offset(index) + STAMP] as number;
  }

  /** Where its packet was seen. */
  place(index: number): number {
    return this.#ring[this.#offset(index) + PLACE] as number;
  }

  /** Counts one more sending. @param stamp its timestamp @returns how often it was sent by now */
  sendAgain(index: number, stamp: number): number {
    const offset = this.#offset(index);
    const sends = (this.#ring[offset + SENDS] as number) + 1;
    this.#ring[offset + SENDS] = sends;
    this.#ring[offset + STAMP] = stamp;
    return sends;
  }

  clear(): void {
    this.count = 0;
    this.#head = 0;
  }

  /** Gives its room back: nothing may be put in any more. */
  release(): void {
    this.clear();
    if (this.#capacity === FIRST_CAPACITY) this.#giveBack();
    if (this.#capacity > FIRST_CAPACITY) this.#room.left += this.#capacity - FIRST_CAPACITY;
    this.#capacity = 0;
    this.#ring = EMPTY;
  }

  #giveBack(): void {
    this.#room.giveBack(this.#ring);
    this.#ring = EMPTY;
    this.#capacity = 0;
    this.#head = 0;
  }

  #offset(index: number): number {
    let at = this.#head + index;
    if (at >= this.#capacity) at -= this.#capacity;
    return at * STRIDE;
  }

  #makeRoom(): void {
    if (this.#capacity === 0) {
      this.#ring = this.#room.take();
      this.#capacity = FIRST_CAPACITY;
      return;
    }
    const capacity = this.#capacity * 2;
    if (capacity > MAX_CAPACITY || this.#room.left < this.#capacity) {
      if (++this.#head === this.#capacity) this.#head = 0;
      this.count--;
      return;
    }
    this.#room.left -= this.#capacity;
    const ring = new Float64Array(capacity * STRIDE);
    const first = this.#ring.subarray(this.#head * STRIDE);
    ring.set(first);
    ring.set(this.#ring.subarray(0, this.#head * STRIDE), first.length);
    this.#ring = ring;
    this.#capacity = capacity;
    this.#head = 0;
  }
}
