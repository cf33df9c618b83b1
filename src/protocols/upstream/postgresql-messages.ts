import { signed32 } from '../../base/network-order.ts';
import type { Side } from '../../model/connection.ts';
import type { Recognition } from '../protocol.ts';
import { isText, read16, zeroFrom } from './bytes.ts';

/*
 * The shape of PostgreSQL's messages (its documentation, "Message Formats"): a type, a length
 * that counts itself, a body. Only what tells them from other protocols is looked at.
 */

export const HEAD = 5;
export const STARTUP_HEAD = 8;
// MaxAllocSize: no message is longer.
const LONGEST = 0x3fff_ffff;
// MAX_STARTUP_PACKET_LENGTH
const LONGEST_STARTUP = 10_000;

export const SSL_REQUEST = 80_877_103;
export const GSS_REQUEST = 80_877_104;
export const CANCEL_REQUEST = 80_877_102;

/** Types of messages as characters. */
const FROM_CLIENT = 'QPBEDCHSXFpdcf';
const FROM_SERVER = 'RKSZTDCEN123nstIAGHWVdcv';
/** Those without a body. */
const EMPTY_FROM_CLIENT = 'HSXc';
const EMPTY_FROM_SERVER = '123nsIc';
// NAMEDATALEN - 1 for statements that a person prepares; drivers' names are shorter, too.
const LONGEST_NAME = 63;
// MaxTupleAttributeNumber
const MOST_COLUMNS = 1664;
const CHECKED_MESSAGES = 8;

export const letter = (bytes: Uint8Array, at: number): string => String.fromCharCode(bytes[at] as number);

/** Body and all, without the type; less than 0 where no message of this type is that long. */
export function lengthOf(bytes: Uint8Array, at: number, from: Side): number {
  const type = letter(bytes, at);
  const length = signed32(bytes, at + 1);
  if (!(from === 'client' ? FROM_CLIENT : FROM_SERVER).includes(type)) return -1;
  if ((from === 'client' ? EMPTY_FROM_CLIENT : EMPTY_FROM_SERVER).includes(type)) return length === 4 ? 4 : -1;
  if (from === 'server' && type === 'Z') return length === 5 ? 5 : -1;
  return length >= 4 && length <= LONGEST ? length : -1;
}

/** Whether bytes are messages of that side, the first beginning with them. */
export function areMessages(from: Side, bytes: Uint8Array, start: number, end: number): boolean {
  let position = start;
  let sure = false;
  for (let count = 0; count < CHECKED_MESSAGES && position < end; count++) {
    if (end - position < HEAD) return sure;
    const length = lengthOf(bytes, position, from);
    if (length < 0) return false;
    const next = position + 1 + length;
    const verdict = checkBody(from, letter(bytes, position), bytes, position + HEAD, Math.min(end, next), next <= end);
    if (verdict === false) return false;
    sure ||= verdict === true;
    position = next;
  }
  return sure;
}

/** True: it can hardly be anything else; null: it may well be. */
function checkBody(
  from: Side,
  type: string,
  bytes: Uint8Array,
  start: number,
  end: number,
  whole: boolean,
): boolean | null {
  if (from === 'client') {
    if (type === 'Q') return endsText(bytes, start, end, whole);
    if (type === 'P') return isParse(bytes, start, end, whole);
    return EMPTY_FROM_CLIENT.includes(type) ? true : null;
  }
  if (type === 'Z') return start < end ? 'ITE'.includes(letter(bytes, start)) : null;
  if (type === 'T') return isDescription(bytes, start, end);
  if (type === 'D') return isRow(bytes, start, end, whole);
  if (type === 'C') return end - start >= 2 ? isTag(bytes, start, end, whole) : null;
  if (type === 'E' || type === 'N') return isReport(bytes, start, end);
  if (type === 'R') return end - start >= 4 ? isAuthentication(signed32(bytes, start)) : null;
  if (type === 'G' || type === 'H' || type === 'W') return whole ? isCopy(bytes, start, end) : null;
  return EMPTY_FROM_SERVER.includes(type) ? true : null;
}

/** A format, and one of each column. */
function isCopy(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 3 || end - start !== 3 + 2 * read16(bytes, start + 1)) return false;
  for (let at = start + 3; at < end; at += 2) if (read16(bytes, at) > 1) return false;
  return (bytes[start] as number) <= 1;
}

const isAuthentication = (code: number): boolean => code >= 0 && code <= 12;

/** Text up to a zero octet at the very end. */
function endsText(bytes: Uint8Array, start: number, end: number, whole: boolean): boolean | null {
  if (end - start < 1) return whole ? false : null;
  if (whole && bytes[end - 1] !== 0) return false;
  const stop = whole ? end - 1 : end;
  return isText(bytes, start, Math.min(stop, start + 32)) && stop > start;
}

function isParse(bytes: Uint8Array, start: number, end: number, whole: boolean): boolean | null {
  const name = zeroFrom(bytes, start, Math.min(end, start + LONGEST_NAME + 1));
  if (name === -1) return end - start > LONGEST_NAME ? false : null;
  const query = zeroFrom(bytes, name + 1, end);
  if (query === -1 && whole) return false;
  return isText(bytes, start, name) && isText(bytes, name + 1, query === -1 ? end : query);
}

function isDescription(bytes: Uint8Array, start: number, end: number): boolean | null {
  if (end - start < 3) return null;
  const columns = read16(bytes, start);
  if (columns > MOST_COLUMNS) return false;
  const name = zeroFrom(bytes, start + 2, end);
  return columns > 0 && name > start + 2 && isText(bytes, start + 2, name) ? true : null;
}

/** The lengths of the columns fill the message. */
function isRow(bytes: Uint8Array, start: number, end: number, whole: boolean): boolean | null {
  if (end - start < 2) return null;
  const columns = read16(bytes, start);
  if (columns > MOST_COLUMNS) return false;
  let position = start + 2;
  for (let column = 0; column < columns; column++) {
    if (position + 4 > end) return whole ? false : column > 0 ? true : null;
    const length = signed32(bytes, position);
    if (length < -1) return false;
    position += 4 + Math.max(0, length);
  }
  return whole ? position === end && columns > 0 : null;
}

/** `SELECT 3`, `INSERT 0 1`. */
function isTag(bytes: Uint8Array, start: number, end: number, whole: boolean): boolean {
  if (whole && bytes[end - 1] !== 0) return false;
  for (let index = start; index < (whole ? end - 1 : end); index++) {
    const byte = bytes[index] as number;
    const isFit = (byte >= 65 && byte <= 90) || (byte >= 48 && byte <= 57) || byte === 32 || byte === 95;
    if (!isFit) return false;
  }
  return true;
}

/** Fields that begin with the severity: `SERROR`, in the server's language. */
function isReport(bytes: Uint8Array, start: number, end: number): boolean | null {
  if (end - start < 3) return null;
  if (letter(bytes, start) !== 'S') return false;
  const stop = zeroFrom(bytes, start + 1, end);
  return stop > start + 1 && isText(bytes, start + 1, stop) ? true : null;
}

// ERRCODE is the first of what has five characters: the severity comes twice before it.
const CODE_LENGTH = 5;

/** The SQLSTATE of an error's body, null where it isn't there. */
export function sqlState(bytes: Uint8Array, start: number, end: number): string | null {
  let position = start;
  while (position < end && bytes[position] !== 0) {
    const stop = zeroFrom(bytes, position, end);
    if (stop === -1) return null;
    if (letter(bytes, position) === 'C' && stop - position - 1 === CODE_LENGTH) {
      let code = '';
      for (let index = position + 1; index < stop; index++) code += letter(bytes, index);
      return /^[0-9A-Z]{5}$/.test(code) ? code : null;
    }
    position = stop + 1;
  }
  return null;
}

/** A connection's first message: length, a code or version 3, and parameters. Kafka's requests of kind 3 begin so, too. */
export function isStartup(bytes: Uint8Array, start: number, end: number): Recognition {
  if (end - start < STARTUP_HEAD) {
    const fits = bytes[start] === 0 && (start + 1 >= end || bytes[start + 1] === 0);
    return fits && (start + 2 >= end || (bytes[start + 2] as number) <= LONGEST_STARTUP >> 8) ? 'more' : 'no';
  }
  const length = startupLength(bytes, start);
  if (length < 0) return 'no';
  if (signed32(bytes, start + 4) >> 16 !== 3) return 'yes';
  const name = start + STARTUP_HEAD;
  const stop = zeroFrom(bytes, name, Math.min(end, name + LONGEST_NAME));
  if (stop === -1) return end - name < LONGEST_NAME && isText(bytes, name, end) ? 'more' : 'no';
  return stop > name && isText(bytes, name, stop) && stop < start + length ? 'yes' : 'no';
}

/** Less than 0 where it is none. */
export function startupLength(bytes: Uint8Array, at: number): number {
  const length = signed32(bytes, at);
  const code = signed32(bytes, at + 4);
  if (code === SSL_REQUEST || code === GSS_REQUEST) return length === STARTUP_HEAD ? length : -1;
  if (length < STARTUP_HEAD || length > LONGEST_STARTUP) return -1;
  return code === CANCEL_REQUEST || code >> 16 === 3 ? length : -1;
}
