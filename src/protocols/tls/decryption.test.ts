import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HANDSHAKE } from './handshake-reader.ts';
import { createKeyLog, type KeyLog } from './key-log.ts';
import { loadCrypto, masterKeys, nextSecret, trafficKeys, type RecordKeys } from './keys.ts';
import { suite12, suite13, type Suite } from './suites.ts';
import { changeCipher, CLIENT_RANDOM, clientHello, message, record, serverHello } from './testing/hellos.ts';
import { seal } from './testing/seal.ts';
import { Talk } from './testing/talk.ts';

const crypto = loadCrypto();
const SERVER_RANDOM = Buffer.alloc(32, 0x5e);
const DATA = 23;
const known = (suite: Suite | null): Suite => {
  if (suite === null) throw new Error('a suite that is not known');
  return suite;
};

const SECRETS = {
  CLIENT_EARLY_TRAFFIC_SECRET: 0x0e,
  CLIENT_HANDSHAKE_TRAFFIC_SECRET: 0xc0,
  SERVER_HANDSHAKE_TRAFFIC_SECRET: 0x50,
  CLIENT_TRAFFIC_SECRET_0: 0xca,
  SERVER_TRAFFIC_SECRET_0: 0x5a,
};
type Label = keyof typeof SECRETS;

interface Setting {
  keyLog: KeyLog;
  keysOf: (label: Label) => RecordKeys;
  suite: Suite;
}

/** Secrets of a connection in TLS 1.3. @param without labels that the key log lacks */
function setting13(number: number, without: readonly Label[] = []): Setting {
  const suite = known(suite13(number));
  const length = suite.hash === 'sha384' ? 48 : 32;
  const keyLog = createKeyLog();
  for (const [label, octet] of Object.entries(SECRETS)) {
    if (without.includes(label as Label)) continue;
    keyLog.line(`${label} ${CLIENT_RANDOM.toString('hex')} ${Buffer.alloc(length, octet).toString('hex')}`);
  }
  return { keyLog, suite, keysOf: (label) => trafficKeys(crypto, suite, Buffer.alloc(length, SECRETS[label])) };
}

const hello = (earlyData = false): Buffer =>
  record(22, message(HANDSHAKE.clientHello, clientHello({ earlyData })), 0x0301);
const answer = (suite: number, version = 0x0304): Buffer =>
  record(22, message(HANDSHAKE.serverHello, serverHello({ random: SERVER_RANDOM, suite, version })));
// Type, length, the list's length, the name's length, `h2`.
const ALPN_H2 = Buffer.from('001000050003026832', 'hex');
const EARLY_DATA = Buffer.from('002a0000', 'hex');
const encryptedExtensions = (takesEarly = false): Buffer => {
  const list = Buffer.concat(takesEarly ? [ALPN_H2, EARLY_DATA] : [ALPN_H2]);
  return message(
    HANDSHAKE.encryptedExtensions,
    Buffer.concat([Buffer.from([list.length >> 8, list.length & 0xff]), list]),
  );
};
const finished = (): Buffer => message(HANDSHAKE.finished, Buffer.alloc(32, 0xf1));

/** A connection in TLS 1.3 whose handshake is over. */
function open13({ keyLog, keysOf }: Setting, number: number): Talk {
  const serverFlight = Buffer.concat([
    encryptedExtensions(),
    message(HANDSHAKE.certificate, Buffer.alloc(700)),
    finished(),
  ]);
  return new Talk(keyLog)
    .say('client', hello())
    .say(
      'server',
      Buffer.concat([answer(number), seal(keysOf('SERVER_HANDSHAKE_TRAFFIC_SECRET'), true, 0, 22, serverFlight)]),
    )
    .say('client', seal(keysOf('CLIENT_HANDSHAKE_TRAFFIC_SECRET'), true, 0, 22, finished()));
}

describe.each([0x1301, 0x1302, 0x1303])('TLS 1.3, suite %i', (number) => {
  it('gives what both sides sent, in whatever records', () => {
    const setting = setting13(number);
    const lengths = fc.array(fc.nat(400), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(lengths, lengths, (asked, answered) => {
        const talk = open13(setting, number);
        for (const [from, label, sizes] of [
          ['client', 'CLIENT_TRAFFIC_SECRET_0', asked],
          ['server', 'SERVER_TRAFFIC_SECRET_0', answered],
        ] as const) {
          sizes.forEach((size, index) =>
            talk.say(from, seal(setting.keysOf(label), true, index, DATA, Buffer.alloc(size, 65 + index))),
          );
          expect(talk.content[from]).toBe(
            sizes.map((size, index) => String.fromCharCode(65 + index).repeat(size)).join(''),
          );
        }
        expect(talk.tls).toMatchObject({ decrypted: true, unread: 0, alpn: 'h2', clientCertificate: false });
        expect(talk.agreed).toBe('http/2');
      }),
      { numRuns: 20 },
    );
  });

  it('goes on behind records that the capture lost, whole or in part', () => {
    const setting = setting13(number);
    const keys = setting.keysOf('SERVER_TRAFFIC_SECRET_0');
    const records = Array.from({ length: 30 }, (_, index) =>
      seal(keys, true, index, DATA, Buffer.alloc(40 + index, 65 + (index % 26))),
    );
    const stream = Buffer.concat(records);
    fc.assert(
      fc.property(fc.nat(stream.length - 1), fc.integer({ min: 1, max: 500 }), (from, length) => {
        const until = Math.min(stream.length, from + length);
        const talk = open13(setting, number)
          .say('server', stream.subarray(0, from))
          .lose('server', until - from);
        talk.say('server', stream.subarray(until));
        // All but what was touched.
        let position = 0;
        let expected = '';
        let lost = 0;
        records.forEach((one, index) => {
          const isTouched = position < until && position + one.length > from;
          if (!isTouched) expected += String.fromCharCode(65 + (index % 26)).repeat(40 + index);
          else lost++;
          position += one.length;
        });
        const read = talk.content.server.replaceAll('…', '');
        // Only the last record tells where the others were; without it what is read still was sent.
        if (until <= stream.length - (records.at(-1)?.length ?? 0)) expect(read).toBe(expected);
        else expect(expected.startsWith(read)).toBe(true);
        expect(talk.content.server.includes('…')).toBe(lost > 0);
      }),
      { numRuns: 60 },
    );
  });
});

describe('keys that change', () => {
  it('are followed through updates, also one that was lost', () => {
    const setting = setting13(0x1301);
    const talk = open13(setting, 0x1301);
    let secret: Uint8Array = Buffer.alloc(32, SECRETS.CLIENT_TRAFFIC_SECRET_0);
    const keys = (): RecordKeys => trafficKeys(crypto, setting.suite, secret);
    const update = message(HANDSHAKE.keyUpdate, Buffer.from([0]));
    talk.say('client', seal(keys(), true, 0, DATA, Buffer.from('one')));
    talk.say('client', seal(keys(), true, 1, 22, update));
    secret = nextSecret(crypto, setting.suite, secret);
    talk.say('client', seal(keys(), true, 0, DATA, Buffer.from('two')));
    const lost = seal(keys(), true, 1, 22, update);
    secret = nextSecret(crypto, setting.suite, secret);
    talk.lose('client', lost.length).say('client', seal(keys(), true, 0, DATA, Buffer.from('three')));
    expect(talk.content.client).toMatch(/^onetwo…+three$/);
  });

  it('need no ServerHello where the secrets tell which', () => {
    const setting = setting13(0x1303);
    const talk = new Talk(setting.keyLog).say('client', hello()).lose('server', 900);
    talk.say('server', seal(setting.keysOf('SERVER_TRAFFIC_SECRET_0'), true, 0, DATA, Buffer.from('answer')));
    expect(talk.content.server).toContain('answer');
  });
});

const begunEarly = (without: readonly Label[] = []): { talk: Talk; setting: Setting } => {
  const setting = setting13(0x1301, without);
  const early = seal(setting.keysOf('CLIENT_EARLY_TRAFFIC_SECRET'), true, 0, DATA, Buffer.from('early '));
  return { setting, talk: new Talk(setting.keyLog).say('client', Buffer.concat([hello(true), early])) };
};
const goOn = (talk: Talk, { keysOf }: Setting, takesEarly: boolean): Talk => {
  const flight = Buffer.concat([encryptedExtensions(takesEarly), finished()]);
  talk.say(
    'server',
    Buffer.concat([answer(0x1301), seal(keysOf('SERVER_HANDSHAKE_TRAFFIC_SECRET'), true, 0, 22, flight)]),
  );
  if (takesEarly)
    talk.say('client', seal(keysOf('CLIENT_EARLY_TRAFFIC_SECRET'), true, 1, 22, message(HANDSHAKE.endOfEarlyData)));
  talk.say('client', seal(keysOf('CLIENT_HANDSHAKE_TRAFFIC_SECRET'), true, 0, 22, finished()));
  return talk.say('client', seal(keysOf('CLIENT_TRAFFIC_SECRET_0'), true, 0, DATA, Buffer.from('late')));
};

describe('early data', () => {
  it('waits for the server to take it', () => {
    const { talk, setting } = begunEarly();
    expect(talk.content.client).toBe('');
    expect(goOn(talk, setting, true).content.client).toBe('early late');
  });

  it('is dropped where the server refuses it', () => {
    const { talk, setting } = begunEarly();
    expect(goOn(talk, setting, false).content.client).toBe('late');
  });

  it('does no harm where its secret is not known', () => {
    const { talk, setting } = begunEarly(['CLIENT_EARLY_TRAFFIC_SECRET']);
    expect(goOn(talk, setting, false).content.client).toBe('late');
  });
});

describe.each([0xc02f, 0xc030, 0xcca8])('TLS 1.2, suite %i', (number) => {
  const suite = known(suite12(number));
  const master = Buffer.alloc(48, 0x3a);
  const keys = masterKeys(crypto, suite, master, Buffer.concat([SERVER_RANDOM, CLIENT_RANDOM]));
  const open = (keyLog: KeyLog): Talk =>
    new Talk(keyLog)
      .say('client', hello())
      .say('server', answer(number, 0x0303))
      .say('client', Buffer.concat([changeCipher(), seal(keys.client, false, 0, 22, finished())]))
      .say('server', Buffer.concat([changeCipher(), seal(keys.server, false, 0, 22, finished())]));
  const learned = (): KeyLog => {
    const keyLog = createKeyLog();
    keyLog.line(`CLIENT_RANDOM ${CLIENT_RANDOM.toString('hex')} ${master.toString('hex')}`);
    return keyLog;
  };

  it('gives what both sides sent', () => {
    const talk = open(learned())
      .say('client', seal(keys.client, false, 1, DATA, Buffer.from('question')))
      .say('server', seal(keys.server, false, 1, DATA, Buffer.from('answer')));
    expect(talk.content).toEqual({ client: 'question', server: 'answer' });
  });

  it('names a fatal alert that is encrypted', () => {
    expect(open(learned()).say('server', seal(keys.server, false, 1, 21, Buffer.from([2, 80]))).tls.alerts).toEqual([
      'server: internal_error',
    ]);
  });

  it('uses secrets that come late', () => {
    const keyLog = createKeyLog(() => {});
    const talk = open(keyLog).say('client', seal(keys.client, false, 1, DATA, Buffer.from('unseen')));
    keyLog.line(`CLIENT_RANDOM ${CLIENT_RANDOM.toString('hex')} ${master.toString('hex')}`);
    talk.say('client', seal(keys.client, false, 2, DATA, Buffer.from('seen')));
    expect(talk.content.client).toMatch(/^…+seen$/);
  });
});

it('a side that no key opens is given up, and costs little', () => {
  const setting = setting13(0x1301);
  const talk = open13(setting, 0x1301);
  for (let index = 0; index < 200; index++)
    talk.lose('server', 5000).say('server', record(DATA, Buffer.alloc(300, 0x99)));
  const began = process.hrtime.bigint();
  for (let index = 0; index < 2000; index++) talk.say('server', record(DATA, Buffer.alloc(300, 0x99)));
  // Without giving up: 65 tries of 40 µs for each.
  expect(Number(process.hrtime.bigint() - began)).toBeLessThan(1e9);
  expect(talk.content.server).toMatch(/^…*$/);
});

it('no bytes within sealed records make it throw', () => {
  const setting = setting13(0x1301);
  const keys = setting.keysOf('SERVER_TRAFFIC_SECRET_0');
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 60 })), { maxLength: 8 }),
      (said) => {
        const talk = open13(setting, 0x1301);
        said.forEach(([type, content], index) => talk.say('server', seal(keys, true, index, type, content)));
        talk.end();
        expect(talk.tls.unread).toBeLessThanOrEqual(said.length);
      },
    ),
    { numRuns: 100 },
  );
});
