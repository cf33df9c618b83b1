import { describe, expect, it } from 'vitest';
import { milliseconds, seconds } from '../../base/time.ts';
import { inShort, talk } from './testing/talk.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: api:8080\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: api\r\n\r\n`;
const ok = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

const answerWith = (head: string, version = '1.1') =>
  talk().client(GET).server(`HTTP/${version} 429 X\r\nContent-Length: 0\r\n${head}\r\n`).exchanges[0];

const post = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

const waitedOf = (talked: ReturnType<typeof talk>) => talked.server(OK).exchanges.at(-1)?.expectation;

const methodOf = (method: string) => talk().client(`${method} /a HTTP/1.1\r\n\r\n`).server(OK).exchanges[0]?.method;

const shapeOf = (request: string, head: string) =>
  talk().client(request).server(`HTTP/1.1 200 OK\r\n${head}Transfer-Encoding: chunked\r\n\r\n`).over('captureEnd')[0]
    ?.shape;

const upgradeTo = (to: string): string =>
  `GET /chat HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${to}\r\n\r\n`;

describe('an exchange', () => {
  it.each([
    ['a large one', 200_000, 80_000, 80_000],
    ['a large one behind others that wait', 200_000, 900_000, 200_043],
    ['a small one', 20_000, 20_000, 0],
  ])('tells what of an answer had not arrived when the last byte came by: %s', (_, size, unacknowledged, expected) => {
    const [exchange] = talk({ unacknowledged })
      .client(GET)
      .server(ok('x'.repeat(size))).exchanges;
    expect(exchange?.undelivered).toBe(expected);
  });

  it('has its times, sizes and packets', () => {
    const [exchange] = talk()
      .client('POST /orders?token=1 HTTP/1.1\r\nHost: API.shop:8080\r\nContent-Length: 4\r\n\r\n')
      .client('body')
      .server('HTTP/1.1 201 Created\r\nContent-Length: 6\r\n\r\nabc')
      .wait(10)
      .server('def')
      .over('captureEnd');
    expect(exchange).toMatchObject({
      id: '0.e0',
      protocol: 'http/1.1',
      shape: 'call',
      method: 'POST',
      path: '/orders',
      host: 'api.shop:8080',
      status: 201,
      outcome: 'ok',
      endedBy: null,
      startedAt: milliseconds(1),
      requestedAt: milliseconds(2),
      firstByteAt: milliseconds(3),
      duration: milliseconds(13),
      requestBytes: 73 + 4,
      responseBytes: 43 + 6,
      packets: [1, 2, 3, 4],
      place: 0,
      inFlight: 0,
      reused: false,
      connectDuration: milliseconds(1),
      keepsConnection: true,
    });
  });

  it('follows another on a kept connection', () => {
    const { exchanges, connection } = talk()
      .client(GET)
      .server(OK)
      .client(GET)
      .server('HTTP/1.1 503 X\r\ncontent-length:0\r\n\r\n');
    expect(inShort(exchanges)).toEqual(['GET /a 200 ok', 'GET /a 503 error']);
    expect(exchanges.map(({ place, reused }) => [place, reused])).toEqual([
      [0, false],
      [1, true],
    ]);
    expect(connection).toMatchObject({ exchanges: 2, openExchanges: 0, unanswered: 0, protocol: 'http/1.1' });
  });

  it('is answered in its turn when pipelined', () => {
    const { exchanges } = talk()
      .client(get('/a') + get('/b') + get('/c').slice(0, 9))
      .client(get('/c').slice(9))
      .server(ok('1') + ok('22').slice(0, 20))
      .server(ok('22').slice(20) + ok('333'));
    expect(inShort(exchanges)).toEqual(['GET /a 200 ok', 'GET /b 200 ok', 'GET /c 200 ok']);
    expect(exchanges.map(({ packets, inFlight }) => [packets, inFlight])).toEqual([
      [[1, 3], 0],
      [[1, 3, 4], 1],
      [[1, 2, 4], 2],
    ]);
  });

  it('says whether the connection may be kept, and how long to wait', () => {
    expect(answerWith('')).toMatchObject({ keepsConnection: true, retryAfter: Number.NaN });
    expect(answerWith('Connection: foo, Close\r\nRetry-After: 7\r\n')).toMatchObject({
      keepsConnection: false,
      retryAfter: seconds(7),
    });
    expect(answerWith('Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n')?.retryAfter).toBeNaN();
    expect(answerWith('', '1.0')?.keepsConnection).toBe(false);
    expect(answerWith('connection: keep-alive\r\n', '1.0')?.keepsConnection).toBe(true);
  });

  it.each([
    ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', false],
    ['GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n', true],
    ['GET / HTTP/1.0\r\n\r\n', true],
    ['GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', false],
  ])('says whether the request asks to close: %j', (request, asksToClose) => {
    expect(talk().client(request).server(OK).exchanges[0]).toMatchObject({ asksToClose });
  });

  it('of HTTP/1.0 is one', () => {
    const { exchanges } = talk().client('GET / HTTP/1.0\r\n\r\n').server(OK);
    expect(exchanges[0]).toMatchObject({ protocol: 'http/1.0', host: '', status: 200 });
  });

  it('takes host and path out of an absolute target', () => {
    const { exchanges } = talk()
      .client('GET http://user:pass@Other:81/a/17?x HTTP/1.1\r\nHost: proxy\r\n\r\n')
      .server(OK);
    expect(exchanges[0]).toMatchObject({ path: '/a/{id}', host: 'other:81' });
  });

  it('keeps a word that is a method, and no other', () => {
    expect(methodOf('VERSION-CONTROL')).toBe('VERSION-CONTROL');
    expect(methodOf('hello1')).toBe('UNKNOWN');
  });
});

describe('a body ends', () => {
  it.each([
    ['by its length', 'Content-Length: 5\r\n\r\nhello'],
    ['by its length, given twice', 'Content-Length: 5, 5\r\ncontent-length : 5\r\n\r\nhello'],
    ['by its last chunk', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x="y"\r\n0123456789\r\n0\r\n\r\n'],
    [
      'by its last chunk, with trailers',
      'transfer-encoding: gzip, Chunked\r\n\r\n1 \r\nx\r\n000\r\nA: b\r\nC: d\r\n\r\n',
    ],
    ['by its last chunk, not by a length', 'Content-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['in chunks with bare line feeds', 'Transfer-Encoding: chunked\n\n3\nabc\n0\n\n'],
    ['by a length in a folded line', 'Content-Length:\r\n 5\r\n\r\nhello'],
    ['by a length, identity being no coding', 'Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello'],
    ['at once where it is empty', 'Content-Length: 0\r\n\r\n'],
  ])('%s', (_, rest) => {
    const { exchanges } = talk().client(GET).server(`HTTP/1.1 200 OK\r\n${rest}`).client(GET).server(OK);
    expect(inShort(exchanges)).toEqual(['GET /a 200 ok', 'GET /a 200 ok']);
    expect(exchanges[0]?.responseBytes).toBe(17 + rest.length);
  });

  it('with the connection where nothing else tells', () => {
    for (const head of [
      '',
      'Transfer-Encoding: gzip\r\n',
      'Content-Length: 3\r\nContent-Length: 4\r\n',
      'Content-Length: x\r\n',
    ]) {
      const open = talk().client(GET).server(`HTTP/1.1 200 OK\r\n${head}\r\nsome`).server('more');
      expect(open.exchanges).toEqual([]);
      const [exchange] = open.end('server', 'fin').exchanges;
      expect(exchange).toMatchObject({ outcome: 'ok', duration: milliseconds(3), keepsConnection: false });
    }
  });

  it('before it begins: HEAD, 204, 304', () => {
    const { exchanges } = talk()
      .client('HEAD /a HTTP/1.1\r\n\r\n')
      .server('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n')
      .client(GET)
      .server('HTTP/1.1 204 No Content\r\n\r\n')
      .client(GET)
      .server('HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n')
      .client(GET)
      .server(OK);
    expect(inShort(exchanges)).toEqual(['HEAD /a 200 ok', 'GET /a 204 ok', 'GET /a 304 ok', 'GET /a 200 ok']);
  });

  it('of a request, too', () => {
    const { exchanges } = talk()
      .client('PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nGET\r\n')
      .client('0\r\n\r\n' + get('/b'))
      .server(OK + OK);
    expect(inShort(exchanges)).toEqual(['PUT /a 200 ok', 'GET /b 200 ok']);
  });
});

describe('an answer', () => {
  it('is not the interim one', () => {
    const [exchange] = talk()
      .client('POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n')
      .server('HTTP/1.1 100 Continue\r\n\r\n')
      .client('hi')
      .server('HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n')
      .server(OK).exchanges;
    expect(exchange).toMatchObject({ status: 200, requestedAt: milliseconds(3), firstByteAt: milliseconds(5) });
  });

  it('may be waited for before the body is sent, whether or not it comes', () => {
    const head = 'POST /a HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n';
    const never = talk().client(head).wait(999).client('hi');
    expect(waitedOf(never)).toEqual({ waited: seconds(1), answered: false });
    const late = talk().client(head).wait(199).server('HTTP/1.1 100 Continue\r\n\r\n').client('hi');
    expect(waitedOf(late)).toEqual({ waited: milliseconds(200), answered: true });
    const slow = talk().client(head).server('HTTP/1.1 100 Continue\r\n\r\n').wait(700).client('hi');
    expect(waitedOf(slow)).toEqual({ waited: milliseconds(1), answered: true });
    const tooLate = talk().client(head).wait(999).client('h').server('HTTP/1.1 100 Continue\r\n\r\n').client('i');
    expect(waitedOf(tooLate)).toEqual({ waited: seconds(1), answered: false });
    expect(waitedOf(talk().client(`${head}hi`))).toEqual({ waited: milliseconds(0), answered: false });
    const refused = talk().client(head).server('HTTP/1.1 417 X\r\nContent-Length: 0\r\n\r\n').over('captureEnd');
    expect(refused.at(-1)?.expectation).toEqual({ waited: Number.NaN, answered: false });
    expect(waitedOf(talk().client(head.replace('100-C', '200-c')).client('hi'))).toBeNull();
    // The next request on the connection does not ask.
    expect(waitedOf(never.wait(500).client(GET))).toBeNull();
  });

  it('to a client that asks for a token of its own is told by how long that is good, and no more', () => {
    const form = 'grant_type=client_credentials&client_id=shop&client_secret=s3cr3t-of-the-shop';
    const answer = '{"access_token":"eyJhbGciOi-the-token","token_type":"Bearer","expires_in":300}';
    const grantOf = (path: string, body: string, answered = answer) =>
      talk().client(post(path, body)).server(ok(answered)).exchanges[0]?.grant;
    const endpoint = '/realms/shop/protocol/openid-connect/token';
    const { exchanges } = talk().client(post(endpoint, form)).server(ok(answer));
    expect(exchanges[0]?.grant).toEqual({ expiresIn: 300 });
    expect(JSON.stringify(exchanges)).not.toMatch(/s3cr3t|eyJ|client_secret/);
    expect(grantOf('/oauth2/token', form, '{"access_token":"x","expires_in":"60"}')).toEqual({ expiresIn: 60 });
    expect(grantOf('/as/token.oauth2', form, '{ "access_token" : "x" }')).toEqual({ expiresIn: Number.NaN });
    // A user's token, an endpoint of another kind, and an answer without one.
    expect(grantOf('/oauth2/token', 'grant_type=password&username=a&password=b')).toBeNull();
    expect(grantOf('/oauth2/introspection', form)).toBeNull();
    expect(grantOf('/api/v1/serviceaccounts/a/token', '{"spec":{}}')).toBeNull();
    expect(grantOf('/oauth2/token', form, '{"error":"invalid_client"}')).toBeNull();
    // What comes in pieces, and the next request on the connection.
    const pieces = talk()
      .client(post('/oauth2/token', form).slice(0, 80))
      .client(post('/oauth2/token', form).slice(80));
    const both = pieces.server(ok(answer)).client(GET).server(ok(answer)).exchanges;
    expect(both.map(({ grant }) => grant)).toEqual([{ expiresIn: 300 }, null]);
  });

  it('may come before the request is whole, and ends it when that is', () => {
    const early = talk()
      .client('POST /a HTTP/1.1\r\nContent-Length: 10\r\n\r\n12345')
      .server('HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n');
    expect(early.exchanges).toEqual([]);
    const [exchange] = early.client('67890').exchanges;
    expect(exchange).toMatchObject({ outcome: 'ok', status: 413, duration: milliseconds(1), requestBytes: 40 + 10 });
    const closed = talk()
      .client('POST /a HTTP/1.1\r\nContent-Length: 10\r\n\r\n12345')
      .server('HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n')
      .end('server', 'fin');
    expect(inShort(closed.exchanges)).toEqual(['POST /a 413 ok']);
  });

  it('that nobody asked for stands alone, and disturbs none', () => {
    const { exchanges } = talk()
      .client(GET)
      .server(OK)
      .server('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
      .client(GET)
      .server(OK);
    expect(inShort(exchanges)).toEqual(['GET /a 200 ok', '- 408 incomplete', 'GET /a 200 ok']);
  });

  it('that lasts by design is a stream', () => {
    expect(shapeOf(GET, 'Content-Type: text/event-stream; charset=utf-8\r\n')).toBe('stream');
    expect(shapeOf(GET, 'Content-Type: text/html\r\n')).toBe('call');
    expect(shapeOf(get('/api/v1/pods?limit=5&watch=true'), '')).toBe('stream');
    expect(shapeOf(get('/v1/health/x?index=5&wait=60s'), '')).toBe('stream');
    expect(shapeOf(get('/poll?timeout=25&since=0'), '')).toBe('stream');
    expect(shapeOf(get('/socket.io/?EIO=4&transport=polling&t=a1&sid=x'), '')).toBe('stream');
    expect(shapeOf(get('/socket.io/?EIO=4&transport=polling&t=a1'), '')).toBe('call');
    expect(shapeOf(get('/travel?transport=train&sid=x'), '')).toBe('call');
    expect(shapeOf(get('/webhook?timeout=10s'), '')).toBe('call');
    expect(shapeOf(get('/x?unwatch=true'), '')).toBe('call');
  });

  it('that lasts by design is one without its answer, too, where nobody but the asker or the capture ended it', () => {
    const poll = get('/v1/health/x?index=5&wait=60s');
    const asked = (): ReturnType<typeof talk> => talk().client(poll);
    expect(asked().over('captureEnd')[0]?.shape).toBe('stream');
    expect(asked().end('client', 'fin').over('fin')[0]).toMatchObject({ shape: 'stream', outcome: 'cancelled' });
    expect(asked().end('server', 'fin').over('fin')[0]).toMatchObject({ shape: 'call', outcome: 'closed' });
    expect(talk().client(GET).over('captureEnd')[0]?.shape).toBe('call');
  });
});

describe('an upgrade', () => {
  const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

  it('to WebSocket ends the exchange, and what follows is not read', () => {
    const { exchanges, connection } = talk()
      .client(upgradeTo('websocket'))
      .server(`${SWITCH}HTTP/1.1 200 OK\r\n\r\n`)
      .client(GET)
      .server(OK);
    expect(inShort(exchanges)).toEqual(['GET /chat 101 ok']);
    expect(exchanges[0]).toMatchObject({ shape: 'upgrade', duration: milliseconds(1) });
    expect(connection.protocol).toBe('websocket');
  });

  it('that the server declines is a call', () => {
    const { exchanges } = talk().client(upgradeTo('h2c')).server(OK).client(GET).server(OK);
    expect(exchanges.map(({ shape }) => shape)).toEqual(['call', 'call']);
  });

  it('to h2c is ended by HTTP/2, which gets the rest', () => {
    const heard: string[] = [];
    const { exchanges } = talk({}, [
      {
        id: 'http/2',
        ports: [],
        recognise: () => 'no',
        open: ({ handedOver, fromStart }) => {
          heard.push(`${handedOver?.path} ${fromStart}`);
          return {
            push: (from, bytes, start, end) =>
              heard.push(`${from} ${Buffer.from(bytes.subarray(start, end)).toString()}`),
            gap: () => undefined,
            end: (from, _, because) => heard.push(`${from} ${because}`),
          };
        },
      },
    ])
      .client(upgradeTo('h2c'))
      .server('HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\nframes')
      .client('PRI *')
      .end('server', 'fin');
    expect(heard).toEqual(['/chat true', 'server frames', 'client PRI *', 'server fin']);
    expect(exchanges).toEqual([]);
  });

  it('to h2c that nobody here reads ends like any', () => {
    const { exchanges } = talk().client(upgradeTo('h2c')).server('HTTP/1.1 101 X\r\nUpgrade: h2c\r\n\r\n');
    expect(inShort(exchanges)).toEqual(['GET /chat 101 ok']);
  });

  it('by CONNECT carries what its bytes tell', () => {
    const { exchanges } = talk()
      .client('CONNECT db.shop:5432 HTTP/1.1\r\nHost: db.shop:5432\r\n\r\n')
      .server('HTTP/1.1 200 Connection established\r\nContent-Length: 10\r\n\r\n')
      .client(GET)
      .server(OK);
    expect(inShort(exchanges)).toEqual(['CONNECT  200 ok', 'GET /a 200 ok']);
    expect(exchanges[0]).toMatchObject({ shape: 'upgrade', host: 'db.shop:5432' });
  });

  it('that a proxy refuses is a call', () => {
    const { exchanges } = talk()
      .client('CONNECT db:5432 HTTP/1.1\r\n\r\n')
      .server('HTTP/1.1 502 X\r\nContent-Length: 2\r\n\r\nno')
      .client(GET)
      .server(OK);
    expect(inShort(exchanges)).toEqual(['CONNECT  502 error', 'GET /a 200 ok']);
  });
});
