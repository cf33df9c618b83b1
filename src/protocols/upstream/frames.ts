import type { Arrival } from '../../model/tracked-connection.ts';

/** A head that is a line: what stands before the next line feed. */
export const LINE = 0;
// Longer lines are no protocol's: memcached gives up at 64 KiB (a get of many keys), Redis at 64 KiB (PROTO_INLINE_MAX_SIZE).
const MAX_LINE = 1 << 17;
/** What is kept of a line, or of a body that is looked into. */
export const MAX_KEPT = 512;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** One side's frames as its conversation gets them: a head of known length, or a line, and a body that the head tells the length of. */
export interface FrameSink {
  /**
   * The head is whole (of a line: its first {@link MAX_KEPT} bytes, without its end).
   * @param first the packet of its first byte, `arrival` that of its last
   * @returns how many bytes of body follow; less than 0 where this can be no head
   */
  head(bytes: Uint8Array, start: number, end: number, first: Arrival, arrival: Arrival): number;
  /** So many bytes of the frame came: of the head when it is whole, of the body as they come. */
  bytes(length: number, arrival: Arrival): void;
  /** The body's first bytes, as many as `look` says; fewer where it has no more, or they are missing. */
  body?(bytes: Uint8Array, start: number, end: number, arrival: Arrival): void;
  /** The frame is whole. */
  done(arrival: Arrival): void;
  /** Where the next frame begins is not known (any more): bytes went unread, or are missing. */
  lost(arrival: Arrival): void;
  /** Whether one seems to begin with this segment. */
  fits(bytes: Uint8Array, start: number, end: number): boolean;
}

/**
 * Cuts one side of a connection into frames. Bodies are skipped, not copied; a head that two
 * segments share is put together; bytes that are missing within a body are let go, and behind
 * any others the next frame is looked for at the start of a segment.
 */
export class FrameReader {
  /** Of the next head, or {@link LINE}. */
  headLength: number;
  /** How many bytes of the next body are to be handed on, at most {@link MAX_KEPT}; said in `head`. */
  look = 0;
  /** A frame is known to begin where the last one ended. */
  placed: boolean;
  /** The last bytes of the frame at hand are missing: when it was whole can't be told. */
  tailLost = false;
  readonly #sink: FrameSink;
  #kept: Uint8Array | null = null;
  #filled = 0;
  /** Bytes of the line so far, kept or not. */
  #lineLength = 0;
  #remaining = 0;
  #wanted = 0;
  #closed = false;
  #first: Arrival | null = null;

  constructor(sink: FrameSink, headLength: number, placed: boolean) {
    this.#sink = sink;
    this.headLength = headLength;
    this.placed = placed;
  }

  /** @returns how far it read: to the end, unless a frame's sink closed the reader */
  push(bytes: Uint8Array, start: number, end: number, arrival: Arrival): number {
    if (this.#closed) return start;
    if (!this.placed) {
      if (!this.#sink.fits(bytes, start, end)) {
        this.#lose(arrival);
        return end;
      }
      this.placed = true;
    }
    let position = start;
    while (position < end && this.placed && !this.#closed) {
      if (this.#remaining > 0) position = this.#takeBody(bytes, position, end, arrival);
      else if (this.headLength === LINE) position = this.#takeLine(bytes, position, end, arrival);
      else position = this.#takeHead(bytes, position, end, arrival);
    }
    return this.placed ? position : end;
  }

  gap(length: number, arrival: Arrival): void {
    if (this.#closed || length <= 0) return;
    if (!this.placed || this.#remaining < length) {
      this.#lose(arrival);
      return;
    }
    if (this.#wanted > 0) {
      const filled = this.#filled;
      this.#wanted = 0;
      this.#filled = 0;
      this.#sink.body?.((this.#kept ??= new Uint8Array(MAX_KEPT)), 0, filled, arrival);
    }
    this.#remaining -= length;
    this.#sink.bytes(length, arrival);
    this.tailLost = this.#remaining === 0;
    if (this.tailLost) this.#sink.done(arrival);
    this.tailLost = false;
  }

  /** No more frames are wanted. */
  close(): void {
    this.#closed = true;
    this.#kept = null;
  }

  #lose(arrival: Arrival): void {
    this.#forget();
    this.placed = false;
    this.#sink.lost(arrival);
  }

  #forget(): void {
    this.#filled = 0;
    this.#lineLength = 0;
    this.#remaining = 0;
    this.#wanted = 0;
    this.#first = null;
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    const kept = (this.#kept ??= new Uint8Array(MAX_KEPT));
    const taken = Math.min(end - start, MAX_KEPT - this.#filled);
    for (let index = 0; index < taken; index++) kept[this.#filled + index] = bytes[start + index] as number;
    this.#filled += taken;
  }

  #takeHead(bytes: Uint8Array, position: number, end: number, arrival: Arrival): number {
    const length = this.headLength;
    if (this.#filled === 0 && end - position >= length) {
      this.#begin(bytes, position, position + length, arrival, arrival, length);
      return position + length;
    }
    this.#first ??= { input: arrival.input, number: arrival.number, time: arrival.time };
    const upTo = Math.min(end, position + length - this.#filled);
    this.#keep(bytes, position, upTo);
    if (this.#filled >= length) this.#beginKept(length, length, arrival);
    return upTo;
  }

  #takeLine(bytes: Uint8Array, position: number, end: number, arrival: Arrival): number {
    // A line that runs on and on must not be searched to its end at once.
    const feed = bytes.subarray(position, Math.min(end, position + MAX_LINE)).indexOf(LINE_FEED);
    if (feed !== -1 && this.#lineLength === 0) {
      const stop = position + feed;
      const content = feed > 0 && bytes[stop - 1] === CARRIAGE_RETURN ? stop - 1 : stop;
      this.#begin(bytes, position, Math.min(content, position + MAX_KEPT), arrival, arrival, feed + 1);
      return stop + 1;
    }
    const upTo = feed === -1 ? end : position + feed + 1;
    this.#first ??= { input: arrival.input, number: arrival.number, time: arrival.time };
    this.#keep(bytes, position, upTo);
    this.#lineLength += upTo - position;
    if (feed === -1) {
      if (this.#lineLength > MAX_LINE) this.#lose(arrival);
      return upTo;
    }
    let content = Math.min(this.#filled, this.#lineLength - 1);
    if (content > 0 && this.#kept?.[content - 1] === CARRIAGE_RETURN) content--;
    this.#beginKept(content, this.#lineLength, arrival);
    return upTo;
  }

  #beginKept(content: number, length: number, arrival: Arrival): void {
    const first = this.#first ?? arrival;
    this.#filled = 0;
    this.#lineLength = 0;
    this.#first = null;
    this.#begin(this.#kept as Uint8Array, 0, content, first, arrival, length);
  }

  #begin(bytes: Uint8Array, start: number, end: number, first: Arrival, arrival: Arrival, length: number): void {
    this.look = 0;
    const body = this.#sink.head(bytes, start, end, first, arrival);
    if (body < 0) {
      this.#lose(arrival);
      return;
    }
    this.#sink.bytes(length, arrival);
    this.#remaining = body;
    this.#wanted = Math.min(this.look, body);
    if (body === 0) this.#sink.done(arrival);
  }

  #takeBody(bytes: Uint8Array, position: number, end: number, arrival: Arrival): number {
    const taken = Math.min(end - position, this.#remaining);
    this.#sink.bytes(taken, arrival);
    if (this.#wanted > 0) this.#lookInto(bytes, position, position + taken, arrival);
    this.#remaining -= taken;
    if (this.#remaining === 0) this.#sink.done(arrival);
    return position + taken;
  }

  #lookInto(bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    const wanted = this.#wanted;
    if (this.#filled === 0 && end - start >= wanted) {
      this.#wanted = 0;
      this.#sink.body?.(bytes, start, start + wanted, arrival);
      return;
    }
    this.#keep(bytes, start, Math.min(end, start + wanted - this.#filled));
    if (this.#filled < wanted) return;
    this.#wanted = 0;
    this.#filled = 0;
    this.#sink.body?.(this.#kept as Uint8Array, 0, wanted, arrival);
  }
}
