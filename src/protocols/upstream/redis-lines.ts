import type { Side } from '../../model/connection.ts';
import type { Recognition } from '../protocol.ts';
import { latin1 } from './bytes.ts';

/* The lines of RESP, Redis' protocol (redis.io, "Redis serialization protocol specification"). */

const CARRIAGE_RETURN = 13;
const LINE_FEED = 10;
const MINUS = 45;
const ZERO = 48;
const NINE = 57;
// Of counts and lengths: 512 MB at most, which has nine digits.
const MOST_DIGITS = 10;
// An error repeats what it doesn't know, up to 128 characters of it (Redis' server.c).
const LONGEST_ERROR = 512;

export const STAR = 42;
export const DOLLAR = 36;

/** Words that other protocols begin a line with, too: POP3, NATS. */
const COMMON_ERROR = 'ERR';
const OWN_STATES = ['PONG', 'QUEUED', 'FULLRESYNC', 'Background'];
const OWN_ERRORS = (
  'ASK BUSY BUSYGROUP BUSYKEY CLUSTERDOWN CROSSSLOT DENIED EXECABORT INPROG LOADING MASTERDOWN MISCONF MOVED NOAUTH ' +
  'NOGOODSLAVE NOGROUP NOMASTERLINK NOPERM NOPROTO NOREPLICAS NOSCRIPT NOTBUSY OOM READONLY TRYAGAIN UNBLOCKED ' +
  'UNKILLABLE WRONGPASS WRONGTYPE'
).split(' ');

/** The number that a line's octets spell; NaN where they spell none. */
export function numberIn(bytes: Uint8Array, start: number, end: number): number {
  if (end <= start || end - start > MOST_DIGITS) return Number.NaN;
  const isNegative = bytes[start] === MINUS;
  let value = 0;
  let position = isNegative ? start + 1 : start;
  if (position === end) return Number.NaN;
  for (; position < end; position++) {
    const byte = bytes[position] as number;
    if (byte < ZERO || byte > NINE) return Number.NaN;
    value = value * 10 + byte - ZERO;
  }
  return isNegative ? -value : value;
}

/** Where a line's carriage return stands, -1 where its end is not there. */
function lineEnd(bytes: Uint8Array, start: number, end: number): number {
  const feed = bytes.subarray(start, end).indexOf(LINE_FEED);
  return feed < 1 || bytes[start + feed - 1] !== CARRIAGE_RETURN ? -1 : start + feed - 1;
}

/** A type and a number, then the end of the line. */
function isCounted(bytes: Uint8Array, start: number, end: number): Recognition {
  const stop = lineEnd(bytes, start, Math.min(end, start + MOST_DIGITS + 3));
  if (stop !== -1) return Number.isNaN(numberIn(bytes, start + 1, stop)) ? 'no' : 'yes';
  if (end - start > MOST_DIGITS + 2) return 'no';
  let upTo = end;
  if (upTo > start + 1 && bytes[upTo - 1] === CARRIAGE_RETURN) upTo--;
  return upTo === start + 1 || !Number.isNaN(numberIn(bytes, start + 1, upTo)) || bytes[start + 1] === MINUS
    ? 'more'
    : 'no';
}

/** `*2`, `$3`: a command as clients' libraries send it. */
function recogniseCommand(bytes: Uint8Array, start: number, end: number): Recognition {
  if (bytes[start] !== STAR) return 'no';
  const counted = isCounted(bytes, start, end);
  if (counted !== 'yes') return counted;
  const stop = lineEnd(bytes, start, end);
  const count = numberIn(bytes, start + 1, stop);
  const next = stop + 2;
  if (count < 1) return 'no';
  if (next >= end) return 'more';
  return bytes[next] === DOLLAR ? isCounted(bytes, next, end) : 'no';
}

function recogniseReply(bytes: Uint8Array, start: number, end: number): Recognition {
  const type = String.fromCharCode(bytes[start] as number);
  if ('$*:%~>=!|'.includes(type)) return isCounted(bytes, start, end);
  // Null, true and false, a number: too little to tell by itself.
  if (type === '_' || type === '#' || type === ',') return lineEnd(bytes, start, end) === -1 ? 'no' : 'more';
  if (type !== '+' && type !== '-') return 'no';
  const stop = lineEnd(bytes, start, end);
  const word = /^[A-Za-z]*/.exec(latin1(bytes, start + 1, Math.min(stop === -1 ? end : stop, start + 16)))?.[0] ?? '';
  if (type === '+' && OWN_STATES.includes(word)) return 'yes';
  if (type === '-' && OWN_ERRORS.includes(word)) return 'yes';
  if (stop === -1) return end - start < LONGEST_ERROR && /^\w*$/.test(word) ? 'more' : 'no';
  // Others begin a line so, too: the next one may tell.
  const isCommon = type === '-' ? word === COMMON_ERROR : word === 'OK' && stop === start + 3;
  if (!isCommon) return 'no';
  return stop + 2 < end ? recogniseReply(bytes, stop + 2, end) : 'more';
}

export function recogniseLine(from: Side, bytes: Uint8Array, start: number, end: number): Recognition {
  if (start >= end) return 'more';
  return from === 'client' ? recogniseCommand(bytes, start, end) : recogniseReply(bytes, start, end);
}

/** What errors begin with. Scripts make up their own: any that is not known is an ERR, so that nothing of a text gets out. */
export function errorCode(text: string): string {
  const word = /^[A-Z]+/.exec(text)?.[0] ?? '';
  return OWN_ERRORS.includes(word) ? word : COMMON_ERROR;
}
