import { loadCrypto, type RecordKeys } from '../keys.ts';
import { record } from './hellos.ts';

const TAG = { authTagLength: 16 } as const;

const lengthOf = (length: number): Buffer => Buffer.from([length >> 8, length & 0xff]);

/** One record as its sender seals it. @param type what TLS 1.3 hides, and 1.2 shows */
export function seal(keys: RecordKeys, is13: boolean, sequence: number, type: number, content: Uint8Array): Buffer {
  const crypto = loadCrypto();
  const hasNonce = !is13 && keys.cipher !== 'chacha20-poly1305';
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(sequence));
  const explicit = hasNonce ? Buffer.from(counter) : Buffer.alloc(0);
  const nonce = hasNonce ? Buffer.concat([keys.iv, explicit]) : Buffer.from(keys.iv);
  if (!hasNonce) counter.forEach((octet, index) => (nonce[4 + index] = (nonce[4 + index] as number) ^ octet));
  const plain = is13 ? Buffer.concat([content, Buffer.from([type])]) : Buffer.from(content);
  const additional = is13
    ? Buffer.concat([Buffer.from([23, 3, 3]), lengthOf(plain.length + 16)])
    : Buffer.concat([counter, Buffer.from([type, 3, 3]), lengthOf(plain.length)]);
  const cipher =
    keys.cipher === 'chacha20-poly1305'
      ? crypto.createCipheriv(keys.cipher, keys.key, nonce, TAG)
      : crypto.createCipheriv(keys.cipher, keys.key, nonce, TAG);
  cipher.setAAD(additional, { plaintextLength: plain.length });
  const sealed = Buffer.concat([explicit, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return record(is13 ? 23 : type, sealed);
}
