import { DynamicTable } from './dynamic-table.ts';
import { OTHER_FIELD, UNKNOWN_FIELD, type FieldNames } from './field-names.ts';
import { decodeHuffman } from './huffman.ts';
import { STATIC_TABLE } from './static-table.ts';
import { Texts } from './texts.ts';

// Longer values are kept in part: no path, authority or status needs more.
const MAX_VALUE = 4096;
// Wider integers than this are nobody's: frames have 24 bits, tables a few thousand octets.
const MAX_INTEGER = 2 ** 28;
const STATIC_COUNT = STATIC_TABLE.length;
const BAD = -1;

/** Who is told the fields of a block, in order: those of interest, and those that can't be told. */
export interface FieldSink {
  /** @param name a number of the decoder's {@link FieldNames}, or {@link UNKNOWN_FIELD} */
  field(name: number, value: string): void;
}

/**
 * Decodes the header blocks of one side (RFC 7541). Allocates for values of interest only, but
 * keeps the table right for all. Where the capture lacks some blocks, indices into the missing
 * part are unknown fields, and what is added from then on is known.
 */
export class HpackDecoder {
  /** A block that no encoder writes: what follows means nothing (RFC 9113 section 4.3). */
  failed = false;
  readonly #names: FieldNames;
  readonly #table: DynamicTable;
  readonly #scratch: Buffer;
  readonly #texts: Texts;
  #bytes: Uint8Array;
  #at = 0;
  #end = 0;
  // What the last string was: its octets lie in `#text`, its length may be more than they are.
  #text: Uint8Array;
  #textStart = 0;
  #textEnd = 0;
  #textLength = 0;

  /** @param scratch room for one decoded string; decoders may share it, and the texts */
  constructor(names: FieldNames, fromStart: boolean, scratch: Buffer, texts = new Texts()) {
    this.#texts = texts;
    this.#names = names;
    this.#table = new DynamicTable(fromStart);
    this.#scratch = scratch;
    this.#bytes = scratch;
    this.#text = scratch;
  }

  /** @returns false where the block, or one before it, is broken */
  decode(bytes: Uint8Array, start: number, end: number, sink: FieldSink): boolean {
    if (this.failed) return false;
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    while (this.#at < end) {
      if (this.#field(bytes[this.#at] as number, sink)) continue;
      this.failed = true;
      return false;
    }
    return true;
  }

  /** Blocks were lost: how many entries they added is not known. */
  forget(): void {
    this.#table.forget();
  }

  #field(first: number, sink: FieldSink): boolean {
    if (first >= 0x80) return this.#indexed(this.#integer(first & 0x7f, 0x7f), sink);
    if (first >= 0x40) return this.#literal(this.#integer(first & 0x3f, 0x3f), true, sink);
    if (first < 0x20) return this.#literal(this.#integer(first & 0x0f, 0x0f), false, sink);
    const limit = this.#integer(first & 0x1f, 0x1f);
    if (limit === BAD) return false;
    this.#table.resize(limit);
    return true;
  }

  #indexed(index: number, sink: FieldSink): boolean {
    if (index <= 0) return false;
    if (index <= STATIC_COUNT) {
      const name = this.#names.ofStatic[index] as number;
      if (name !== OTHER_FIELD) sink.field(name, (STATIC_TABLE[index - 1] as readonly string[])[1] as string);
      return true;
    }
    const age = index - STATIC_COUNT - 1;
    if (age >= this.#table.length) {
      sink.field(UNKNOWN_FIELD, '');
      return this.#table.hasUnknown;
    }
    const name = this.#table.name(age);
    if (name !== OTHER_FIELD) sink.field(name, this.#table.value(age));
    return true;
  }

  #literal(index: number, isAdded: boolean, sink: FieldSink): boolean {
    if (index === BAD) return false;
    let name = OTHER_FIELD;
    let nameLength = 0;
    if (index === 0) {
      if (!this.#string()) return false;
      nameLength = this.#textLength;
      name = this.#names.find(this.#text, this.#textStart, this.#textEnd);
    } else if (index <= STATIC_COUNT) {
      name = this.#names.ofStatic[index] as number;
      nameLength = (STATIC_TABLE[index - 1] as readonly string[])[0]?.length ?? 0;
    } else {
      const age = index - STATIC_COUNT - 1;
      if (age < this.#table.length) {
        name = this.#table.name(age);
        nameLength = this.#table.nameLength(age);
      } else if (this.#table.hasUnknown) name = UNKNOWN_FIELD;
      else return false;
    }
    if (!this.#string()) return false;
    // A value without a name may be a secret as well as a path.
    const value = name > OTHER_FIELD ? this.#string8() : '';
    if (isAdded) this.#table.add(name, nameLength, this.#textLength, value);
    if (name !== OTHER_FIELD) sink.field(name, value);
    return true;
  }

  /** An integer whose first octet holds `prefix` (section 5.1); moves on behind it. */
  #integer(prefix: number, mask: number): number {
    this.#at++;
    if (prefix < mask) return prefix;
    let value = prefix;
    for (let scale = 1; scale <= MAX_INTEGER; scale *= 128) {
      if (this.#at >= this.#end) return BAD;
      const octet = this.#bytes[this.#at++] as number;
      value += (octet & 0x7f) * scale;
      if (octet < 0x80) return value <= MAX_INTEGER ? value : BAD;
    }
    return BAD;
  }

  /** A string literal (section 5.2); moves on behind it. */
  #string(): boolean {
    if (this.#at >= this.#end) return false;
    const first = this.#bytes[this.#at] as number;
    const length = this.#integer(first & 0x7f, 0x7f);
    if (length === BAD || length > this.#end - this.#at) return false;
    const start = this.#at;
    this.#at += length;
    if (first < 0x80) {
      this.#text = this.#bytes;
      this.#textStart = start;
      this.#textEnd = this.#at;
      this.#textLength = length;
      return true;
    }
    const decoded = decodeHuffman(this.#bytes, start, this.#at, this.#scratch);
    if (decoded < 0) return false;
    this.#text = this.#scratch;
    this.#textStart = 0;
    this.#textEnd = Math.min(decoded, this.#scratch.length);
    this.#textLength = decoded;
    return true;
  }

  /** The last string as text, one character an octet. */
  #string8(): string {
    const length = Math.min(this.#textEnd - this.#textStart, MAX_VALUE, this.#scratch.length);
    return this.#texts.of(this.#text, this.#textStart, this.#textStart + length);
  }
}
