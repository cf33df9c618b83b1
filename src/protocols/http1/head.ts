import { redactMethod } from '../redact.ts';
import { hasVersion, isBlank, isDigit, isToken, methodAt, statusAt, trimEnd } from './start-line.ts';
import { mayAskMetadata } from '../metadata.ts';
import { CUT } from '../redact.ts';
import { MAX_TRACE_IDS, traceIdOf, type TraceHeader } from '../trace-ids.ts';
import type { TargetReader } from './target.ts';

const COLON = 0x3a;
const COMMA = 0x2c;
const SPACE = 0x20;
const SLASH = 0x2f;
const QUESTION_MARK = 0x3f;
const VERSION_LENGTH = 8;
// Content-Length beyond is no length: 1 PB is exact in a double.
const MAX_LENGTH_DIGITS = 15;
// A year: what waits longer is no wait.
const MAX_RETRY_AFTER = 31_536_000;
/** Only so much of a line is read; a length, a token or a host is shorter, and a cookie nobody reads. */
export const MAX_LINE = 2032;

/** Headers that tell something; all others are passed over unread. */
const FIELD = {
  none: 0,
  host: 1,
  upgrade: 2,
  connection: 3,
  retryAfter: 4,
  contentType: 5,
  contentLength: 6,
  transferEncoding: 7,
  userAgent: 8,
  server: 9,
  traceId: 10,
  expect: 11,
} as const;
type Field = (typeof FIELD)[keyof typeof FIELD];

/** A name in lower case, what it is, and of which messages it is read. */
interface Known {
  readonly name: Uint8Array;
  readonly field: Field;
  readonly of: 'both' | 'requests' | 'answers';
  readonly trace: TraceHeader | null;
}

const NAMES: readonly Known[] = (
  [
    ['host', FIELD.host, 'both'],
    ['expect', FIELD.expect, 'requests'],
    ['server', FIELD.server, 'answers'],
    ['upgrade', FIELD.upgrade, 'both'],
    ['connection', FIELD.connection, 'both'],
    ['user-agent', FIELD.userAgent, 'requests'],
    ['x-goog-api-client', FIELD.userAgent, 'requests'],
    ['retry-after', FIELD.retryAfter, 'answers'],
    ['content-type', FIELD.contentType, 'both'],
    ['content-length', FIELD.contentLength, 'both'],
    ['transfer-encoding', FIELD.transferEncoding, 'both'],
    ['b3', FIELD.traceId, 'requests'],
    ['traceparent', FIELD.traceId, 'requests'],
    ['x-request-id', FIELD.traceId, 'requests'],
    ['x-b3-traceid', FIELD.traceId, 'requests'],
    ['uber-trace-id', FIELD.traceId, 'requests'],
    ['x-amzn-trace-id', FIELD.traceId, 'requests'],
  ] as const
).map(([name, field, of]) => ({
  name: Buffer.from(name, 'latin1'),
  field,
  of,
  trace: field === FIELD.traceId ? name : null,
}));
const LONGEST_NAME = Math.max(...NAMES.map(({ name }) => name.length));
const byLength = (left: Known['of']): readonly (readonly Known[])[] =>
  Array.from({ length: LONGEST_NAME + 1 }, (_, length) =>
    NAMES.filter(({ name, of }) => name.length === length && of !== left),
  );
const OF_REQUESTS = byLength('answers');
const OF_ANSWERS = byLength('requests');
const NO_TRACE_IDS: readonly string[] = [];
// The first product tells; the rest is the system's.
const MAX_AGENT = 160;

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const CHUNKED = bytesOf('chunked');
const IDENTITY = bytesOf('identity');
const CLOSE = bytesOf('close');
const KEEP_ALIVE = bytesOf('keep-alive');
const UPGRADE = bytesOf('upgrade');
const CONTINUE = bytesOf('100-continue');
const H2C = bytesOf('h2c');
/** In lower case. */
const EC2_SERVER = bytesOf('ec2ws');
const WEBSOCKET = bytesOf('websocket');
const EVENT_STREAM = bytesOf('text/event-stream');
const REPLACED_PARTS = bytesOf('multipart/x-mixed-replace');

/** What one message's head tells; filled again and again. */
export class Head {
  readonly isRequest: boolean;
  readonly #targets: TargetReader;
  method = '';
  path = '';
  host = '';
  /** The target asks for an answer that lasts. */
  lasts = false;
  status = -1;
  /** HTTP/1.`minor` */
  minor = 1;
  /** -1 without. */
  contentLength = -1;
  /** Two lengths that differ, or what is none: the body's end can't be told so (RFC 9112 section 6.3). */
  isLengthUnsure = false;
  isChunked = false;
  /** A transfer coding other than chunked is the last: the body ends with the connection. */
  isOtherwiseCoded = false;
  closes = false;
  keepsAlive = false;
  upgrades = false;
  upgradesTo: '' | 'h2c' | 'websocket' | 'other' = '';
  /** Server-sent events and their like. */
  isStream = false;
  /** `Expect: 100-continue` */
  expectsContinue = false;
  /** Seconds, -1 without. */
  retryAfter = -1;
  traceIds: readonly string[] = NO_TRACE_IDS;
  /** With `x-goog-api-client`; read where the path may be a metadata service's. */
  userAgent = '';
  /** `Server: EC2ws` */
  isFromEc2 = false;
  readonly #known: readonly (readonly Known[])[];
  #last: Known | null = null;

  constructor(isRequest: boolean, targets: TargetReader) {
    this.isRequest = isRequest;
    this.#known = isRequest ? OF_REQUESTS : OF_ANSWERS;
    this.#targets = targets;
  }

  /** The first line. @returns false where it is none; then nothing was read */
  begin(bytes: Uint8Array, start: number, end: number): boolean {
    return this.isRequest ? this.#beginRequest(bytes, start, end) : this.#beginResponse(bytes, start, end);
  }

  /** A first line that the capture cut off: method and path as far as they are there, or the status. @returns as `begin` */
  beginCut(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.isRequest) return this.#beginResponse(bytes, start, end);
    let method = start;
    while (method < end && isToken(bytes[method] as number)) method++;
    const name = methodAt(bytes, start, method);
    if (name === '' || bytes[method] !== SPACE || bytes[method + 1] !== SLASH) return false;
    this.#clear(1);
    this.method = name;
    let last = method + 1;
    while (last < end && bytes[last] !== SPACE && bytes[last] !== QUESTION_MARK) last++;
    const isWhole = last < end;
    // Of the path's last segment it can't be told whether it is an identifier.
    if (!isWhole) while (bytes[last - 1] !== SLASH) last--;
    const { path } = this.#targets.read(bytes, method + 1, last, false);
    this.path = isWhole ? path : `${path.replace(/\/$/, '')}${CUT}`;
    return true;
  }

  #clear(minor: number): void {
    this.method = '';
    this.path = '';
    this.host = '';
    this.lasts = false;
    this.status = -1;
    this.minor = minor;
    this.contentLength = -1;
    this.isLengthUnsure = false;
    this.isChunked = false;
    this.isOtherwiseCoded = false;
    this.closes = false;
    this.keepsAlive = false;
    this.upgrades = false;
    this.upgradesTo = '';
    this.isStream = false;
    this.expectsContinue = false;
    this.retryAfter = -1;
    if (this.traceIds.length > 0) this.traceIds = NO_TRACE_IDS;
    this.userAgent = '';
    this.isFromEc2 = false;
    this.#last = null;
  }

  #beginRequest(bytes: Uint8Array, start: number, end: number): boolean {
    const version = end - VERSION_LENGTH;
    if (!hasVersion(bytes, version, end)) return false;
    let method = start;
    while (method < version && isToken(bytes[method] as number)) method++;
    if (method === start || bytes[method] !== SPACE) return false;
    let target = method;
    while (bytes[target] === SPACE) target++;
    const targetEnd = trimEnd(bytes, target, version);
    if (target >= targetEnd) return false;
    this.#clear((bytes[end - 1] as number) - 0x30);
    this.method = methodAt(bytes, start, method) || otherMethod(bytes, start, method);
    const { path, host, lasts } = this.#targets.read(bytes, target, targetEnd, this.method === 'CONNECT');
    this.path = path;
    this.host = host;
    this.lasts = lasts;
    return true;
  }

  #beginResponse(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start < VERSION_LENGTH + 4 || !hasVersion(bytes, start, start + VERSION_LENGTH)) return false;
    const status = statusAt(bytes, start + VERSION_LENGTH, end);
    if (status < 0) return false;
    this.#clear((bytes[start + VERSION_LENGTH - 1] as number) - 0x30);
    this.status = status;
    return true;
  }

  /** A further line that is not empty, without its end. */
  line(bytes: Uint8Array, start: number, end: number): void {
    const last = Math.min(end, start + MAX_LINE);
    const first = bytes[start] as number;
    // A value that goes on in the next line (RFC 9112 section 5.2): all that are read may be lists.
    if (first === SPACE || first === 0x09) {
      if (this.#last !== null) this.#value(this.#last, bytes, start, last);
      return;
    }
    const longest = Math.min(last, start + LONGEST_NAME + 2);
    let colon = start;
    while (colon < longest && bytes[colon] !== COLON) colon++;
    this.#last = colon === longest ? null : knownAt(this.#known, bytes, start, trimEnd(bytes, start, colon));
    if (this.#last !== null) this.#value(this.#last, bytes, colon + 1, last);
  }

  #value({ field, trace }: Known, bytes: Uint8Array, from: number, to: number): void {
    let start = from;
    while (start < to && isBlank(bytes[start] as number)) start++;
    const end = trimEnd(bytes, start, to);
    if (start === end) return;
    if (field === FIELD.contentLength) return this.#length(bytes, start, end);
    if (field === FIELD.host) {
      if (this.host === '') this.host = this.#targets.host(bytes, start, end);
      return;
    }
    if (field === FIELD.contentType) {
      this.isStream = startsWith(bytes, start, end, EVENT_STREAM) || startsWith(bytes, start, end, REPLACED_PARTS);
      return;
    }
    if (field === FIELD.retryAfter) {
      const seconds = numberAt(bytes, start, end);
      if (seconds >= 0 && seconds <= MAX_RETRY_AFTER) this.retryAfter = seconds;
      return;
    }
    if (field === FIELD.server) {
      this.isFromEc2 = isName(bytes, start, end, EC2_SERVER);
      return;
    }
    if (field === FIELD.userAgent) {
      if (!mayAskMetadata(this.path)) return;
      const name = textOf(bytes, start, Math.min(end, start + MAX_AGENT));
      this.userAgent = this.userAgent === '' ? name : `${this.userAgent} ${name}`.slice(0, 2 * MAX_AGENT);
      return;
    }
    if (trace !== null) return this.#traceId(trace, textOf(bytes, start, end));
    this.#list(field, bytes, start, end);
  }

  #traceId(header: TraceHeader, value: string): void {
    const id = traceIdOf(header, value);
    if (id === null || this.traceIds.length >= MAX_TRACE_IDS || this.traceIds.includes(id)) return;
    this.traceIds = [...this.traceIds, id];
  }

  #length(bytes: Uint8Array, start: number, end: number): void {
    // `Content-Length: 5, 5` is what some proxies make of two headers (RFC 9110 section 8.6).
    for (let first = start; first < end;) {
      const comma = commaFrom(bytes, first, end);
      while (first < comma && isBlank(bytes[first] as number)) first++;
      const length = numberAt(bytes, first, trimEnd(bytes, first, comma));
      if (length < 0 || (this.contentLength >= 0 && this.contentLength !== length)) this.isLengthUnsure = true;
      else this.contentLength = length;
      first = comma + 1;
    }
  }

  #list(field: Field, bytes: Uint8Array, start: number, end: number): void {
    for (let first = start; first < end;) {
      const comma = commaFrom(bytes, first, end);
      while (first < comma && isBlank(bytes[first] as number)) first++;
      const last = trimEnd(bytes, first, comma);
      if (last > first) this.#token(field, bytes, first, last);
      first = comma + 1;
    }
  }

  #token(field: Field, bytes: Uint8Array, start: number, end: number): void {
    if (field === FIELD.expect) {
      if (isName(bytes, start, end, CONTINUE)) this.expectsContinue = true;
    } else if (field === FIELD.connection) {
      if (isName(bytes, start, end, CLOSE)) this.closes = true;
      else if (isName(bytes, start, end, KEEP_ALIVE)) this.keepsAlive = true;
      else if (isName(bytes, start, end, UPGRADE)) this.upgrades = true;
    } else if (field === FIELD.upgrade) {
      if (isName(bytes, start, end, H2C)) this.upgradesTo = 'h2c';
      else if (isName(bytes, start, end, WEBSOCKET)) this.upgradesTo = 'websocket';
      else if (this.upgradesTo === '') this.upgradesTo = 'other';
    } else if (field === FIELD.transferEncoding) {
      // The last one frames the message; `identity` was none, and is gone since RFC 7230.
      if (isName(bytes, start, end, CHUNKED)) {
        this.isChunked = true;
        this.isOtherwiseCoded = false;
      } else if (!isName(bytes, start, end, IDENTITY)) {
        this.isChunked = false;
        this.isOtherwiseCoded = true;
      }
    }
  }
}

/** One that is seldom used. */
function otherMethod(bytes: Uint8Array, start: number, end: number): string {
  return redactMethod(textOf(bytes, start, end));
}

const textOf = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');

function knownAt(known: readonly (readonly Known[])[], bytes: Uint8Array, start: number, end: number): Known | null {
  const candidates = known[end - start];
  if (candidates === undefined) return null;
  for (const candidate of candidates) if (isName(bytes, start, end, candidate.name)) return candidate;
  return null;
}

/** Equal without regard to case. @param name in lower case */
const isName = (bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean =>
  end - start === name.length && startsWith(bytes, start, end, name);

function startsWith(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (end - start < name.length) return false;
  for (let index = 0; index < name.length; index++) {
    const byte = bytes[start + index] as number;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (lower !== name[index]) return false;
  }
  return true;
}

function commaFrom(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end && bytes[position] !== COMMA) position++;
  return position;
}

/** -1 where it is no number of a sensible size. */
function numberAt(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || end - start > MAX_LENGTH_DIGITS) return -1;
  let value = 0;
  for (let index = start; index < end; index++) {
    const byte = bytes[index] as number;
    if (!isDigit(byte)) return -1;
    value = value * 10 + byte - 0x30;
  }
  return value;
}
