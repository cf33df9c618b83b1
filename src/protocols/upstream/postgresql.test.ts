import { describe, expect, it } from 'vitest';
import { postgresql } from './postgresql.ts';
import { cat, postgresql as wire } from './testing/bytes.ts';
import { Talk } from './testing/talk.ts';

const { message, startup, code, ready } = wire;
const SSL_REQUEST = 80_877_103;
const query = (text: string): Buffer => message('Q', `${text}\0`);
const done = (tag: string): Buffer => cat(message('C', `${tag}\0`), ready);
const error = (state: string): Buffer => message('E', `SERROR\0VERROR\0C${state}\0Mtext\0\0`);
const parse = (name: string, text: string): Buffer => message('P', `${name}\0${text}\0\0\0`);
const bind = (name: string): Buffer => message('B', `\0${name}\0\0\0\0\0\0\0`);
const execute = message('E', '\0\0\0\0\0');
const sync = message('S');
const flush = message('H');
const opened = (): Talk =>
  new Talk(postgresql).client(startup('user\0me\0\0')).server(cat(message('R', [0, 0, 0, 0]), ready));

const asked = (): Talk => opened().client(query('SELECT 2'));

describe('a connection', () => {
  it('signs in as one exchange, whatever the password takes', () => {
    const talk = new Talk(postgresql)
      .client(startup('user\0me\0\0'))
      .server(message('R', [0, 0, 0, 10]))
      .client(message('p', 'secret'))
      .server(message('R', [0, 0, 0, 11]))
      .client(message('p', 'secret'))
      .server(cat(message('R', [0, 0, 0, 0]), message('S', 'a\0b\0'), ready));
    expect(talk.said).toEqual(['AUTHENTICATE ok 1-6']);
    expect(talk.exchanges[0]).toMatchObject({ requestedAt: 1e6, firstByteAt: 2e6, duration: 5e6 });
  });

  it('becomes TLS where the server will, and goes on in the clear where not', () => {
    const talk = new Talk(postgresql).client(code(SSL_REQUEST)).server('S');
    expect([talk.said, talk.became]).toEqual([['STARTTLS upgrade ok 1-2'], 'tls']);
    const clear = new Talk(postgresql).client(code(SSL_REQUEST)).server('N').client(startup('user\0me\0\0'));
    clear.server(error('28P01'));
    expect(clear.said).toEqual(['STARTTLS ok 1-2', 'AUTHENTICATE error 28P01 3-4']);
  });

  it('that only cancels another is over when the server closes it', () => {
    const talk = new Talk(postgresql).client(cat([0, 0, 0, 16, 4, 210, 22, 46], new Uint8Array(8))).end('server');
    expect(talk.said).toEqual(['CANCEL ok 1-1']);
  });

  it('ends what is open: closed, reset, given up', () => {
    expect(asked().end('server').said[1]).toBe('SELECT closed by server 3-3');
    expect(asked().end('client').end('server').said[1]).toBe('SELECT cancelled by client 3-3');
    expect(asked().finish().said[1]).toBe('SELECT incomplete 3-3');
    const reset = asked();
    reset.connection.endedBy = 'server';
    expect(reset.end('client', 'reset').said[1]).toBe('SELECT reset by server 3-3');
    // The server says why it closes.
    expect(asked().server(error('57P01')).end('server').said[1]).toBe('SELECT error 57P01 3-4');
  });
});

describe('an extended query', () => {
  it('is one exchange up to its Sync, named by what it runs', () => {
    const talk = opened()
      .client(
        cat(parse('', 'BEGIN'), bind(''), execute, parse('s1', 'INSERT INTO t VALUES ($1)'), bind('s1'), execute, sync),
      )
      .server(cat(message('1'), message('2'), message('C', 'BEGIN\0'), message('1'), message('2'), done('INSERT 0 1')))
      .client(cat(bind('s1'), execute, sync))
      .server(cat(message('2'), done('INSERT 0 1')))
      .client(cat(bind('unseen'), execute, sync))
      .server(cat(message('2'), done('UPDATE 1')));
    expect(talk.said.slice(1)).toEqual(['INSERT ok 3-4', 'INSERT ok 5-6', 'EXECUTE ok 7-8']);
  });

  it('ends with its last reply behind a Flush, and goes on where nobody waits for it', () => {
    const waiting = opened()
      .client(cat(parse('a', 'SELECT $1'), message('D', 'Sa\0'), flush))
      .server(cat(message('1'), message('t', [0, 0]), message('n')))
      .client(cat(bind('a'), execute, sync))
      .server(cat(message('2'), done('SELECT 0')));
    expect(waiting.said.slice(1)).toEqual(['PREPARE ok 3-4', 'SELECT ok 5-6']);
    const hasty = opened()
      .client(parse('a', 'SELECT 2'), flush, sync)
      .server(cat(message('1'), ready));
    expect(hasty.said.slice(1)).toEqual(['PREPARE ok 3-6']);
  });

  it('that fails before its Sync is over with its error', () => {
    const talk = opened()
      .client(cat(parse('a', 'SELECT * FROM nowhere'), flush))
      .server(error('42P01'))
      .client(sync)
      .server(ready);
    expect(talk.said.slice(1)).toEqual(['PREPARE error 42P01 3-4', 'SYNC ok 5-6']);
  });

  it('may wait behind others: each Sync is answered in its turn', () => {
    const talk = opened()
      .client(
        cat(parse('', 'SELECT 2'), bind(''), execute, sync),
        cat(parse('', 'DELETE FROM t'), bind(''), execute, sync),
      )
      .server(cat(message('1'), message('2'), done('SELECT 1')), cat(message('1'), message('2'), done('DELETE 3')));
    expect(talk.said.slice(1)).toEqual(['SELECT ok 3-5', 'DELETE ok 4-6']);
    expect(talk.exchanges[2]).toMatchObject({ inFlight: 1 });
  });
});

describe('an answer', () => {
  it('is not what comes by itself: notices, notifications', () => {
    const talk = opened()
      .server(message('A', [0, 0, 0, 1, 0x61, 0, 0]))
      .client(query('SELECT 2'))
      .server(message('N', 'SNOTICE\0\0'))
      .server(done('SELECT 1'));
    expect(talk.said[1]).toBe('SELECT ok 4-6');
    expect(talk.exchanges[1]?.firstByteAt).toBe(6e6);
  });

  it('to a COPY FROM begins behind the rows', () => {
    const talk = opened()
      .client(query('COPY t FROM STDIN'))
      .server(message('G', [0, 0, 1, 0, 0]))
      .client(message('d', 'row'), message('d', 'row'), message('c'))
      .server(done('COPY 2'));
    expect(talk.exchanges[1]).toMatchObject({ requestedAt: 7e6, firstByteAt: 8e6, requestBytes: 23 + 8 + 8 + 5 });
  });

  it('that flows both ways is a stream', () => {
    const talk = opened()
      .client(query('START_REPLICATION SLOT a LOGICAL 0/0'))
      .server(message('W', [0, 0, 0]))
      .server(message('d', 'wal'))
      .client(message('d', 'status'))
      .end('client')
      .end('server');
    expect(talk.said[1]).toBe('START_REPLICATION stream ok 3-5');
  });
});

describe('missing bytes', () => {
  const row = message('D', cat([0, 1, 0, 0, 4, 0], new Uint8Array(1024)));

  it('within a message leave it whole; at its end its time is not known', () => {
    const talk = opened()
      .client(query('SELECT 2'))
      .server(row.subarray(0, 500))
      .gap('server', 100)
      .server(row.subarray(600), done('SELECT 1'));
    expect(talk.said[1]).toBe('SELECT ok 3-7');
    expect(talk.exchanges[1]?.responseBytes).toBe(row.length + 20);
    const longText = query(`SELECT '${'x'.repeat(2000)}'`);
    const cut = opened()
      .client(longText.subarray(0, 1000))
      .gap('client', longText.length - 1000)
      .server(done('SELECT 1'));
    expect(cut.said[1]).toBe('SELECT ok 3-5');
  });

  it('beyond it lose the exchange, and no other', () => {
    const talk = opened()
      .client(query('SELECT 2'))
      .server(row.subarray(0, 100))
      .gap('server', 3000)
      .server(cat('of a row that is cut', new Uint8Array(9)))
      .client(query('DELETE FROM t'))
      .server(done('DELETE 1'))
      .gap('client', 40)
      .server(done('SELECT 1'))
      .client(query('UPDATE t'))
      .server(done('UPDATE 1'));
    expect(talk.said.slice(1)).toEqual(['SELECT incomplete 3-4', 'DELETE ok 7-8', 'UPDATE ok 11-12']);
  });
});
