import type { Crypto, RecordKeys } from './keys.ts';

const TAG_BYTES = 16;
const EXPLICIT_NONCE_BYTES = 8;
const NONCE_BYTES = 12;
const SEQUENCE_BYTES = 8;

/** What encryption adds to the content: the tag, the nonce of TLS 1.2's GCM, the type of TLS 1.3. */
export function overheadOf(keys: RecordKeys, is13: boolean): number {
  if (is13) return TAG_BYTES + 1;
  return keys.cipher === 'chacha20-poly1305' ? TAG_BYTES : TAG_BYTES + EXPLICIT_NONCE_BYTES;
}

/**
 * Opens one record of TLS 1.2 or 1.3; null where key or sequence number are not its own.
 * @param header type and version as its header says them
 */
export function openRecord(
  crypto: Crypto,
  keys: RecordKeys,
  is13: boolean,
  sequence: number,
  header: { type: number; version: number; length: number },
  bytes: Uint8Array,
  start: number,
  end: number,
): Uint8Array | null {
  const hasNonce = !is13 && keys.cipher !== 'chacha20-poly1305';
  // Keys of the other version, where a hello was damaged, have the other kind of nonce.
  if (hasNonce === (keys.iv.length === NONCE_BYTES)) return null;
  const contentStart = hasNonce ? start + EXPLICIT_NONCE_BYTES : start;
  const contentEnd = end - TAG_BYTES;
  if (contentEnd < contentStart) return null;
  const nonce = hasNonce ? explicitNonce(keys.iv, bytes, start) : nonceOf(keys.iv, sequence);
  const length = contentEnd - contentStart;
  const additional = is13 ? headerOf(header, end - start) : additionalOf(sequence, header, length);
  try {
    const opened = decipherOf(crypto, keys, nonce)
      .setAAD(additional, { plaintextLength: length })
      .setAuthTag(bytes.subarray(contentEnd, end));
    const content = opened.update(bytes.subarray(contentStart, contentEnd));
    opened.final();
    return content;
  } catch {
    return null;
  }
}

const decipherOf = (crypto: Crypto, { cipher, key }: RecordKeys, nonce: Uint8Array) =>
  cipher === 'chacha20-poly1305'
    ? crypto.createDecipheriv(cipher, key, nonce, { authTagLength: TAG_BYTES })
    : crypto.createDecipheriv(cipher, key, nonce, { authTagLength: TAG_BYTES });

/** RFC 5288 section 3. */
function explicitNonce(salt: Uint8Array, bytes: Uint8Array, start: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  nonce.set(salt);
  nonce.set(bytes.subarray(start, start + EXPLICIT_NONCE_BYTES), salt.length);
  return nonce;
}

/** RFC 8446 section 5.3, RFC 7905 section 2. */
function nonceOf(iv: Uint8Array, sequence: number): Uint8Array {
  const nonce = Uint8Array.from(iv);
  const view = new DataView(nonce.buffer);
  view.setUint32(4, view.getUint32(4) ^ Math.floor(sequence / 2 ** 32));
  view.setUint32(8, view.getUint32(8) ^ (sequence >>> 0));
  return nonce;
}

/** RFC 5246 section 6.2.3.3. */
function additionalOf(sequence: number, header: { type: number; version: number }, length: number): Uint8Array {
  const additional = new Uint8Array(SEQUENCE_BYTES + 5);
  const view = new DataView(additional.buffer);
  view.setUint32(0, Math.floor(sequence / 2 ** 32));
  view.setUint32(4, sequence >>> 0);
  additional[8] = header.type;
  view.setUint16(9, header.version);
  view.setUint16(11, length);
  return additional;
}

/** RFC 8446 section 5.2. */
function headerOf(header: { type: number; version: number }, length: number): Uint8Array {
  return Uint8Array.of(header.type, header.version >> 8, header.version & 0xff, length >> 8, length & 0xff);
}
