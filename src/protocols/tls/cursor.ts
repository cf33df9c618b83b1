const NOT_PRINTABLE = /[^\x21-\x7e]/;

/** Reads forward within bounds: beyond them everything is 0, and `failed` says so. */
export class Cursor {
  failed = false;
  position: number;
  readonly #bytes: Uint8Array;
  readonly #end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.position = start;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.position;
  }

  fail(): void {
    this.failed = true;
  }

  u8(): number {
    return this.#has(1) ? (this.#bytes[this.position++] as number) : 0;
  }

  u16(): number {
    if (!this.#has(2)) return 0;
    const value = ((this.#bytes[this.position] as number) << 8) | (this.#bytes[this.position + 1] as number);
    this.position += 2;
    return value;
  }

  skip(count: number): void {
    if (this.#has(count)) this.position += count;
  }

  hex(count: number): string {
    if (!this.#has(count)) return '';
    const { buffer, byteOffset } = this.#bytes;
    this.position += count;
    return Buffer.from(buffer, byteOffset + this.position - count, count).toString('hex');
  }

  /** A word of printable ASCII without spaces; null for anything else. */
  word(count: number): string | null {
    if (!this.#has(count) || count === 0) return null;
    const { buffer, byteOffset } = this.#bytes;
    this.position += count;
    const text = Buffer.from(buffer, byteOffset + this.position - count, count).toString('latin1');
    return NOT_PRINTABLE.test(text) ? null : text;
  }

  /** The next octets as a cursor of their own; fewer where fewer are there. */
  part(count: number): Cursor {
    const start = this.position;
    this.position = Math.min(this.#end, start + count);
    return new Cursor(this.#bytes, start, this.position);
  }

  #has(count: number): boolean {
    if (!this.failed && this.position + count <= this.#end) return true;
    this.failed = true;
    return false;
  }
}
