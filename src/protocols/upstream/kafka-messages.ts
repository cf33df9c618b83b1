import { signed32 } from '../../base/network-order.ts';
import type { Recognition } from '../protocol.ts';
import { FULL_SEGMENT, isText, read16 } from './bytes.ts';
import { APIS, errorName } from './kafka-names.ts';

/* The shape of Kafka's messages (kafka.apache.org/protocol): a length, a header, a body by version. */

/** Length, kind, version, number. */
export const REQUEST_HEAD = 12;
/** Length, number. */
export const RESPONSE_HEAD = 8;
// socket.request.max.bytes as brokers have it by default.
const LONGEST = 100 << 20;
// A connection begins with asking for versions, topics, or a password's kind.
const LONGEST_FIRST = 1 << 20;
const HIGHEST_VERSION = 32;
const LONGEST_CLIENT_ID = 255;
// Kind, version, number, the client's name.
const SHORTEST = 10;

export const PRODUCE = 0;
const METADATA = 3;
const API_VERSIONS = 18;
/** The length of a name that is not there. */
const NAMELESS = 0xffff;

/** They wait for messages, or for the other members of a group, by design. */
export const WAITING_APIS: readonly string[] = ['Fetch', 'JoinGroup', 'SyncGroup', 'ShareFetch', 'FetchSnapshot'];

/** The length of the body behind a request's head; less than 0 where this is none. */
export function requestLength(bytes: Uint8Array, at: number): number {
  const length = signed32(bytes, at);
  const isKnown = read16(bytes, at + 4) < APIS.length && read16(bytes, at + 6) <= HIGHEST_VERSION;
  return isKnown && length >= SHORTEST && length <= LONGEST ? length - RESPONSE_HEAD : -1;
}

export function responseLength(bytes: Uint8Array, at: number): number {
  const length = signed32(bytes, at);
  return length >= 4 && length <= LONGEST ? length - 4 : -1;
}

/**
 * Whether a request begins here: its head, and a client's name that is a text.
 * @param isFirst it is the connection's first: what is not there of it is on its way
 */
export function recogniseRequest(bytes: Uint8Array, start: number, end: number, isFirst: boolean): Recognition {
  const waits = isFirst ? 'more' : 'no';
  if (end - start < REQUEST_HEAD + 2) return (bytes[start] as number) <= LONGEST >> 24 ? waits : 'no';
  const body = requestLength(bytes, start);
  if (body < 0 || (isFirst && body > LONGEST_FIRST)) return 'no';
  const stop = start + REQUEST_HEAD + body;
  if (stop > end && end - start < FULL_SEGMENT && !isFirst) return 'no';
  const name = start + REQUEST_HEAD + 2;
  const length = read16(bytes, name - 2);
  if (length === NAMELESS) return isEarly(bytes, start) && stop <= end ? (stop === end ? 'yes' : 'no') : waits;
  if (length > LONGEST_CLIENT_ID || length > body - 2 || length === 0) return 'no';
  if (!isText(bytes, name, Math.min(end, name + length))) return 'no';
  return name + length <= end ? 'yes' : waits;
}

/** Few clients have no name: of theirs only what connections begin with is told. */
const isEarly = (bytes: Uint8Array, start: number): boolean =>
  (read16(bytes, start + 4) === API_VERSIONS || read16(bytes, start + 4) === METADATA) &&
  read16(bytes, start + 6) <= 13;

/** A producer that asks for no answer (acks=0). */
export function wantsNoAnswer(version: number, bytes: Uint8Array, start: number, end: number): boolean {
  const reader = new Fields(bytes, start, end, version >= 9);
  reader.skipPlainString();
  if (version >= 9) reader.skip(1);
  if (version >= 3) reader.skipString();
  return reader.int16() === 0;
}

/**
 * Where an answer's own error stands: behind how long it was throttled (from that version on),
 * told from that version on, and the version from which tagged fields may precede it.
 */
const ERRORS: ReadonlyMap<number, { throttle: number; from: number; upTo: number; flexible: number }> = new Map([
  [1, { throttle: 1, from: 7, upTo: 99, flexible: 12 }],
  [10, { throttle: 1, from: 0, upTo: 3, flexible: 3 }],
  [11, { throttle: 2, from: 0, upTo: 99, flexible: 6 }],
  [12, { throttle: 1, from: 0, upTo: 99, flexible: 4 }],
  [13, { throttle: 1, from: 0, upTo: 99, flexible: 4 }],
  [14, { throttle: 1, from: 0, upTo: 99, flexible: 4 }],
  [16, { throttle: 1, from: 0, upTo: 99, flexible: 3 }],
  [17, { throttle: 99, from: 0, upTo: 99, flexible: 99 }],
  [API_VERSIONS, { throttle: 99, from: 0, upTo: 99, flexible: 99 }],
  [22, { throttle: 0, from: 0, upTo: 99, flexible: 2 }],
  [25, { throttle: 0, from: 0, upTo: 99, flexible: 3 }],
  [26, { throttle: 0, from: 0, upTo: 99, flexible: 3 }],
  [36, { throttle: 99, from: 0, upTo: 99, flexible: 2 }],
  [60, { throttle: 0, from: 0, upTo: 99, flexible: 0 }],
  [68, { throttle: 0, from: 0, upTo: 99, flexible: 0 }],
  [76, { throttle: 0, from: 0, upTo: 99, flexible: 0 }],
  [78, { throttle: 0, from: 0, upTo: 99, flexible: 0 }],
]);

/** The name of an answer's error; of a producer's that of its first partition. Null without, or where it stands deeper. */
export function responseError(
  kind: number,
  version: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): string | null {
  if (kind === PRODUCE) return produceError(version, bytes, start, end);
  const place = ERRORS.get(kind);
  if (place === undefined || version < place.from || version > place.upTo) return null;
  const reader = new Fields(bytes, start, end, version >= place.flexible);
  reader.skipTags();
  if (version >= place.throttle) reader.skip(4);
  return errorName(reader.int16() ?? 0);
}

function produceError(version: number, bytes: Uint8Array, start: number, end: number): string | null {
  const reader = new Fields(bytes, start, end, version >= 9);
  reader.skipTags();
  if (reader.count() <= 0) return null;
  if (version >= 13) reader.skip(16);
  else reader.skipString();
  if (reader.count() <= 0) return null;
  reader.skip(4);
  return errorName(reader.int16() ?? 0);
}

/** Fields one behind the other; those that are not there are null or 0. */
class Fields {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #flexible: boolean;
  #position: number;

  constructor(bytes: Uint8Array, start: number, end: number, flexible: boolean) {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
    this.#flexible = flexible;
  }

  skip(length: number): void {
    this.#position += length;
  }

  int16(): number | null {
    const at = this.#position;
    this.#position += 2;
    return this.#position <= this.#end ? (read16(this.#bytes, at) << 16) >> 16 : null;
  }

  /** Of an array's members; of flexible versions one more is written. */
  count(): number {
    if (this.#flexible) return this.#variable() - 1;
    const at = this.#position;
    this.#position += 4;
    return this.#position <= this.#end ? signed32(this.#bytes, at) : 0;
  }

  skipString(): void {
    if (this.#flexible) this.skip(Math.max(0, this.#variable() - 1));
    else this.skipPlainString();
  }

  skipPlainString(): void {
    this.skip(Math.max(0, this.int16() ?? 0));
  }

  /** A header's tagged fields, of which there are none yet: with one, nothing further is found. */
  skipTags(): void {
    if (this.#flexible && this.#variable() !== 0) this.#position = this.#end;
  }

  #variable(): number {
    let value = 0;
    for (let shift = 0; shift < 28 && this.#position < this.#end; shift += 7) {
      const byte = this.#bytes[this.#position++] as number;
      value |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    return value;
  }
}
