/**
 * A ClientHello in SSL 2.0's format (RFC 5246 appendix E.2), which clients sent long after SSL 2.0
 * itself was gone: a length with its highest bit set, the message's type, the version.
 */
const HEADER_BYTES = 5;
const LENGTH_BYTES = 2;
const CLIENT_HELLO = 1;
// Version, three lengths; at least one cipher and a challenge of 16.
const SHORTEST = 1 + 2 + 6 + 3 + 16;
// As many ciphers as there were, a session id and a challenge.
const LONGEST = 1024;

/** The whole length of the hello that begins here; -1 where none does. */
export function oldHelloLength(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < HEADER_BYTES || ((bytes[start] as number) & 0x80) === 0) return -1;
  const length = (((bytes[start] as number) & 0x7f) << 8) | (bytes[start + 1] as number);
  if (bytes[start + 2] !== CLIENT_HELLO || length < SHORTEST || length > LONGEST) return -1;
  const major = bytes[start + 3] as number;
  const minor = bytes[start + 4] as number;
  const isVersion = (major === 3 && minor <= 4) || (major === 0 && minor === 2) || (major === 2 && minor === 0);
  return isVersion ? LENGTH_BYTES + length : -1;
}
