import { nanoseconds, type Duration } from '../../base/time.ts';

/*
 * gRPC over HTTP/2: github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */

const CONTENT_TYPE = 'application/grpc';
const UNITS: Readonly<Record<string, number>> = { H: 3600e9, M: 60e9, S: 1e9, m: 1e6, u: 1e3, n: 1 };
// At most eight digits, says the protocol.
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const UNKNOWN = nanoseconds(Number.NaN);

/** `application/grpc`, also with what is said behind it; not gRPC-Web, which has its trailers in its body. */
export function isGrpcContent(type: string): boolean {
  if (!type.startsWith(CONTENT_TYPE)) return false;
  const next = type[CONTENT_TYPE.length];
  return next === undefined || next === '+' || next === ';' || next === ' ';
}

/** `grpc-timeout`; NaN where it is none. */
export function readTimeout(text: string): Duration {
  const match = TIMEOUT.exec(text);
  if (match === null) return UNKNOWN;
  return nanoseconds(Number(match[1]) * (UNITS[match[2] as string] as number));
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
