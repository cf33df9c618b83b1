import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readClientHello, readEncryptedExtensions, readServerHello } from './hello.ts';
import { CLIENT_RANDOM, clientHello, RETRY_RANDOM, serverHello } from './testing/hellos.ts';

const printable = fc.string({
  minLength: 1,
  maxLength: 60,
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
});
const bytes = (least: number, most: number) =>
  fc.uint8Array({ minLength: least, maxLength: most }).map((array) => Buffer.from(array));

describe('a ClientHello', () => {
  it('says what was written into it, wherever it stands', () => {
    fc.assert(
      fc.property(
        bytes(32, 32),
        bytes(0, 32),
        fc.option(printable, { nil: undefined }),
        fc.array(printable, { maxLength: 5 }),
        fc.boolean(),
        fc.nat(40),
        (random, sessionId, serverName, alpn, earlyData, before) => {
          const written = clientHello({
            random,
            sessionId,
            alpn,
            earlyData,
            ...(serverName === undefined ? {} : { serverName }),
          });
          const placed = Buffer.concat([Buffer.alloc(before, 0xff), written, Buffer.alloc(9, 0xff)]);
          expect(readClientHello(placed, before, before + written.length)).toEqual({
            random: random.toString('hex'),
            sessionId: sessionId.toString('hex'),
            serverName: serverName ?? null,
            alpn,
            earlyData,
          });
        },
      ),
    );
  });

  it('is read as far as it goes when it is cut', () => {
    const written = clientHello({ serverName: 'api.shop.example', alpn: ['h2'] });
    for (let end = 0; end <= written.length; end++) {
      const read = readClientHello(written, 0, end);
      if (read === null) expect(end).toBeLessThan(35);
      else {
        expect(read.random).toBe(CLIENT_RANDOM.toString('hex'));
        expect([null, 'api.shop.example']).toContain(read.serverName);
      }
    }
  });

  it.each([
    ['control bytes', 'a\x1b[31m.example'],
    ['spaces', 'a b'],
    ['nothing', ''],
    ['too much', 'a'.repeat(256)],
  ])('has no server name of %s', (_, serverName) => {
    expect(readClientHello(clientHello({ serverName }), 0, 4096)?.serverName ?? null).toBeNull();
  });

  it('offers but a bounded number of protocols, GREASE not among them', () => {
    const alpn = ['\x0a\x0a', ...Array.from({ length: 40 }, (_, index) => `p${index}`)];
    const read = readClientHello(clientHello({ alpn }), 0, 4096);
    expect(read?.alpn).toEqual(alpn.slice(1, 17));
  });
});

describe('a ServerHello', () => {
  it('says what was written into it', () => {
    fc.assert(
      fc.property(
        bytes(32, 32),
        bytes(0, 32),
        fc.integer({ min: 0, max: 0xffff }),
        fc.constantFrom(0x0301, 0x0302, 0x0303, 0x0304),
        fc.option(printable, { nil: undefined }),
        fc.boolean(),
        (random, sessionId, suite, version, alpn, presharedKey) => {
          const written = serverHello({
            random,
            sessionId,
            suite,
            version,
            presharedKey,
            ...(alpn === undefined ? {} : { alpn }),
          });
          const read = readServerHello(written, 0, written.length);
          expect(read).toEqual({
            random: new Uint8Array(random),
            sessionId: sessionId.toString('hex'),
            suite,
            version,
            alpn: alpn ?? null,
            presharedKey,
            isRetry: false,
          });
        },
      ),
    );
  });

  it('is a HelloRetryRequest by its random', () => {
    const written = serverHello({ random: RETRY_RANDOM });
    expect(readServerHello(written, 0, written.length)?.isRetry).toBe(true);
  });
});

it('no bytes make the readers throw or go beyond their bounds', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(400), fc.nat(400), (junk, start, length) => {
      const end = Math.min(junk.length, start + length);
      const within = Math.min(start, end);
      const alone = junk.slice(within, end);
      for (const read of [readClientHello, readServerHello, readEncryptedExtensions]) {
        expect(read(junk, within, end)).toEqual(read(alone, 0, alone.length));
      }
    }),
    { numRuns: 500 },
  );
});
