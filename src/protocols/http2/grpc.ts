import { nanoseconds, type Duration } from '../../base/time.ts';

/*
 * gRPC over HTTP/2: github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */

const CONTENT_TYPE = 'application/grpc';
// At most eight digits, says the protocol, and a unit.
const MAX_TIMEOUT = 9;
const UNKNOWN = nanoseconds(Number.NaN);

/** `application/grpc`, also with what is said behind it; not gRPC-Web, which has its trailers in its body. */
export function isGrpcContent(type: string): boolean {
  if (!type.startsWith(CONTENT_TYPE)) return false;
  const next = type[CONTENT_TYPE.length];
  return next === undefined || next === '+' || next === ';' || next === ' ';
}

/** `grpc-timeout`; NaN where it is none. Every call has another, so it is read without a pattern. */
export function readTimeout(text: string): Duration {
  const last = text.length - 1;
  if (last < 1 || last >= MAX_TIMEOUT) return UNKNOWN;
  let count = 0;
  for (let index = 0; index < last; index++) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return UNKNOWN;
    count = count * 10 + digit;
  }
  return nanoseconds(count * unitOf(text[last] as string));
}

function unitOf(letter: string): number {
  switch (letter) {
    case 'H':
      return 3600e9;
    case 'M':
      return 60e9;
    case 'S':
      return 1e9;
    case 'm':
      return 1e6;
    case 'u':
      return 1e3;
    case 'n':
      return 1;
    default:
      return Number.NaN;
  }
}

// Flags and length stand before each message.
const PREFIX_LENGTH = 5;

/** Counts the messages of one side of a call, wherever DATA frames divide them. Nothing of them is kept. */
export class MessageCounter {
  /** That came whole. */
  count = 0;
  /** What was read can't be messages; no more are counted. */
  isBroken = false;
  /** Bytes of the prefix that were read, and the length that they say so far. */
  #filled = 0;
  #length = 0;
  #left = 0;

  /** All that came are whole messages. */
  get isWhole(): boolean {
    return !this.isBroken && this.#left === 0 && this.#filled === 0;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    let position = start;
    while (position < end && !this.isBroken) {
      if (this.#left > 0) {
        const length = Math.min(this.#left, end - position);
        position += length;
        this.#take(length);
      } else this.#prefix(bytes[position++] as number);
    }
  }

  /** @param length bytes that are missing; Infinity where nobody knows how many */
  skip(length: number): void {
    if (this.#filled === 0 && length <= this.#left) this.#take(length);
    else this.isBroken = true;
  }

  #take(length: number): void {
    this.#left -= length;
    if (this.#left === 0 && length > 0) this.count++;
  }

  #prefix(byte: number): void {
    if (this.#filled === 0) {
      // The only flag says that the message is compressed.
      if (byte > 1) {
        this.isBroken = true;
        return;
      }
      this.#length = 0;
    } else this.#length = this.#length * 256 + byte;
    if (++this.#filled < PREFIX_LENGTH) return;
    this.#filled = 0;
    this.#left = this.#length;
    if (this.#length === 0) this.count++;
  }
}
