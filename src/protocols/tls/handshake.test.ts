import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../base/time.ts';
import { HANDSHAKE } from './handshake-reader.ts';
import { createKeyLog, type KeyLog } from './key-log.ts';
import {
  alert,
  answer,
  changeCipher,
  clientHello,
  FINISHED_13,
  hello,
  message,
  record,
  RETRY_RANDOM,
  sealed,
  serverHello,
} from './testing/hellos.ts';
import { Talk } from './testing/talk.ts';

const TLS_12 = { version: 0x0303, suite: 0xc02f };
const FULL_12 = [HANDSHAKE.certificate, HANDSHAKE.serverKeyExchange, HANDSHAKE.serverHelloDone];
const keyExchange = (): Buffer => record(22, message(HANDSHAKE.clientKeyExchange, Buffer.alloc(33)));
const finished12 = (): Buffer => Buffer.concat([changeCipher(), sealed(22, 40)]);
const ALERT_13 = 19;

const done = (): Talk =>
  new Talk().say('client', hello(), 0).say('server', answer(), 1).say('client', sealed(23, FINISHED_13), 2);

describe('TLS 1.3 without keys', () => {
  it('lasts until the client has finished, not until its first request', () => {
    const talk = new Talk()
      .say('client', hello({ serverName: 'api.shop.example', alpn: ['h2'] }), 10)
      .say('server', Buffer.concat([answer(), changeCipher(), sealed(23, 900)]), 14)
      .say('client', Buffer.concat([changeCipher(), sealed(23, FINISHED_13)]), 15)
      .say('client', sealed(23, 120), 40);
    expect(talk.connection.protocol).toBe('tls');
    expect(talk.tls).toEqual({
      version: '1.3',
      serverName: 'api.shop.example',
      // The client offers nothing else.
      alpn: 'h2',
      startedAt: milliseconds(10),
      handshakeDuration: milliseconds(5),
      serverDuration: milliseconds(4),
      resumed: false,
      retried: false,
      clientCertificate: null,
      alerts: [],
      decrypted: false,
      unread: 0,
      packets: [1, 2, 3],
    });
  });

  it('does not guess between two offers of ALPN', () => {
    expect(new Talk().say('client', hello({ alpn: ['h2', 'http/1.1'] })).say('server', answer()).tls.alpn).toBeNull();
  });

  it('counts a retry, and the longer of the two waits for the server', () => {
    const talk = new Talk()
      .say('client', hello({ serverName: 'api' }), 0)
      .say('server', answer({ random: RETRY_RANDOM }), 2)
      .say('client', Buffer.concat([changeCipher(), hello({ serverName: 'api' })]), 3)
      .say('server', Buffer.concat([answer(), sealed(23, 900)]), 9)
      .say('client', sealed(23, FINISHED_13), 10);
    expect(talk.tls).toMatchObject({
      retried: true,
      serverDuration: milliseconds(6),
      handshakeDuration: milliseconds(10),
    });
  });

  it('takes an accepted pre-shared key for a resumption', () => {
    expect(new Talk().say('client', hello()).say('server', answer({ presharedKey: true })).tls.resumed).toBe(true);
  });

  it('finds the Finished behind a certificate in records of their own', () => {
    const talk = new Talk()
      .say('client', hello(), 0)
      .say('server', answer(), 1)
      .say('client', sealed(23, 800), 2)
      .say('client', sealed(23, 100), 3)
      .say('client', sealed(23, FINISHED_13), 4);
    expect(talk.tls.handshakeDuration).toBe(milliseconds(4));
  });

  it('passes over early data on the way to the Finished', () => {
    const talk = new Talk()
      .say('client', Buffer.concat([hello({ earlyData: true }), changeCipher(), sealed(23, 300)]), 0)
      .say('server', answer({ presharedKey: true }), 5)
      .say('client', sealed(23, 21), 6)
      .say('client', sealed(23, FINISHED_13), 7);
    expect(talk.tls.handshakeDuration).toBe(milliseconds(7));
  });

  it('sees that a client gave up in place of finishing', () => {
    const talk = new Talk().say('client', hello()).say('server', answer()).say('client', sealed(23, ALERT_13));
    expect(talk.tls.alerts).toEqual(['client: encrypted_alert']);
    expect(talk.tls.handshakeDuration).toBeNaN();
  });

  it('sees that a server rejects at once what the client finished with', () => {
    expect(done().say('client', sealed(23, 90), 3).say('server', sealed(23, ALERT_13), 4).tls.alerts).toEqual([
      'server: encrypted_alert',
    ]);
  });

  it.each<[string, (talk: Talk) => Talk]>([
    ['behind tickets', (talk) => talk.say('server', sealed(23, 250), 3).say('server', sealed(23, ALERT_13), 4)],
    [
      'in answer to the client’s own',
      (talk) => talk.say('client', sealed(23, ALERT_13), 3).say('server', sealed(23, ALERT_13), 4),
    ],
    ['after a while', (talk) => talk.say('server', sealed(23, ALERT_13), 5000)],
  ])('takes an alert %s for a goodbye', (_, more) => {
    expect(more(done()).tls.alerts).toEqual([]);
  });

  it('is not whole without its hello or its end', () => {
    expect(new Talk().say('client', hello()).say('server', answer()).tls.handshakeDuration).toBeNaN();
    const talk = new Talk().say('server', answer(), 1).say('client', sealed(23, FINISHED_13), 2);
    expect(talk.tls).toMatchObject({
      version: '1.3',
      startedAt: Number.NaN,
      handshakeDuration: Number.NaN,
      serverDuration: Number.NaN,
    });
  });
});

describe('TLS 1.2 without keys', () => {
  it('lasts until the server has finished', () => {
    const talk = new Talk()
      .say('client', hello({ serverName: 'db', alpn: ['h2', 'http/1.1'] }), 0)
      .say('server', answer({ ...TLS_12, alpn: 'http/1.1' }, ...FULL_12), 3)
      .say('client', Buffer.concat([keyExchange(), finished12()]), 4)
      .say('server', finished12(), 8)
      .say('client', sealed(23, 200), 9);
    expect(talk.tls).toMatchObject({
      version: '1.2',
      alpn: 'http/1.1',
      resumed: false,
      clientCertificate: false,
      handshakeDuration: milliseconds(8),
      serverDuration: milliseconds(3),
      packets: [1, 2, 4],
    });
  });

  it('ends earlier for a client that does not wait for the server (false start)', () => {
    const talk = new Talk()
      .say('client', hello(), 0)
      .say('server', answer(TLS_12, ...FULL_12), 3)
      .say('client', Buffer.concat([keyExchange(), finished12()]), 4)
      .say('client', sealed(23, 200), 5)
      .say('server', finished12(), 8);
    expect(talk.tls.handshakeDuration).toBe(milliseconds(4));
  });

  it.each<[string, Parameters<typeof clientHello>[0], Parameters<typeof serverHello>[0]]>([
    [
      'a session that the server knows',
      { sessionId: Buffer.alloc(32, 1) },
      { ...TLS_12, sessionId: Buffer.alloc(32, 1) },
    ],
    ['a ticket, whatever session is named', {}, TLS_12],
  ])('is resumed with %s', (_, asked, answered) => {
    const talk = new Talk()
      .say('client', hello(asked), 0)
      .say('server', Buffer.concat([answer(answered), finished12()]), 2)
      .say('client', finished12(), 3);
    expect(talk.tls).toMatchObject({ resumed: true, clientCertificate: false, handshakeDuration: milliseconds(3) });
  });

  it('is not resumed where a server repeats the session and shakes hands all the same', () => {
    const sessionId = Buffer.alloc(32, 1);
    const talk = new Talk()
      .say('client', hello({ sessionId }))
      .say('server', answer({ ...TLS_12, sessionId }, ...FULL_12));
    expect(talk.tls.resumed).toBe(false);
  });

  it('sees the request for a certificate', () => {
    const more = [HANDSHAKE.certificate, HANDSHAKE.certificateRequest, HANDSHAKE.serverHelloDone];
    expect(new Talk().say('client', hello()).say('server', answer(TLS_12, ...more)).tls.clientCertificate).toBe(true);
  });

  it('sees an encrypted alert in place of the last Finished, and takes a later one for a goodbye', () => {
    const begun = (): Talk =>
      new Talk()
        .say('client', hello())
        .say('server', answer(TLS_12, ...FULL_12))
        .say('client', Buffer.concat([keyExchange(), finished12()]));
    expect(begun().say('server', Buffer.concat([changeCipher(), sealed(21, 26)])).tls.alerts).toEqual([
      'server: encrypted_alert',
    ]);
    expect(begun().say('server', finished12()).say('server', sealed(21, 26)).tls.alerts).toEqual([]);
  });

  it('does not tell how long it lasted where the server’s end was lost', () => {
    const talk = new Talk()
      .say('client', hello(), 0)
      .say('server', answer(TLS_12, ...FULL_12), 3)
      .say('client', Buffer.concat([keyExchange(), finished12()]), 4)
      .lose('server', 51)
      .say('client', sealed(23, 200), 9);
    expect(talk.tls.handshakeDuration).toBeNaN();
  });
});

describe('alerts that are readable', () => {
  it.each([
    [2, 40, ['server: handshake_failure']],
    [2, 48, ['server: unknown_ca']],
    [2, 250, ['server: alert_250']],
    [1, 112, []],
    [1, 0, []],
    [2, 0, []],
  ])('level %i, description %i', (level, description, alerts) => {
    expect(new Talk().say('client', hello()).say('server', alert(level, description)).tls.alerts).toEqual(alerts);
  });

  it('are kept but few of', () => {
    const talk = new Talk().say('client', hello());
    for (let description = 40; description < 52; description++) talk.say('server', alert(2, description));
    expect(talk.tls.alerts).toHaveLength(4);
  });
});

describe('what is no ordinary beginning', () => {
  it('reads a hello in SSL 2.0’s format and goes on with TLS', () => {
    const old = Buffer.concat([Buffer.from('802e0103010015000000100000350000300000', 'hex'), Buffer.alloc(29, 7)]);
    const talk = new Talk()
      .say('client', old.subarray(0, 20), 0)
      .say('client', old.subarray(20), 1)
      .say('server', answer({ version: 0x0301, suite: 0x35 }, ...FULL_12), 3)
      .say('client', Buffer.concat([keyExchange(), finished12()]), 4)
      .say('server', finished12(), 5);
    expect(talk.tls).toMatchObject({
      version: '1.0',
      serverDuration: milliseconds(2),
      handshakeDuration: milliseconds(5),
    });
  });

  it('knows a connection in its midst by its records alone', () => {
    const talk = new Talk(undefined, false)
      .say('client', Buffer.alloc(30, 0x11))
      .say('client', sealed(23, 100))
      .say('server', Buffer.concat([Buffer.alloc(700, 0xee), sealed(23, 300)]));
    expect(talk.tls).toMatchObject({ version: null, startedAt: Number.NaN, resumed: null, decrypted: false });
    expect(talk.connection.protocol).toBe('tls');
  });
});

const behind = (talk: Talk, count: number): Talk => {
  for (let index = 0; index < count; index++) talk.say('server', sealed(23, 300));
  return talk;
};
// HTTP/2, whose calls are not told by whose turn it is.
const begun = (keyLog?: KeyLog): Talk =>
  new Talk(keyLog).say('client', hello({ alpn: ['h2'] })).say('server', answer());

describe('what nobody will open', () => {
  it('is passed over once it has told all that it can', () => {
    expect(behind(begun(), 31).isOpaque).toBe(false);
    expect(behind(begun(), 32).isOpaque).toBe(true);
    const inTheMidst = new Talk(undefined, false).say('client', sealed(23, 30)).say('client', sealed(23, 30));
    expect(behind(inTheMidst, 32).isOpaque).toBe(true);
  });

  it('is followed where its secrets may still come', () => {
    expect(behind(begun(createKeyLog(() => {})), 100).isOpaque).toBe(false);
  });
});
