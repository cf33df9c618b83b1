import type { Side } from '../../model/connection.ts';
import type { Recognition } from '../protocol.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const SLASH = 0x2f;

/** Methods that are told by themselves; any other token needs the version at the line's end. */
const METHODS = (
  'GET POST PUT DELETE HEAD PATCH OPTIONS CONNECT TRACE ' +
  // WebDAV, CalDAV, UPnP, caches.
  'PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK SEARCH REPORT MKCALENDAR ' +
  'SUBSCRIBE UNSUBSCRIBE NOTIFY PURGE LINK UNLINK MERGE CHECKOUT QUERY LIST'
).split(' ');
const METHOD_BYTES = METHODS.map((name) => Buffer.from(name, 'latin1'));
// The longest registered one, VERSION-CONTROL, has 15.
const MAX_METHOD = 24;
const VERSION = Buffer.from('HTTP/1.', 'latin1');
const VERSION_LENGTH = VERSION.length + 1;
// RFC 9112 section 2.2: a server skips an empty line before a request; some clients send one after a body.
const MAX_EMPTY = 8;

/** Tells a message's first line from anything else, from as much of it as there is. */
export function recogniseStart(
  from: Side,
  bytes: Uint8Array,
  start: number,
  end: number,
  isStrict: boolean,
): Recognition {
  const first = skipEmpty(bytes, start, end);
  if (first === end) return first - start <= MAX_EMPTY ? 'more' : 'no';
  return from === 'client' ? recogniseRequest(bytes, first, end, isStrict) : recogniseStatus(bytes, first, end);
}

export function skipEmpty(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end && (bytes[position] === CARRIAGE_RETURN || bytes[position] === LINE_FEED)) position++;
  return position;
}

/**
 * `GET /` is enough: the line's end may be far, or cut off by the capture.
 * @param isStrict in the midst of whatever, where the line may be the rest of one: a known method only
 */
export function recogniseRequest(bytes: Uint8Array, start: number, end: number, isStrict: boolean): Recognition {
  let position = start;
  const limit = Math.min(end, start + MAX_METHOD);
  while (position < limit && isToken(bytes[position] as number)) position++;
  const method = position;
  if (method === end) return !isStrict || beginsMethod(bytes, start, end) ? 'more' : 'no';
  if (method === start || bytes[method] !== SPACE) return 'no';
  const isKnown = methodAt(bytes, start, method) !== '';
  if (isStrict && !isKnown) return 'no';
  position++;
  if (position < end && !isTargetStart(bytes[position] as number)) return 'no';
  if (isKnown && position < end && bytes[position] === SLASH) return 'yes';
  for (; position < end; position++) {
    const byte = bytes[position] as number;
    if (byte === LINE_FEED) {
      const last = trimEnd(bytes, start, position);
      return hasVersion(bytes, last - VERSION_LENGTH, last) && bytes[last - VERSION_LENGTH - 1] === SPACE
        ? 'yes'
        : 'no';
    }
    if (byte < SPACE && byte !== CARRIAGE_RETURN) return 'no';
  }
  return 'more';
}

function beginsMethod(bytes: Uint8Array, start: number, end: number): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  return METHODS.some((method) => method.startsWith(text));
}

export function recogniseStatus(bytes: Uint8Array, start: number, end: number): Recognition {
  const length = end - start;
  for (let index = 0; index < VERSION.length; index++) {
    if (index === length) return 'more';
    if (bytes[start + index] !== VERSION[index]) return 'no';
  }
  // `HTTP/1.1 200`
  if (length < VERSION_LENGTH + 4) return 'more';
  return isDigit(bytes[start + 7] as number) && statusAt(bytes, start + VERSION_LENGTH, end) > 0 ? 'yes' : 'no';
}

/** A status of three digits behind spaces; -1 where there is none. */
export function statusAt(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end && bytes[position] === SPACE) position++;
  if (position === start || position + 3 > end) return -1;
  let status = 0;
  for (let index = 0; index < 3; index++) {
    const byte = bytes[position + index] as number;
    if (!isDigit(byte)) return -1;
    status = status * 10 + byte - 0x30;
  }
  if (position + 3 < end && isDigit(bytes[position + 3] as number)) return -1;
  return status >= 100 ? status : -1;
}

export function hasVersion(bytes: Uint8Array, start: number, end: number): boolean {
  if (start < 0 || end - start !== VERSION_LENGTH) return false;
  for (let index = 0; index < VERSION.length; index++) {
    if (bytes[start + index] !== VERSION[index]) return false;
  }
  return isDigit(bytes[end - 1] as number);
}

/** A known method's name, '' for others. */
export function methodAt(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  for (let index = 0; index < METHODS.length; index++) {
    const method = METHOD_BYTES[index] as Uint8Array;
    if (method.length !== length) continue;
    let position = 0;
    while (position < length && bytes[start + position] === method[position]) position++;
    if (position === length) return METHODS[index] as string;
  }
  return '';
}

export function trimEnd(bytes: Uint8Array, start: number, end: number): number {
  let last = end;
  while (last > start && isBlank(bytes[last - 1] as number)) last--;
  return last;
}

export const isBlank = (byte: number): boolean =>
  byte === SPACE || byte === CARRIAGE_RETURN || byte === LINE_FEED || byte === 0x09;

export const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

/** Letters, digits and the signs of RFC 9110 section 5.6.2 that methods really have. */
export const isToken = (byte: number): boolean =>
  (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) || isDigit(byte) || byte === 0x2d || byte === 0x5f;

/** A path, `*`, a scheme or a host: all of them printable, and none begins with a quote. */
const isTargetStart = (byte: number): boolean => byte > SPACE && byte !== 0x22 && byte !== 0x27 && byte !== 0x7f;
