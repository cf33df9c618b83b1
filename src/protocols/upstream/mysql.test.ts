import { describe, expect, it } from 'vitest';
import { mysql } from './mysql.ts';
import { cat, little32, mysql as wire } from './testing/bytes.ts';
import { Talk } from './testing/talk.ts';

const { packet, ok, end, error, greeting, response, compressed } = wire;
const [PROTOCOL_41, SSL, COMPRESS, DEPRECATE_EOF] = [0x200, 0x800, 0x20, 0x0100_0000];
const query = (text: string): Buffer => packet(0, `\u0003${text}`);
const column = (sequence: number): Buffer => packet(sequence, '\u0003def\0\0\0\u0001a\0\u000c');
/** Columns and rows, each closed by an EOF packet. */
const result = (rows: number, status = 2): Buffer =>
  cat(packet(1, [1]), column(2), end(3), ...Array.from({ length: rows }, () => packet(4, '\u0001x')), end(5, status));
const opened = (flags = PROTOCOL_41): Talk =>
  new Talk(mysql).server(greeting()).client(response(1, flags)).server(ok(2));

describe('a connection', () => {
  it("signs in as one exchange, from the handshake on: the server may look the client's name up before it greets", () => {
    const talk = new Talk(mysql).rest(500);
    Object.assign(talk.connection, { establishedAt: 2e6 });
    talk
      .server(greeting())
      .client(response(1, PROTOCOL_41))
      .server(packet(2, '\u00femysql_native_password\0salt\0'))
      .client(packet(3, 'twenty octets of hash'))
      .server(ok(4));
    expect(talk.said).toEqual(['AUTHENTICATE ok 501-505']);
    expect(talk.exchanges[0]).toMatchObject({ startedAt: 2e6, requestedAt: 2e6, firstByteAt: 501e6, duration: 503e6 });
  });

  it('that is refused says why: with a password, or before', () => {
    expect(new Talk(mysql).server(greeting()).client(response(1, PROTOCOL_41)).server(error(2, 1045)).said).toEqual([
      'AUTHENTICATE error 1045 1-3',
    ]);
    expect(new Talk(mysql).server(packet(0, cat([0xff, 0x10, 4], 'Too many connections'))).said).toEqual([
      'AUTHENTICATE error 1040 1-1',
    ]);
  });

  it('becomes TLS, whose first bytes may come in the same packet', () => {
    const asks = cat(
      wire.packet(1, cat(little32(PROTOCOL_41 | SSL), little32(1), [33], new Uint8Array(23))),
      'ClientHello',
    );
    const talk = new Talk(mysql).server(greeting()).client(asks);
    expect([talk.said, talk.became, talk.handedOn]).toEqual([['STARTTLS upgrade ok 1-1'], 'tls', 'ClientHello']);
    // Inside of it the client goes on counting.
    const inside = new Talk(mysql)
      .client(response(2, PROTOCOL_41 | SSL))
      .server(ok(3))
      .client(packet(0, [14]))
      .server(ok(1));
    expect(inside.said).toEqual(['AUTHENTICATE ok 1-2', 'PING ok 3-4']);
  });
});

describe('an answer', () => {
  it('ends with its last packet: rows, results, procedures', () => {
    const talk = opened()
      .client(query('SELECT 2'))
      .server(result(3))
      .client(query('CALL both()'))
      .server(result(1, 10), result(0, 10), ok(9))
      .client(query('DELETE FROM t'))
      .server(error(1, 1146));
    expect(talk.said.slice(1)).toEqual(['SELECT ok 4-5', 'CALL ok 6-9', 'DELETE error 1146 10-11']);
  });

  it('without EOF packets ends with an OK of its own', () => {
    const rows = cat(packet(1, [1]), column(2), packet(3, '\u0001x'), packet(4, [0xfe, 0, 0, 2, 0, 0, 0]));
    const talk = opened(PROTOCOL_41 | DEPRECATE_EOF)
      .client(query('SELECT 2'))
      .server(rows.subarray(0, 30))
      .server(rows.subarray(30))
      .client(query('SELECT 2'))
      .server(rows);
    expect(talk.said.slice(1)).toEqual(['SELECT ok 4-6', 'SELECT ok 7-8']);
  });

  it('that fails among the rows, and the progress that MariaDB reports', () => {
    const talk = opened()
      .client(query('ALTER TABLE t'))
      .server(packet(1, [0xff, 0xff, 0xff, 1, 2]), ok(2))
      .client(query('SELECT 2'))
      .server(cat(packet(1, [1]), column(2), end(3), packet(4, '\u0001x'), error(5, 1317)));
    expect(talk.said.slice(1)).toEqual(['ALTER ok 4-6', 'SELECT error 1317 7-8']);
  });

  it('to a prepared statement is remembered; closing it is not answered', () => {
    const prepared = cat(
      packet(1, [0, 7, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0]),
      column(2),
      column(3),
      end(4),
      column(5),
      end(6),
    );
    const talk = opened()
      .client(packet(0, '\u0016SELECT a FROM t WHERE b = ? AND c = ?'))
      .server(prepared)
      .client(packet(0, [0x17, 7, 0, 0, 0, 0, 1, 0, 0, 0]))
      .server(result(1))
      .client(packet(0, [0x19, 7, 0, 0, 0]))
      .client(packet(0, [0x17, 9, 0, 0, 0, 0, 1, 0, 0, 0]))
      .server(error(1, 1243));
    expect(talk.said.slice(1)).toEqual(['PREPARE ok 4-5', 'SELECT ok 6-7', 'EXECUTE error 1243 9-10']);
  });

  it('of a cursor is its columns; rows are fetched', () => {
    const talk = opened()
      .client(packet(0, [0x17, 7, 0, 0, 0, 1, 1, 0, 0, 0]))
      .server(cat(packet(1, [1]), column(2), end(3, 0x42)))
      .client(packet(0, [0x1c, 7, 0, 0, 0, 10, 0, 0, 0]))
      .server(cat(packet(1, '\0\0x'), end(2, 0x82)));
    expect(talk.said.slice(1)).toEqual(['EXECUTE ok 4-5', 'FETCH ok 6-7']);
  });

  it('may follow a file that the client sends', () => {
    const talk = opened()
      .client(query("LOAD DATA LOCAL INFILE 'x' INTO TABLE t"))
      .server(packet(1, '\u00fbx'))
      .client(cat(packet(2, 'a,b'), packet(3, '')))
      .server(ok(4));
    expect(talk.said.slice(1)).toEqual(['LOAD ok 4-7']);
  });

  it('of a replica lasts', () => {
    const talk = opened()
      .client(packet(0, '\u0012\u0004\0\0\0\0\0\0\u0001\0\0\0log'))
      .server(packet(1, '\0event'), packet(2, '\0event'))
      .end('client')
      .end('server');
    expect(talk.said[1]).toBe('BINLOG_DUMP stream ok 4-6');
  });
});

describe('large packets', () => {
  const most = 0xff_ffff;

  it('of more than 16 MB go on in the next, which is no command', () => {
    const text = Buffer.alloc(most, 'x');
    text.write('\u0003INSERT INTO t VALUES (', 'latin1');
    const talk = opened().client(packet(0, text), packet(1, 'rest)')).server(ok(2));
    expect(talk.said[1]).toBe('INSERT ok 4-6');
    expect(talk.exchanges[1]?.requestBytes).toBe(most + 4 + 9);
  });

  it('in an answer are no end of it', () => {
    const row = Buffer.alloc(most, 0xfe);
    const talk = opened()
      .client(query('SELECT 2'))
      .server(cat(packet(1, [1]), column(2), end(3)), packet(4, row), packet(5, [0xfe, 1, 2, 3, 4]), end(6));
    expect(talk.said[1]).toBe('SELECT ok 4-8');
  });
});

const signedIn = (): Talk => opened(PROTOCOL_41 | COMPRESS);

describe('compression', () => {
  it('begins behind the password; what is too short to be packed is read', () => {
    const talk = signedIn()
      .client(compressed(0, query('SELECT 2')))
      .server(compressed(1, result(1)))
      .client(compressed(0, query('SELECT 2')))
      .server(compressed(1, error(1, 1064)));
    expect(talk.said.slice(1)).toEqual(['SELECT ok 4-5', 'SELECT error 1064 6-7']);
  });

  it('hides what was asked, and where an answer ends: there where the next command begins', () => {
    const talk = signedIn()
      .client(compressed(0, 'x\u009c packed', 300))
      .server(compressed(1, 'x\u009c packed', 9000), compressed(2, 'x\u009c packed', 9000))
      .rest(100)
      .client(compressed(0, 'x\u009c packed', 300))
      .server(compressed(1, 'x\u009c packed', 300))
      .end('client')
      .end('server');
    expect(talk.said.slice(1)).toEqual(["'' ok 4-6", "'' ok 107-108"]);
    expect(talk.exchanges[1]?.duration).toBe(2e6);
  });

  it('is found in the midst of a connection', () => {
    const talk = new Talk(mysql, false)
      .server('rest of an answer')
      .client(compressed(0, query('SELECT 2')))
      .server(compressed(1, 'x\u009c packed', 900))
      .client(compressed(0, query('SELECT 2')))
      .server(compressed(1, ok(1)));
    expect(talk.said).toEqual(['SELECT ok 2-3', 'SELECT ok 4-5']);
  });
});

describe('missing bytes', () => {
  it('lose what they were part of', () => {
    const talk = opened()
      .client(query('SELECT 2'))
      .server(result(1).subarray(0, 20))
      .gap('server', 500)
      .server('the rest of a row')
      .client(query('UPDATE t SET a = 1'))
      .server(ok(1))
      .gap('client', 30)
      .server(ok(1))
      .client(packet(0, '\u0002shop'))
      .server(ok(1));
    expect(talk.said.slice(1)).toEqual(['SELECT incomplete 4-5', 'UPDATE ok 8-9', 'USE ok 12-13']);
  });
});
