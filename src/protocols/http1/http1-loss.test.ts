import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { milliseconds, nanoseconds } from '../../base/time.ts';
import type { Side } from '../../model/connection.ts';
import type { Exchange } from '../../model/exchange.ts';
import { inShort, talk } from './testing/talk.ts';

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: api\r\n\r\n`;
const ok = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const at = (time: number) => ({ at: time });
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
    expect(talk().client('EHLO mail\r\n').server('500 what\r\n').client(get('/a')).server(ok('x')).exchanges).toEqual(
      [],
    );
  });
});

/** One exchange as bytes of both sides, and how it must come out. */
interface Said {
  request: string;
  response: string;
  interim: boolean;
  short: string;
}

const body = fc.stringMatching(/^[a-z\r\n ]{0,300}$/);
const framed = (start: string, content: string, chunked: boolean): string => {
  if (!chunked) return `${start}Content-Length: ${content.length}\r\n\r\n${content}`;
  const chunk = content === '' ? '' : `${content.length.toString(16)}\r\n${content}\r\n`;
  return `${start}Transfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`;
};
const said: fc.Arbitrary<Said> = fc
  .record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT'),
    path: fc.constantFrom('/a', '/b', '/c', '/orders', '/items'),
    status: fc.constantFrom(200, 201, 204, 304, 404, 500, 503),
    upload: body,
    download: body,
    chunkedUp: fc.boolean(),
    chunkedDown: fc.boolean(),
    interim: fc.boolean(),
  })
  .map(({ method, path, status, upload, download, chunkedUp, chunkedDown, interim }) => {
    const start = `${method} ${path} HTTP/1.1\r\nHost: api\r\n`;
    const hasUpload = method === 'POST' || method === 'PUT';
    const answer = framed(`HTTP/1.1 ${status} Word\r\n`, download, chunkedDown);
    const isEmpty = method === 'HEAD' || status === 204 || status === 304;
    return {
      request: hasUpload ? framed(start, upload, chunkedUp) : `${start}\r\n`,
      response: isEmpty ? answer.slice(0, answer.indexOf('\r\n\r\n') + 4) : answer,
      interim,
      short: `${method} ${path} ${status} ${status >= 500 ? 'error' : 'ok'}`,
    };
  });

/** Segments of some size, each of one side. */
interface Segment {
  from: Side;
  text: string;
  /** Which exchange it belongs to. */
  of: number;
}

function segmentsOf(exchanges: readonly Said[], sizes: readonly number[]): Segment[] {
  const segments: Segment[] = [];
  let next = 0;
  const cut = (from: Side, text: string, of: number): void => {
    for (let start = 0; start < text.length;) {
      const size = sizes[next++ % sizes.length] as number;
      segments.push({ from, text: text.slice(start, start + size), of });
      start += size;
    }
  };
  exchanges.forEach(({ request, response, interim }, index) => {
    cut('client', request, index);
    if (interim) cut('server', 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n', index);
    cut('server', response, index);
  });
  return segments;
}

const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 });
const conversation = fc.array(said, { minLength: 1, maxLength: 8 });

function say(segments: readonly Segment[], dropped = -1): Exchange[] {
  const spoken = talk();
  segments.forEach(({ from, text }, index) => {
    if (index === dropped) spoken.lost(from, text.length);
    else if (from === 'client') spoken.client(text);
    else spoken.server(text);
  });
  return spoken.over('captureEnd');
}

describe('whatever the segments', () => {
  it('the exchanges are the same', () => {
    fc.assert(
      fc.property(conversation, sizes, (exchanges, cuts) => {
        const found = say(segmentsOf(exchanges, cuts));
        expect(inShort(found)).toEqual(exchanges.map(({ short }) => short));
        expect(found.map(({ requestBytes }) => requestBytes)).toEqual(exchanges.map(({ request }) => request.length));
        expect(found.map(({ responseBytes }) => responseBytes)).toEqual(
          exchanges.map(({ response }) => response.length),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('pipelined ones are the same, too', () => {
    fc.assert(
      fc.property(conversation, sizes, (exchanges, cuts) => {
        const both = segmentsOf(exchanges, cuts);
        const ordered = [
          ...both.filter(({ from }) => from === 'client'),
          ...both.filter(({ from }) => from === 'server'),
        ];
        expect(inShort(say(ordered))).toEqual(exchanges.map(({ short }) => short));
      }),
    );
  });

  it('one that is lost takes with it only the exchange that it is of', () => {
    fc.assert(
      fc.property(conversation, sizes, fc.nat(), (exchanges, cuts, pick) => {
        const segments = segmentsOf(exchanges, cuts);
        const dropped = pick % segments.length;
        const found = inShort(say(segments, dropped));
        const touched = (segments[dropped] as Segment).of;
        // Whoever is not touched is found as it was, and in its turn.
        const before = exchanges.slice(0, touched).map(({ short }) => short);
        const after = exchanges.slice(touched + 1).map(({ short }) => short);
        expect(found.slice(0, before.length)).toEqual(before);
        expect(found.slice(found.length - after.length)).toEqual(after);
        expect(found.length - before.length - after.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 2000 },
    );
  });

  it('any bytes are survived, and no exchange lasts less than nothing', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 50 }),
      fc.constantFrom(
        'GET /a HTTP/1.1\r\n',
        'HTTP/1.1 200 OK\r\n',
        'Content-Length: 7\r\n',
        '\r\n',
        '\n\n',
        '5\r\n',
        ' ',
      ),
      fc.constantFrom(
        'Transfer-Encoding: chunked\r\n',
        'Upgrade: h2c\r\n',
        'CONNECT a:1 HTTP/1.0\r\n',
        'HTTP/1.1 101 X\r\n',
      ),
    );
    const event = fc.tuple(fc.constantFrom<Side>('client', 'server'), fc.array(piece, { maxLength: 6 }), fc.nat(30));
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), fc.boolean(), (events, opened) => {
        const spoken = talk(opened ? {} : MIDSTREAM);
        for (const [from, pieces, fate] of events) {
          if (fate === 0) spoken.lost(from, pieces.length * 10);
          else if (from === 'client') spoken.client(pieces.join(''));
          else spoken.server(pieces.join(''));
        }
        const found = spoken.over('fin');
        expect(found.every(({ duration }) => duration >= 0)).toBe(true);
        expect(spoken.connection.openExchanges).toBe(0);
        expect(spoken.connection.exchanges).toBe(found.length);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('what lay behind a hole comes late, with its own time', () => {
  it('a request that is handed on behind its answer is the one that was answered', () => {
    const { exchanges } = talk()
      .client(get('/a'))
      .server(ok('a'))
      // The request for /b is lost; that for /c waits for it to be given up.
      .server(ok('b'))
      .server(ok('c'))
      .lost('client', 37)
      .client(get('/c'), at(3.5))
      .client(get('/d'))
      .server(ok('d'));
    expect(inShort(exchanges)).toEqual(['GET /a 200 ok', '- 200 incomplete', 'GET /c 200 ok', 'GET /d 200 ok']);
    expect(exchanges[2]).toMatchObject({ startedAt: milliseconds(3.5), duration: milliseconds(0.5) });
  });

  it('answers that are handed on behind later requests belong to the last before them', () => {
    const { exchanges } = talk()
      .client(get('/a'), at(1))
      .client(get('/b'), at(3))
      .client(get('/c'), at(5))
      .lost('server', 40)
      .server(ok('b'), at(4))
      .server(ok('c'), at(6));
    expect(inShort(exchanges)).toEqual(['GET /a unanswered incomplete', 'GET /b 200 ok', 'GET /c 200 ok']);
    expect(exchanges[1]?.duration).toBe(milliseconds(1));
  });

  it('an answer that came just before the client closed was taken', () => {
    const held = talk()
      .client(get('/a'), at(1))
      .client(get('/b'), at(3))
      .end('client', 'fin', at(8))
      .server('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n', at(2))
      .lost('server', 50)
      .server(ok('b'), at(4));
    expect(inShort(held.end('server', 'fin').exchanges)).toEqual(['GET /a 200 incomplete', 'GET /b 200 ok']);
  });

  it('an answer that came long before the client closed was not whole for it', () => {
    const held = talk()
      .client(get('/a'), at(1))
      .end('client', 'fin', at(3000))
      .server('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n', at(2))
      .lost('server', 20)
      .server('x'.repeat(30), at(3));
    expect(inShort(held.end('server', 'captureEnd', at(4000)).exchanges)).toEqual(['GET /a 200 cancelled by client']);
  });
});
