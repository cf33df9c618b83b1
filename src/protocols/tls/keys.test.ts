import { describe, expect, it } from 'vitest';
import { loadCrypto, masterKeys, nextSecret, trafficKeys } from './keys.ts';
import { openRecord } from './open-record.ts';
import { suite12, suite13, type Suite } from './suites.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const crypto = loadCrypto();
const known = (suite: Suite | null): Suite => {
  if (suite === null) throw new Error('a suite that is not known');
  return suite;
};

// RFC 8448 section 3, "Simple 1-RTT Handshake".
describe('the keys of TLS 1.3', () => {
  const suite = known(suite13(0x1301));

  it('are those of RFC 8448', () => {
    const secret = hex(
      'b3 ed db 12 6e 06 7f 35 a7 80 b3 ab f4 5e 2d 8f 3b 1a 95 07 38 f5 2e 96 00 74 6a 0e 27 a5 5a 21',
    );
    const { key, iv } = trafficKeys(crypto, suite, secret);
    expect(Buffer.from(key)).toEqual(hex('db fa a6 93 d1 76 2c 5b 66 6a f5 d9 50 25 8d 01'));
    expect(Buffer.from(iv)).toEqual(hex('5b d3 c7 1b 83 6e 0b 76 bb 73 26 5f'));
  });

  it('open its first application data', () => {
    const secret = hex(
      '9e 40 64 6c e7 9a 7f 9d c0 5a f8 88 9b ce 65 52 87 5a fa 0b 06 df 00 87 f7 92 eb b7 c1 75 04 a5',
    );
    const sealed = hex(
      `a2 3f 70 54 b6 2c 94 d0 af fa fe 82 28 ba 55 cb ef ac ea 42 f9 14 aa 66 bc ab 3f 2b 98 19 a8 a5
       b4 6b 39 5b d5 4a 9a 20 44 1e 2b 62 97 4e 1f 5a 62 92 a2 97 70 14 bd 1e 3d ea e6 3a ee bb 21 69 49 15 e4`,
    );
    const head = { type: 23, version: 0x0303, length: sealed.length };
    const keys = trafficKeys(crypto, suite, secret);
    const opened = openRecord(crypto, keys, true, 0, head, sealed, 0, sealed.length);
    expect(opened).not.toBeNull();
    expect(Buffer.from(opened ?? [])).toEqual(Buffer.from([...Array.from({ length: 50 }, (_, index) => index), 23]));
    expect(openRecord(crypto, keys, true, 1, head, sealed, 0, sealed.length)).toBeNull();
  });

  it('change with an update and keep their length', () => {
    const secret = Buffer.alloc(32, 7);
    expect(nextSecret(crypto, suite, secret)).toHaveLength(32);
    expect(nextSecret(crypto, known(suite13(0x1302)), Buffer.alloc(48, 7))).toHaveLength(48);
  });
});

describe('the keys of TLS 1.2', () => {
  const master = Buffer.alloc(48, 0x0b);
  const randoms = Buffer.concat([Buffer.alloc(32, 0x51), Buffer.alloc(32, 0xc1)]);

  // `openssl kdf -kdfopt digest:… -kdfopt hexsecret:… -kdfopt hexseed:… TLS1-PRF` of the same.
  it.each([
    [0xc02f, 16, 4, '32fbcb1c8e0ddd6b96e80201e243577ccc74e011f9b45bfd69977f3bbc0575a3313626042f562d96'],
    [
      0xc030,
      32,
      4,
      `18f50912959e127cb6e004c1cf58aa6156f25caada57f5eef5dab4fd1ec38890d3461e1e71f265c14f037c4c5995ad82
       a571b8cb6fce5095e814b5d796ea338b5581ea2146050aad`,
    ],
  ])('of suite %i are those that OpenSSL makes', (number, keyBytes, ivBytes, block) => {
    const { client, server } = masterKeys(crypto, known(suite12(number)), master, randoms);
    expect(Buffer.concat([client.key, server.key, client.iv, server.iv])).toEqual(hex(block));
    expect([client.key.length, server.iv.length]).toEqual([keyBytes, ivBytes]);
  });

  it('have a whole nonce with ChaCha20', () => {
    expect(masterKeys(crypto, known(suite12(0xcca8)), master, randoms).server.iv).toHaveLength(12);
  });

  it('are not there for suites that are not opened', () => {
    expect([suite12(0xc023), suite12(0x002f), suite13(0x1304)]).toEqual([null, null, null]);
  });
});

it('a record that is too short to hold a tag is not opened', () => {
  const keys = trafficKeys(crypto, known(suite13(0x1303)), Buffer.alloc(32, 1));
  for (let length = 0; length < 17; length++) {
    expect(
      openRecord(crypto, keys, true, 0, { type: 23, version: 0x0303, length }, new Uint8Array(length), 0, length),
    ).toBeNull();
  }
});
