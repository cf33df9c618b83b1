import { describe, expect, it } from 'vitest';
import { milliseconds, nanoseconds } from '../../base/time.ts';
import { inShort, talk } from './testing/talk.ts';

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: api\r\n\r\n`;
const ok = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const MIDSTREAM = { syns: [], synAcks: [], rolesFrom: 'ports', connectDuration: nanoseconds(Number.NaN) } as const;

describe('bytes that were lost', () => {
  it('within a body of known length, or within a chunk, are passed over', () => {
    const { exchanges } = talk()
      .client('POST /a HTTP/1.1\r\nContent-Length: 5000\r\n\r\nabc')
      .lost('client', 4990)
      .client('1234567' + get('/b'))
      .server('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\nabc')
      .lost('server', 1021)
      .server('\r\n0\r\n\r\n' + ok(''));
    expect(inShort(exchanges)).toEqual(['POST /a 200 ok', 'GET /b 200 ok']);
    expect(exchanges[0]?.requestBytes).toBe(42 + 5000);
  });

  it('up to the end of a body that the capture cut off are at hand all the same', () => {
    const cut = talk().client(get('/a'));
    cut.server('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc');
    cut.lostWithLast('server', 97);
    expect(inShort(cut.exchanges)).toEqual(['GET /a 200 ok']);
  });

  it('at the end of a body leave open when it ended, and nothing else', () => {
    const { exchanges } = talk()
      .client(get('/a'))
      .server('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc')
      .lost('server', 97)
      .client(get('/b'))
      .server(ok('x'));
    expect(inShort(exchanges)).toEqual(['GET /a 200 incomplete', 'GET /b 200 ok']);
  });

  it('in a head leave what was read of it; the answer is over when the next request or answer begins', () => {
    const { exchanges } = talk()
      .client('GET /a HTTP/1.1\r\nHost: api\r\nUser-A')
      .lost('client', 200)
      .server('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nDate')
      .lost('server', 100)
      .server('body of whatever length')
      .wait(100)
      .client(get('/b'))
      .server(ok('x'));
    expect(inShort(exchanges)).toEqual(['GET /a 200 ok', 'GET /b 200 ok']);
    expect(exchanges[0]).toMatchObject({ duration: milliseconds(4), host: 'api', shape: 'stream' });
  });

  it('in a head leave an answer that both sides closed on', () => {
    const cut = talk().client(get('/a')).server('HTTP/1.1 500 X\r\nDate').lost('server', 100);
    expect(inShort(cut.end('client', 'fin').end('server', 'fin').exchanges)).toEqual(['GET /a 500 error']);
  });

  it('that were an answer leave its request alone', () => {
    const { exchanges } = talk()
      .client(get('/a'))
      .lost('server', 500)
      .server('the rest of its body')
      .client(get('/b'))
      .server(ok('x'))
      .client(get('/c'))
      .lost('server', 500)
      .client(get('/d'))
      .server(ok('x'));
    expect(inShort(exchanges)).toEqual([
      'GET /a unanswered incomplete',
      'GET /b 200 ok',
      'GET /c unanswered incomplete',
      'GET /d 200 ok',
    ]);
  });

  it('that a snap length cut off every packet leave statuses and times', () => {
    const cut = talk();
    for (const reason of ['503 Service Unav', '200 O', '429']) {
      cut.client('GET /a HTTP/1.1\r\nUser').lostWithLast('client', 100);
      cut.wait(50).server(`HTTP/1.1 ${reason}`).lostWithLast('server', 300);
      cut.wait(900);
    }
    expect(inShort(cut.over('captureEnd'))).toEqual(['GET /a 503 error', 'GET /a 200 ok', 'GET /a 429 incomplete']);
    // Whether more of the last answer was to come nobody knows; what came, came at once.
    expect(cut.exchanges.map(({ duration }) => duration)).toEqual(Array(3).fill(milliseconds(51)));
  });

  it.each([0, 1, 2])('that were request %s of pipelined ones leave the others their own answers', (lost) => {
    const spoken = talk();
    const paths = ['/a', '/b', '/c', '/d'];
    paths.forEach((path, index) => {
      if (index === lost) spoken.lost('client', get(path).length);
      else spoken.client(get(path));
    });
    for (const body of ['a', 'bb', 'ccc', 'dddd']) spoken.server(ok(body));
    const said = spoken.over('captureEnd').map(({ path, responseBytes, outcome }) => [path, responseBytes, outcome]);
    const expected = paths.map((path, index) => [path, 39 + index, 'ok']);
    expected[lost] = ['', 39 + lost, 'incomplete'];
    expect(said.toSorted((one, other) => Number(one[1]) - Number(other[1]))).toEqual(expected);
  });

  it('that were an answer leave its request alone, also where heads are cut', () => {
    const cut = talk();
    for (const path of ['/a', '/b', '/c']) {
      cut.client(`GET ${path} HTTP/1.1\r\nUser`).lostWithLast('client', 100);
      if (path === '/b') cut.wait(1);
      else cut.server('HTTP/1.1 200 OK\r\nDate').lostWithLast('server', 100);
      if (path === '/b') cut.client('GET /b2 HTTP/1.1\r\nUser').lostWithLast('client', 100).lost('server', 122);
      if (path === '/b') cut.server('HTTP/1.1 404 X\r\nDate').lostWithLast('server', 100);
    }
    expect(inShort(cut.end('client', 'fin').end('server', 'fin').exchanges)).toEqual([
      'GET /a 200 ok',
      'GET /b unanswered incomplete',
      'GET /b2 404 ok',
      'GET /c 200 ok',
    ]);
  });

  it('that were an answer are noticed only behind the next request', () => {
    const { exchanges } = talk().client(get('/a')).client(get('/b')).lost('server', 50).server(ok('x'));
    expect(inShort(exchanges)).toEqual(['GET /a unanswered incomplete', 'GET /b 200 ok']);
  });

  it('that were a request leave its answer alone', () => {
    const { exchanges } = talk()
      .client(get('/a'))
      .server(ok('x'))
      .lost('client', 300)
      .client('Cookie: rest of a head\r\n\r\n')
      .server(ok('lost'))
      .client(get('/c'))
      .server(ok('x'));
    expect(inShort(exchanges)).toEqual(['GET /a 200 ok', '- 200 incomplete', 'GET /c 200 ok']);
  });

  it('that were a request are noticed only behind its answer', () => {
    const { exchanges } = talk().server(ok('lost')).lost('client', 37).client(get('/b')).server(ok('x'));
    expect(inShort(exchanges)).toEqual(['- 200 incomplete', 'GET /b 200 ok']);
  });

  it('that were a HEAD do not swallow the answer behind its own', () => {
    const { exchanges } = talk()
      .lost('client', 37)
      .server('HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n')
      .client(get('/b'))
      .server(ok('x'));
    expect(inShort(exchanges)).toEqual(['- 200 incomplete', 'GET /b 200 ok']);
  });

  it('of which the end of HEAD is left do not swallow the answer behind its own', () => {
    const { exchanges } = talk()
      .client(get('/a'))
      .server(ok('x'))
      .lost('client', 'HEA'.length)
      .client('D')
      .client(' /h HTTP/1.1\r\n')
      .client('Host: api\r\n\r\n')
      .server('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n')
      .client(get('/b'))
      .server(ok('x'));
    expect(inShort(exchanges)).toEqual(['GET /a 200 ok', 'UNKNOWN /h 200 ok', 'GET /b 200 ok']);
  });

  it('that were a request among pipelined ones take one answer', () => {
    const pipelined = talk();
    for (const path of ['/a', '/b', '/c']) pipelined.client(get(path));
    pipelined.lost('client', get('/x').length);
    pipelined.client(get('/d'));
    for (const body of ['a', 'b', 'c', 'lost', 'd']) pipelined.server(ok(body.repeat(50)));
    expect(inShort(pipelined.over('captureEnd'))).toEqual([
      'GET /a 200 ok',
      'GET /b 200 ok',
      'GET /c 200 ok',
      'GET /d 200 ok',
      '- 200 incomplete',
    ]);
  });

  it('that were answers to pipelined requests are those next in turn', () => {
    const pipelined = talk();
    for (const path of ['/a', '/b', '/c', '/d']) pipelined.client(get(path));
    pipelined.server(ok('a'.repeat(50)));
    pipelined.lost('server', ok('b'.repeat(50)).length * 2);
    pipelined.server(ok('d'.repeat(50)));
    expect(inShort(pipelined.exchanges)).toEqual([
      'GET /a 200 ok',
      'GET /b unanswered incomplete',
      'GET /c unanswered incomplete',
      'GET /d 200 ok',
    ]);
  });

  it('that were the first answer to requests of one packet are that one', () => {
    const pipelined = talk().client(get('/a') + get('/b') + get('/c'));
    pipelined.lost('server', ok('a').length).server(ok('b') + ok('c'));
    expect(inShort(pipelined.exchanges)).toEqual(['GET /a unanswered incomplete', 'GET /b 200 ok', 'GET /c 200 ok']);
  });

  it('of a number that nobody knows are bytes that were lost', () => {
    const { exchanges } = talk()
      .client('POST /a HTTP/1.1\r\nContent-Length: 50\r\n\r\nabc')
      .lost('client', Infinity)
      .lost('server', Infinity)
      .client(get('/b'))
      .server(ok('x'));
    expect(inShort(exchanges)).toEqual(['POST /a unanswered incomplete', 'GET /b 200 ok']);
  });

  it('do not make a closed connection of a request whose answer may have been among them', () => {
    const lost = talk().client(get('/a')).lost('server', 700).end('server', 'fin').end('client', 'fin');
    expect(inShort(lost.exchanges)).toEqual(['GET /a unanswered incomplete']);
  });
});

describe('a capture that begins in the midst', () => {
  it('of an answer finds the next request', () => {
    const { exchanges, connection } = talk(MIDSTREAM).server('the end of a body\r\n').client(get('/a')).server(ok('x'));
    expect(inShort(exchanges)).toEqual(['GET /a 200 ok']);
    expect(exchanges[0]).toMatchObject({ reused: true, connectDuration: Number.NaN });
    expect(connection.protocol).toBe('http/1.1');
  });

  it('of a request finds its answer, which nobody is known to have asked for', () => {
    const { exchanges } = talk(MIDSTREAM)
      .client('the end of an upload')
      .server(ok('x'))
      .client(get('/b'))
      .server(ok('y'));
    expect(inShort(exchanges)).toEqual(['- 200 incomplete', 'GET /b 200 ok']);
  });

  it('tells client from server by what they say where only ports did', () => {
    const [exchange] = talk(MIDSTREAM).server(get('/a')).client(ok('x')).exchanges;
    expect(exchange).toMatchObject({
      client: '10.0.0.2',
      clientPort: 8080,
      server: '10.0.0.1',
      serverPort: 40_000,
      method: 'GET',
      status: 200,
      outcome: 'ok',
    });
    const cut = talk({ ...MIDSTREAM, endedBy: 'server' })
      .server(get('/a'))
      .over('reset');
    expect(inShort(cut)).toEqual(['GET /a unanswered cancelled by client']);
  });

  it('has no use for a request in the first of a connection that began with something else', () => {
    const { exchanges } = talk().client('EHLO mail\r\n').server('500 what\r\n').client(get('/a')).server(ok('x'));
    expect(exchanges.map(({ protocol }) => protocol)).toEqual(['tcp']);
  });
});
