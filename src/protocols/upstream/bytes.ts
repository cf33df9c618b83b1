/** Reading of fields; each checks nothing: the caller has checked the length. */

/** The least that any link's segments hold (RFC 9293): a message that is longer than a shorter segment is none. */
export const FULL_SEGMENT = 536;

export const read16 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 8) | (bytes[at + 1] as number);

export const readLittle16 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) | ((bytes[at + 1] as number) << 8);

export const readLittle24 = (bytes: Uint8Array, at: number): number =>
  readLittle16(bytes, at) | ((bytes[at + 2] as number) << 16);

/** Signed. */
export const readLittle32 = (bytes: Uint8Array, at: number): number =>
  readLittle24(bytes, at) | ((bytes[at + 3] as number) << 24);

/** Octets as characters of the same number. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let index = start; index < end; index++) text += String.fromCharCode(bytes[index] as number);
  return text;
}

/** Where the next zero octet is, or -1. */
export function zeroFrom(bytes: Uint8Array, start: number, end: number): number {
  for (let index = start; index < end; index++) if (bytes[index] === 0) return index;
  return -1;
}

const TAB = 9;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const DELETE = 127;

/** What texts are made of: no control bytes but tabs and line ends; octets from 128 may be UTF-8. */
export function isText(bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = start; index < end; index++) {
    const byte = bytes[index] as number;
    if (byte === DELETE || (byte < SPACE && (byte < TAB || byte > CARRIAGE_RETURN))) return false;
  }
  return true;
}
