import { startsWith } from '../octets.ts';
import type { Recognition } from '../protocol.ts';

/** What opens a client's side of HTTP/2 (RFC 9113 section 3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export const startsWithPreface = (bytes: Uint8Array, start: number, end: number): Recognition =>
  startsWith(PREFACE, bytes, start, end);
