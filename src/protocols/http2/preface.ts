import type { Recognition } from '../protocol.ts';

/** What opens a client's side of HTTP/2 (RFC 9113 section 3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export function startsWithPreface(bytes: Uint8Array, start: number, end: number): Recognition {
  const length = Math.min(end - start, PREFACE.length);
  for (let index = 0; index < length; index++) {
    if (bytes[start + index] !== PREFACE[index]) return 'no';
  }
  return length === PREFACE.length ? 'yes' : 'more';
}
