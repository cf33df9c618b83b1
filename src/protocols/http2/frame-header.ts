import { signed32 } from '../../base/network-order.ts';
/** Frame types (RFC 9113 section 6); others are skipped (section 5.5). */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const;

/** Flags; acknowledgements and the end of a stream share a bit. */
export const FLAG = { acknowledge: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export const FRAME_HEADER_LENGTH = 9;

export const unsigned24 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);

export const unsigned32 = (bytes: Uint8Array, at: number): number => signed32(bytes, at) >>> 0;

/** Without the highest bit, which is reserved (section 4.1). */
export const unsigned31 = (bytes: Uint8Array, at: number): number => unsigned32(bytes, at) & 0x7fff_ffff;

/** Whether a frame may have this header; where not, the connection is broken (sections 6.1 to 6.10). */
export function isValidFrame(type: number, stream: number, length: number): boolean {
  switch (type) {
    case FRAME.data:
    case FRAME.headers:
    case FRAME.priority:
    case FRAME.push:
    case FRAME.continuation:
      return stream !== 0;
    case FRAME.reset:
      return stream !== 0 && length === 4;
    case FRAME.settings:
      return stream === 0 && length % 6 === 0;
    case FRAME.ping:
      return stream === 0 && length === 8;
    case FRAME.goaway:
      return stream === 0 && length >= 8;
    case FRAME.window:
      return length === 4;
    default:
      return true;
  }
}

// What is taken for a frame where nothing says that one begins: usual sizes only. Frames have
// 16 KiB unless a setting allows more; gRPC allows 4 MiB at most, and few are that large.
const MAX_DATA = (1 << 20) - 1;
const MAX_HEADERS = (1 << 16) - 1;
const MAX_SETTINGS = 6 * 32;
const MAX_GOAWAY = 8 + 1024;
// RFC 9113 section 7 has 14 codes; those beyond are other protocols' (some use 0x100 and up).
const MAX_ERROR_CODE = 0x1ff;

/** Whether bytes look like a frame's header, and like what stands behind it as far as that is there. */
function looksLikeFrame(bytes: Uint8Array, at: number, end: number): boolean {
  const length = unsigned24(bytes, at);
  const type = bytes[at + 3] as number;
  const flags = bytes[at + 4] as number;
  if ((bytes[at + 5] as number) >= 0x80) return false;
  const stream = unsigned31(bytes, at + 5);
  const behind = at + FRAME_HEADER_LENGTH;
  // A client's streams are odd; pushed ones are not worth the risk.
  const isOdd = (stream & 1) === 1;
  switch (type) {
    case FRAME.data:
      return isOdd && length <= MAX_DATA && (flags & ~(FLAG.endStream | FLAG.padded)) === 0;
    case FRAME.headers: {
      const known = FLAG.endStream | FLAG.endHeaders | FLAG.padded | FLAG.priority;
      return isOdd && length > 0 && length <= MAX_HEADERS && (flags & ~known) === 0;
    }
    case FRAME.priority:
      return stream !== 0 && length === 5 && flags === 0;
    case FRAME.reset:
      if (stream === 0 || length !== 4 || flags !== 0) return false;
      return behind + 4 > end || unsigned32(bytes, behind) <= MAX_ERROR_CODE;
    case FRAME.settings:
      if (stream !== 0 || flags > FLAG.acknowledge) return false;
      return flags === 0 ? length % 6 === 0 && length <= MAX_SETTINGS : length === 0;
    case FRAME.ping:
      return stream === 0 && length === 8 && flags <= FLAG.acknowledge;
    case FRAME.goaway:
      return stream === 0 && length >= 8 && length <= MAX_GOAWAY && flags === 0;
    case FRAME.window:
      if (length !== 4 || flags !== 0) return false;
      return behind + 4 > end || ((bytes[behind] as number) < 0x80 && unsigned31(bytes, behind) > 0);
    case FRAME.continuation:
      return isOdd && length <= MAX_HEADERS && (flags & ~FLAG.endHeaders) === 0;
    default:
      return false;
  }
}

// So many headers, each where the one before says, are no chance.
const ENOUGH = 4;

/**
 * How many frames' headers follow one another from here, at most {@link ENOUGH}: 0 where one of
 * them is none, or where the bytes end before the first one does.
 */
function countFrames(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  let at = start;
  while (at + FRAME_HEADER_LENGTH <= end && count < ENOUGH) {
    if (!looksLikeFrame(bytes, at, end)) return 0;
    at += FRAME_HEADER_LENGTH + unsigned24(bytes, at);
    count++;
  }
  return count;
}

/** Whether frames lie here that nobody but HTTP/2 writes: several in a row, or one that ends with the bytes. */
export function areFrames(bytes: Uint8Array, start: number, end: number): boolean {
  const count = countFrames(bytes, start, end);
  return count > 1 || (count === 1 && start + FRAME_HEADER_LENGTH + unsigned24(bytes, start) === end);
}

/** Where frames begin again after lost bytes; -1 where that can't be told. */
export function findFrames(bytes: Uint8Array, start: number, end: number): number {
  // Writers begin frames where segments begin, so that one may go on beyond the bytes.
  if (countFrames(bytes, start, end) > 0) return start;
  for (let at = start + 1; at + FRAME_HEADER_LENGTH <= end; at++) {
    if (areFrames(bytes, at, end)) return at;
  }
  return -1;
}
