import type { Suite } from './suites.ts';

/** Node's crypto takes some milliseconds to load: only where there are secrets. */
export type Crypto = NonNullable<ReturnType<typeof loadCrypto>>;

export const loadCrypto = () => process.getBuiltinModule('node:crypto');

/** What opens one side's records until it changes keys. */
export interface RecordKeys {
  cipher: Suite['cipher'];
  key: Uint8Array;
  /** 12 octets; in TLS 1.2 with GCM the 4 that are implicit. */
  iv: Uint8Array;
}

const GCM_SALT_BYTES = 4;
const NONCE_BYTES = 12;

/** TLS 1.3 (RFC 8446 section 7.3). */
export function trafficKeys(crypto: Crypto, suite: Suite, secret: Uint8Array): RecordKeys {
  return {
    cipher: suite.cipher,
    key: expandLabel(crypto, suite, secret, 'key', suite.keyBytes),
    iv: expandLabel(crypto, suite, secret, 'iv', NONCE_BYTES),
  };
}

/** The secret behind a KeyUpdate (RFC 8446 section 7.2). */
export const nextSecret = (crypto: Crypto, suite: Suite, secret: Uint8Array): Uint8Array =>
  expandLabel(crypto, suite, secret, 'traffic upd', secret.length);

/** HKDF-Expand-Label with an empty context (RFC 8446 section 7.1); one block is enough for what is asked. */
function expandLabel(crypto: Crypto, suite: Suite, secret: Uint8Array, label: string, length: number): Uint8Array {
  const name = `tls13 ${label}`;
  const info = Buffer.concat([
    Buffer.from([length >> 8, length & 0xff, name.length]),
    Buffer.from(name, 'latin1'),
    Buffer.from([0, 1]),
  ]);
  return crypto.createHmac(suite.hash, secret).update(info).digest().subarray(0, length);
}

/**
 * Both sides' keys in TLS 1.2 (RFC 5246 section 6.3): AEAD suites have no MAC keys.
 * @param randoms the server's, then the client's
 */
export function masterKeys(
  crypto: Crypto,
  suite: Suite,
  master: Uint8Array,
  randoms: Uint8Array,
): { client: RecordKeys; server: RecordKeys } {
  const ivBytes = suite.cipher === 'chacha20-poly1305' ? NONCE_BYTES : GCM_SALT_BYTES;
  const { keyBytes, cipher } = suite;
  const seed = Buffer.concat([Buffer.from('key expansion', 'latin1'), randoms]);
  const block = expandPrf(crypto, suite.hash, master, seed, 2 * (keyBytes + ivBytes));
  const ivs = 2 * keyBytes;
  return {
    client: { cipher, key: block.subarray(0, keyBytes), iv: block.subarray(ivs, ivs + ivBytes) },
    server: { cipher, key: block.subarray(keyBytes, ivs), iv: block.subarray(ivs + ivBytes, ivs + 2 * ivBytes) },
  };
}

/** P_hash of RFC 5246 section 5. */
function expandPrf(
  crypto: Crypto,
  hash: Suite['hash'],
  secret: Uint8Array,
  seed: Uint8Array,
  length: number,
): Uint8Array {
  const hmac = (...parts: Uint8Array[]): Uint8Array => {
    const mac = crypto.createHmac(hash, secret);
    for (const part of parts) mac.update(part);
    return mac.digest();
  };
  const blocks: Uint8Array[] = [];
  let filled = 0;
  for (let chain = hmac(seed); filled < length; chain = hmac(chain)) {
    const block = hmac(chain, seed);
    blocks.push(block);
    filled += block.length;
  }
  return Buffer.concat(blocks, filled).subarray(0, length);
}
