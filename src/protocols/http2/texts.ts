import { emptySlots } from '../../base/lists.ts';
import { hashOf, isEqual } from '../octets.ts';

// Values of the fields of interest are few, and come again with each call: those that are not in the
// table of their connection, either, are made to text once. Longer ones are rare.
const CACHE_SLOTS = 1 << 9;
const SLOT_SHIFT = 32 - 9;
const CACHED_BYTES = 64;

/** Octets to text, one character each: the same octets mostly give the same text as before. */
export class Texts {
  readonly #slots = emptySlots<{ bytes: Uint8Array; text: string }>(CACHE_SLOTS);

  of(bytes: Uint8Array, start: number, end: number): string {
    if (end - start > CACHED_BYTES) return latin1(bytes, start, end);
    const slot = hashOf(bytes, start, end) >>> SLOT_SHIFT;
    const cached = this.#slots[slot];
    if (cached && isEqual(cached.bytes, bytes, start, end)) return cached.text;
    const text = latin1(bytes, start, end);
    // A copy in any case: `slice` of a Buffer is none.
    this.#slots[slot] = { bytes: Uint8Array.from(bytes.subarray(start, end)), text };
    return text;
  }
}

const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
