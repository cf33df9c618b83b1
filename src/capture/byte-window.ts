import type { ByteSource } from './byte-source.ts';
import { CHUNK_BYTES } from './limits.ts';

/**
 * The part of an input that is in memory: one buffer that is refilled and compacted. Readers move
 * `start` over what they have used and `fill` when they need more than is there; a reader that
 * bounds what it waits for bounds the buffer, which grows only when it is full of unused bytes.
 */
export class ByteWindow {
  bytes: Uint8Array;
  view: DataView;
  start = 0;
  end = 0;
  /** The source has no more. */
  ended = false;
  readonly source: ByteSource;
  /** Told when bytes have moved in their buffer, or to another: by so much towards its beginning. */
  onMove: ((by: number) => void) | null = null;
  /** Offset in the input (decompressed, where it was compressed) of `bytes[0]`. */
  #base = 0;

  constructor(source: ByteSource, capacity = CHUNK_BYTES) {
    this.source = source;
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Offset in the input of `bytes[start]`. */
  get offset(): number {
    return this.#base + this.start;
  }

  get length(): number {
    return this.end - this.start;
  }

  /**
   * Reads once, as much as comes; invalidates views of `bytes`.
   * @param passed so many bytes at the beginning of the buffer nobody needs any more
   */
  async fill(passed = this.start): Promise<void> {
    const { source } = this;
    if (this.ended || (source.swap !== undefined && (await this.#swap(passed)))) return;
    this.#discard(passed);
    if (this.end === this.bytes.length) this.#grow();
    const count = await source.read(this.bytes, this.end);
    if (count === 0) this.ended = true;
    this.end += count;
  }

  /** @returns false where there is nothing to swap with */
  async #swap(passed: number): Promise<boolean> {
    const swapped = await this.source.swap?.(this.bytes, passed, this.end);
    if (swapped === undefined || swapped === null) return false;
    this.#moved(passed - swapped.start);
    this.bytes = swapped.bytes;
    this.view = new DataView(this.bytes.buffer);
    this.end = swapped.end;
    if (swapped.count === 0) this.ended = true;
    return true;
  }

  #discard(count: number): void {
    if (count === 0) return;
    this.bytes.copyWithin(0, count, this.end);
    this.end -= count;
    this.#moved(count);
  }

  #moved(by: number): void {
    this.#base += by;
    this.start -= by;
    this.onMove?.(by);
  }

  #grow(): void {
    const bytes = new Uint8Array(this.bytes.length * 2);
    bytes.set(this.bytes);
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}
