/** Cipher suites whose records can be opened (IANA, TLS Cipher Suites). */
export interface Suite {
  cipher: 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';
  keyBytes: 16 | 32;
  hash: 'sha256' | 'sha384';
}

const AES_128: Suite = { cipher: 'aes-128-gcm', keyBytes: 16, hash: 'sha256' };
const AES_256: Suite = { cipher: 'aes-256-gcm', keyBytes: 32, hash: 'sha384' };
const CHACHA: Suite = { cipher: 'chacha20-poly1305', keyBytes: 32, hash: 'sha256' };

/** TLS 1.2: key exchange and signature change nothing here. */
const TLS_12: ReadonlyMap<number, Suite> = new Map([
  // RSA, DHE_RSA, DH_RSA, DHE_DSS, DH_DSS and DH_anon (RFC 5288); PSK, DHE_PSK, RSA_PSK (RFC 5487);
  // ECDHE and ECDH with ECDSA and RSA (RFC 5289): AES-128 even, AES-256 odd, the next number.
  ...[0x9c, 0x9e, 0xa0, 0xa2, 0xa4, 0xa6, 0xa8, 0xaa, 0xac, 0xc02b, 0xc02d, 0xc02f, 0xc031].flatMap(
    (suite): [number, Suite][] => [
      [suite, AES_128],
      [suite + 1, AES_256],
    ],
  ),
  // ECDHE_PSK (RFC 8442).
  [0xd001, AES_128],
  [0xd002, AES_256],
  // RFC 7905.
  ...[0xcca8, 0xcca9, 0xccaa, 0xccab, 0xccac, 0xccad, 0xccae].map((suite): [number, Suite] => [suite, CHACHA]),
]);

/** RFC 8446 appendix B.4. */
const TLS_13: ReadonlyMap<number, Suite> = new Map([
  [0x1301, AES_128],
  [0x1302, AES_256],
  [0x1303, CHACHA],
]);

export const suite12 = (number: number): Suite | null => TLS_12.get(number) ?? null;
export const suite13 = (number: number): Suite | null => TLS_13.get(number) ?? null;

/** Where the suite was not seen: those of TLS 1.3 that have secrets of this length. */
export const suitesOfSecret = (length: number): readonly Suite[] => (length === 48 ? [AES_256] : [AES_128, CHACHA]);

const AES_256_GCM_13 = 0x1302;
// RFC 8446 section 5.2: the tag, and the type behind the content; CCM_8's tag is short.
const CCM_8_13 = 0x1305;
const hiddenBytes = (number: number): number => (number === CCM_8_13 ? 8 : 16) + 1;

/** TLS 1.3: the length of a record that holds one Finished and nothing else. */
export const finishedLength = (number: number): number =>
  4 + (number === AES_256_GCM_13 ? 48 : 32) + hiddenBytes(number);

/** TLS 1.3: the length of a record that holds an alert. */
export const alertLength = (number: number): number => 2 + hiddenBytes(number);
