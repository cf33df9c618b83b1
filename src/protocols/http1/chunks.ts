const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
// 2^52 bytes and more is no chunk.
const MAX_DIGITS = 13;

const AT = { size: 0, extension: 1, data: 2, end: 3, trailer: 4, done: 5 } as const;

/** A chunked body (RFC 9112 section 7.1): sizes with extensions, data, trailers. */
export class Chunks {
  #at: (typeof AT)[keyof typeof AT] = AT.size;
  #remaining = 0;
  #digits = 0;
  #lineBytes = 0;

  begin(): void {
    this.#at = AT.size;
    this.#remaining = 0;
    this.#digits = 0;
  }

  get isDone(): boolean {
    return this.#at === AT.done;
  }

  /** @returns the position behind what belongs to the body, which is `end` unless it is done; -1 where it is no chunk */
  read(bytes: Uint8Array, start: number, end: number): number {
    let position = start;
    while (position < end) {
      if (this.#at === AT.data) {
        const length = Math.min(end - position, this.#remaining);
        position += length;
        this.#remaining -= length;
        if (this.#remaining === 0) this.#at = AT.end;
        continue;
      }
      if (!this.#take(bytes[position++] as number)) return -1;
      if (this.#at === AT.done) return position;
    }
    return position;
  }

  /** Bytes are missing. @returns false where more than data is */
  skip(length: number): boolean {
    if (this.#at !== AT.data || length > this.#remaining) return false;
    this.#remaining -= length;
    if (this.#remaining === 0) this.#at = AT.end;
    return true;
  }

  /** One byte that is no data. @returns false where it can't stand there */
  #take(byte: number): boolean {
    if (byte === LINE_FEED) return this.#endLine();
    switch (this.#at) {
      case AT.size: {
        const digit = hexadecimal(byte);
        if (digit >= 0) {
          this.#remaining = this.#remaining * 16 + digit;
          return ++this.#digits <= MAX_DIGITS;
        }
        this.#at = AT.extension;
        // Some servers pad the size with spaces.
        return this.#digits > 0 && (byte === CARRIAGE_RETURN || byte === 0x3b || byte === 0x20 || byte === 0x09);
      }
      case AT.end:
        return byte === CARRIAGE_RETURN;
      case AT.trailer:
        if (byte !== CARRIAGE_RETURN) this.#lineBytes++;
        return true;
      default:
        return true;
    }
  }

  #endLine(): boolean {
    if (this.#at === AT.end) {
      this.begin();
      return true;
    }
    if (this.#at === AT.trailer) {
      if (this.#lineBytes === 0) this.#at = AT.done;
    } else {
      if (this.#digits === 0) return false;
      this.#at = this.#remaining === 0 ? AT.trailer : AT.data;
    }
    this.#lineBytes = 0;
    return true;
  }
}

function hexadecimal(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
