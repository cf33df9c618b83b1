import { latin1, readLittle32, zeroFrom } from './bytes.ts';

/* As much of BSON (bsonspec.org) as it takes to find a field at the top of a document. */

const DOUBLE = 0x01;
const STRING = 0x02;
export const DOCUMENT = 0x03;
export const ARRAY = 0x04;
const BINARY = 0x05;
const OBJECT_ID = 0x07;
const BOOLEAN = 0x08;
const DATE = 0x09;
const REGULAR_EXPRESSION = 0x0b;
const INT32 = 0x10;
const TIMESTAMP = 0x11;
const INT64 = 0x12;
const DECIMAL = 0x13;
const LENGTH = 4;

const FIXED: ReadonlyMap<number, number> = new Map([
  [DOUBLE, 8],
  [0x06, 0],
  [OBJECT_ID, 12],
  [BOOLEAN, 1],
  [DATE, 8],
  [0x0a, 0],
  [INT32, 4],
  [TIMESTAMP, 8],
  [INT64, 8],
  [DECIMAL, 16],
  [0x7f, 0],
  [0xff, 0],
]);

/** One field: its value is `bytes[value] … bytes[end - 1]`, as far as it is there. */
export interface Field {
  type: number;
  name: string;
  value: number;
  end: number;
}

/** Whether a document may begin here: its length, and its first field's type or its end. */
export function isDocument(bytes: Uint8Array, start: number, end: number): boolean {
  if (start + LENGTH >= end) return false;
  const type = bytes[start + LENGTH] as number;
  return readLittle32(bytes, start) >= 5 && (type <= DECIMAL || type === 0x7f || type === 0xff);
}

/** The fields of a document, in their order, until one is not there as a whole. */
export function* fields(bytes: Uint8Array, start: number, end: number): Generator<Field> {
  let position = start + LENGTH;
  while (position < end && bytes[position] !== 0) {
    const type = bytes[position] as number;
    const stop = zeroFrom(bytes, position + 1, end);
    if (stop === -1) return;
    const value = stop + 1;
    const length = valueLength(type, bytes, value, end);
    yield { type, name: latin1(bytes, position + 1, stop), value, end: Math.min(end, value + Math.max(0, length)) };
    if (length < 0) return;
    position = value + length;
  }
}

/** Less than 0 where it can't be told. */
function valueLength(type: number, bytes: Uint8Array, at: number, end: number): number {
  const fixed = FIXED.get(type);
  if (fixed !== undefined) return fixed;
  if (type === REGULAR_EXPRESSION) {
    const pattern = zeroFrom(bytes, at, end);
    const options = pattern === -1 ? -1 : zeroFrom(bytes, pattern + 1, end);
    return options === -1 ? -1 : options + 1 - at;
  }
  if (at + LENGTH > end) return -1;
  const length = readLittle32(bytes, at);
  if (type === DOCUMENT || type === ARRAY || type === 0x0f) return length >= 5 ? length : -1;
  if (length < 0) return -1;
  if (type === STRING || type === 0x0d || type === 0x0e) return LENGTH + length;
  if (type === BINARY) return LENGTH + 1 + length;
  return type === 0x0c ? LENGTH + length + 12 : -1;
}

/** A number or a boolean; NaN where it is none, or not there. */
export function numberOf(bytes: Uint8Array, { type, value, end }: Field): number {
  if (type === DOUBLE && value + 8 <= end) {
    return new DataView(bytes.buffer, bytes.byteOffset + value, 8).getFloat64(0, true);
  }
  if (type === INT32 && value + 4 <= end) return readLittle32(bytes, value);
  if (type === INT64 && value + 8 <= end) return readLittle32(bytes, value);
  if (type === BOOLEAN && value < end) return bytes[value] as number;
  return Number.NaN;
}
