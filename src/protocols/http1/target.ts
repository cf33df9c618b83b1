import { emptySlots } from '../../base/lists.ts';
import { hashOf, isEqual } from '../octets.ts';
import { MAX_TARGET, redactHost, redactPath } from '../redact.ts';

/** What is kept of a request's target. */
export interface Target {
  /** Without query and identifiers; '' for CONNECT's. */
  path: string;
  /** Where the target itself names it: absolute form and CONNECT (RFC 9112 section 3.2). */
  host: string;
  /** The query asks for an answer that lasts: a watch, a log that is followed, a long poll. */
  lasts: boolean;
}

// Requests of one service ask for the same few hundred targets: those need not be taken apart again.
const CACHE_SLOTS = 1 << 11;
const SLOT_SHIFT = 32 - 11;
/** Longer ones are rare, and the cache stays small. */
const CACHED_BYTES = 256;

interface Slot {
  bytes: Uint8Array;
  target: Target;
}

export interface TargetReader {
  /** @param isConnect the target is an authority */
  read(bytes: Uint8Array, start: number, end: number, isConnect: boolean): Target;
  /** A `Host` header's value. */
  host(bytes: Uint8Array, start: number, end: number): string;
}

export function createTargetReader(): TargetReader {
  const slots = emptySlots<Slot>(CACHE_SLOTS);
  const hosts = emptySlots<{ bytes: Uint8Array; host: string }>(CACHE_SLOTS);

  return {
    read(bytes, start, end, isConnect) {
      const length = Math.min(end - start, MAX_TARGET);
      if (isConnect) return { path: '', host: redactHost(latin1(bytes, start, start + length)), lasts: false };
      const query = indexOf(bytes, 0x3f, start, start + length);
      const pathEnd = query < 0 ? start + length : query;
      const lasts =
        query >= 0 &&
        mayAskToLast(bytes, query, start + length) &&
        asksToLast(latin1(bytes, query + 1, start + length));
      if (pathEnd - start > CACHED_BYTES) return targetOf(latin1(bytes, start, pathEnd), lasts);
      const slot = hashOf(bytes, start, pathEnd) >>> SLOT_SHIFT;
      const cached = slots[slot];
      if (cached && cached.target.lasts === lasts && isEqual(cached.bytes, bytes, start, pathEnd)) return cached.target;
      const target = targetOf(latin1(bytes, start, pathEnd), lasts);
      slots[slot] = { bytes: bytes.slice(start, pathEnd), target };
      return target;
    },

    host(bytes, start, end) {
      const length = end - start;
      if (length > CACHED_BYTES) return redactHost(latin1(bytes, start, Math.min(end, start + MAX_TARGET)));
      const slot = hashOf(bytes, start, end) >>> SLOT_SHIFT;
      const cached = hosts[slot];
      if (cached && isEqual(cached.bytes, bytes, start, end)) return cached.host;
      const host = redactHost(latin1(bytes, start, end));
      hosts[slot] = { bytes: bytes.slice(start, end), host };
      return host;
    },
  };
}

function targetOf(text: string, lasts: boolean): Target {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(text)?.[1];
  return { path: redactPath(text), host: authority === undefined ? '' : redactHost(authority), lasts };
}

/**
 * Answers that are held back or go on by the asker's own wish: watches and followed logs of the
 * Kubernetes API, and long polls, which say how long to wait and since when (Consul's `wait` and
 * `index`, CouchDB's `feed`, Matrix's and others' `timeout` and `since`), or are known by their
 * parameters (Engine.IO, which is below Socket.IO: held until the server has a message or sends a PING,
 * https://socket.io/docs/v4/engine-io-protocol/; without `sid` it is the handshake, answered at once).
 */
export function asksToLast(query: string): boolean {
  let waits = false;
  let since = false;
  let polls = false;
  let session = false;
  for (const parameter of query.split('&')) {
    if (/^(?:watch|follow)=(?:true|1)$/i.test(parameter) || /^feed=(?:longpoll|continuous)$/.test(parameter))
      return true;
    if (/^(?:wait|timeout)=[1-9]/.test(parameter)) waits = true;
    if (/^(?:since|index)=/.test(parameter)) since = true;
    if (parameter === 'transport=polling') polls = true;
    if (parameter.startsWith('sid=')) session = true;
  }
  return (waits && since) || (polls && session);
}

/** Nearly no query has a parameter with such a beginning, and then it need not be taken apart. */
function mayAskToLast(bytes: Uint8Array, query: number, end: number): boolean {
  for (let index = query + 1; index < end; index++) {
    const before = bytes[index - 1];
    if (before !== 0x3f && before !== 0x26) continue;
    const lower = (bytes[index] as number) | 0x20;
    // w(atch), w(ait), f(ollow), f(eed), t(imeout), t(ransport)
    if (lower === 0x77 || lower === 0x66 || lower === 0x74) return true;
  }
  return false;
}

const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');

function indexOf(bytes: Uint8Array, byte: number, start: number, end: number): number {
  for (let index = start; index < end; index++) {
    if (bytes[index] === byte) return index;
  }
  return -1;
}
