import { describe, expect, it } from 'vitest';
import { at, toSeconds } from '../../base/time.ts';
import { beginExchange, sawResponse } from '../exchange-record.ts';
import { FLAG, FRAME } from './frame-header.ts';
import {
  block,
  call,
  data,
  frame,
  get,
  goAway,
  grpcStatus,
  headers,
  messages,
  ping,
  PREFACE,
  resetStream,
  settings,
  status,
  windowUpdate,
} from './testing/frames.ts';
import { Talk } from './testing/talk.ts';

const END = FLAG.endStream;
const ADDED = 0x40;
const opened = (): Talk => new Talk().client(0, PREFACE, settings()).server(0.2, settings());

const asked = (): Talk =>
  opened()
    .client(1, headers(1, get('/large'), END))
    .server(2, headers(1, status(200)));

describe('one exchange', () => {
  it('has the times of its first and last bytes', () => {
    const { exchanges, connection } = opened()
      .client(1, headers(1, get('/items'), 0))
      .client(2, data(1, 100))
      .client(3, data(1, 50, END))
      .server(8, headers(1, status(200)))
      .server(9, data(1, 1000))
      .server(10, data(1, 0, END));
    expect(exchanges).toHaveLength(1);
    expect(exchanges[0]).toMatchObject({
      id: '0.e0',
      protocol: 'http/2',
      shape: 'call',
      method: 'GET',
      path: '/items',
      host: 'orders:8080',
      status: 200,
      outcome: 'ok',
      endedBy: null,
      resetCode: -1,
      startedAt: 1e6,
      requestedAt: 3e6,
      firstByteAt: 8e6,
      duration: 9e6,
      packets: [5, 7, 8, 10],
      requestMessages: 0,
    });
    expect(exchanges[0]?.requestBytes).toBe(9 + block(get('/items')).length + 9 + 100 + 9 + 50);
    expect(exchanges[0]?.responseBytes).toBe(9 + block(status(200)).length + 9 + 1000 + 9);
    expect(connection).toMatchObject({ openExchanges: 0, exchanges: 1, protocol: 'http/2' });
  });

  it('begins with the packet of its first byte, though its headers are whole later', () => {
    const bytes = headers(1, get('/items'), END);
    const { exchanges } = opened()
      .client(1, bytes.subarray(0, 4))
      .client(2, bytes.subarray(4, 20))
      .client(3, bytes.subarray(20))
      .server(4, headers(1, status(200), END));
    expect(exchanges[0]).toMatchObject({ path: '/items', startedAt: 1e6, requestedAt: 3e6, packets: [5, 7, 8] });
  });

  it('has a final answer only: 1xx before it are none', () => {
    const { exchanges } = opened()
      .client(1, headers(1, get('/'), END))
      .server(2, headers(1, status(103)))
      .server(9, headers(1, status(200), END));
    expect(exchanges[0]).toMatchObject({ status: 200, firstByteAt: 9e6 });
  });

  it('may have padding, a priority, and headers over many frames', () => {
    const fields = block(get('/padded'));
    const { exchanges } = opened()
      .client(
        1,
        frame(
          FRAME.headers,
          FLAG.padded | FLAG.priority,
          1,
          Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 16]), fields.subarray(0, 5), Buffer.alloc(3)]),
        ),
        frame(FRAME.continuation, 0, 1, fields.subarray(5, 9)),
        frame(FRAME.continuation, 0, 1),
        frame(FRAME.continuation, FLAG.endHeaders, 1, fields.subarray(9)),
        frame(FRAME.data, FLAG.padded | END, 1, Buffer.concat([Buffer.from([4]), Buffer.alloc(10)])),
      )
      .server(2, headers(1, status(204), END));
    expect(exchanges[0]).toMatchObject({ path: '/padded', status: 204, outcome: 'ok' });
  });

  it('keeps no query, no password and no control byte', () => {
    const { exchanges } = opened()
      .client(
        1,
        headers(
          1,
          [
            [':method', 'GET'],
            [':path', '/a?token=secret1'],
            [':authority', 'me:secret2@db:1'],
          ],
          END,
        ),
      )
      .client(
        1,
        headers(
          3,
          [
            [':method', 'secret3=4'],
            [':path', '/\x1b[2J#secret5'],
            ['host', 'me@a'],
          ],
          END,
        ),
      )
      .server(2, headers(1, status(200), END), headers(3, status(200), END));
    expect(exchanges.map(({ method, path, host }) => [method, path, host])).toEqual([
      ['GET', '/a', 'db:1'],
      ['', '/\\x1b[2J', 'a'],
    ]);
    expect(JSON.stringify(exchanges)).not.toContain('secret');
  });

  it('is an error from 500 on', () => {
    const { exchanges } = opened()
      .client(1, headers(1, get('/'), END), headers(3, get('/'), END))
      .server(2, headers(1, status(499), END), headers(3, status(503, ['retry-after', '7']), END));
    expect(exchanges.map(({ outcome, status: code }) => [code, outcome])).toEqual([
      [499, 'ok'],
      [503, 'error'],
    ]);
    expect(exchanges[1]?.retryAfter).toBe(7e9);
  });

  it('is an upgrade where a tunnel is asked for, a stream where events are', () => {
    const { exchanges } = opened()
      .client(1, headers(1, [[':method', 'CONNECT']]), headers(3, get('/events'), END))
      .server(2, headers(1, status(200)), headers(3, status(200, ['content-type', 'text/event-stream'])))
      .end(9, 'fin', 'server');
    expect(exchanges.map(({ shape, outcome }) => [shape, outcome])).toEqual([
      ['upgrade', 'closed'],
      ['stream', 'closed'],
    ]);
  });
});

describe('frames beside it', () => {
  it('pushed streams, unknown frames and reserved bits are passed over, but promised headers are decoded', () => {
    const promised = Buffer.concat([Buffer.from([0, 0, 0, 2]), block([['x-a', 'b']], ADDED)]);
    const { exchanges } = opened()
      .client(1, headers(1, get('/'), END), frame(0xfe, 0xff, 1, Buffer.from('grease')))
      .server(2, frame(FRAME.push, FLAG.endHeaders, 1, promised))
      .server(3, headers(2, status(200), END), headers(1, status(200), 0, ADDED), data(2, 10, END))
      // 0xbf: the promised field, which is behind the status in the table.
      .server(4, frame(FRAME.headers, END | FLAG.endHeaders, 1, Buffer.from([0xbe, 0xbf])));
    expect(exchanges).toHaveLength(1);
    expect(exchanges[0]).toMatchObject({ status: 200, outcome: 'ok' });
  });

  it('counts PINGs and the time between the client’s, without those that measure bandwidth', () => {
    const { connection } = opened()
      .client(1000, ping())
      .server(1001, ping('0000000000000000', FLAG.acknowledge))
      .client(1500, ping('02041010090e0707'))
      .client(11_000, ping())
      .client(21_000, ping())
      .client(30_000, ping())
      .server(30_500, ping());
    expect(connection.pings).toEqual({ fromClient: 5, fromServer: 1, clientInterval: 10e9 });
  });

  it('keeps of GOAWAYs the first that names an error, and only a plain word of what it says', () => {
    const talk = opened().client(1, headers(1, get('/'), END));
    talk.server(2, goAway(2 ** 31 - 1, 0, 'graceful_stop'));
    expect(talk.connection.goaway).toEqual({
      at: 2e6,
      packet: 6,
      from: 'server',
      code: 0,
      debug: 'graceful_stop',
      openStreams: 1,
    });
    talk.server(3, goAway(1, 11, 'too_many_pings')).server(4, goAway(1, 2, 'other'));
    expect(talk.connection.goaway).toMatchObject({ packet: 7, code: 11, debug: 'too_many_pings' });
    for (const secret of ['', 'token=abc', 'Bearer_x', 'a'.repeat(33)]) {
      expect(opened().server(1, goAway(1, 1, secret)).connection.goaway?.debug).toBeNull();
    }
  });

  it('ends the streams that a GOAWAY says were not looked at', () => {
    const { exchanges } = opened()
      .client(1, headers(1, get('/1'), END), headers(3, get('/3'), END))
      .server(5, goAway(1, 0))
      .server(6, headers(1, status(200), END));
    expect(exchanges.map(({ path, outcome, endedBy }) => [path, outcome, endedBy])).toEqual([
      ['/3', 'closed', 'server'],
      ['/1', 'ok', null],
    ]);
  });
});

describe('what ends a stream early', () => {
  it.each([
    ['client', 8, 'cancelled'],
    ['server', 7, 'reset'],
  ] as const)('RST_STREAM of the %s', (side, code, outcome) => {
    const { exchanges, connection } = opened()
      .client(1, headers(1, get('/'), END))
      .send(side, 4, resetStream(1, code))
      .server(5, headers(1, status(200), END));
    expect(exchanges).toHaveLength(1);
    expect(exchanges[0]).toMatchObject({ outcome, endedBy: side, resetCode: code, duration: 3e6, status: -1 });
    expect(connection).toMatchObject({ unanswered: 1, openExchanges: 0 });
  });

  it.each([
    ['fin', 'client', 'cancelled', 'client'],
    ['fin', 'server', 'closed', 'server'],
    ['reset', 'client', 'cancelled', 'client'],
    ['reset', 'server', 'reset', 'server'],
    ['replaced', 'client', 'incomplete', null],
    ['captureEnd', 'server', 'incomplete', null],
  ] as const)('%s of the %s', (because, by, outcome, endedBy) => {
    const { exchanges } = opened()
      .client(1, headers(1, get('/'), END))
      .end(5, because, by);
    expect(exchanges[0]).toMatchObject({ outcome, endedBy, duration: 4e6 });
  });

  it('an answer that waited behind a hole still comes after the end of the other side', () => {
    const talk = opened().client(1, headers(1, get('/'), END));
    talk.conversation.end('client', { input: 0, number: 90, time: talk.connection.startedAt }, 'fin');
    talk.server(3, headers(1, status(200), END));
    expect(talk.exchanges[0]).toMatchObject({ outcome: 'ok', duration: 2e6 });
  });
});

describe('an upgrade from HTTP/1.1', () => {
  it('ends the request that it was asked with, on stream 1', () => {
    const first = new Talk();
    const request = beginExchange(
      {
        connection: first.connection,
        fromStart: true,
        handedOver: null,
        nextId: () => '0.e7',
        emit: () => {},
        carry: () => first.conversation,
        become: () => {},
      },
      'http/1.1',
      { input: 0, number: 3, time: at(1e6) },
    );
    request.path = '/upgraded';
    request.status = 101;
    sawResponse(request, 71, { input: 0, number: 4, time: at(2e6) });
    const { exchanges } = new Talk(true, request)
      .server(5, settings(), headers(1, status(200)), data(1, 65_535))
      .client(6, PREFACE, settings())
      .client(100, windowUpdate(1, 65_535), headers(3, get('/next'), END))
      .server(101, data(1, 5, END), headers(3, status(200), END));
    expect(exchanges).toMatchObject([
      {
        id: '0.e7',
        protocol: 'http/2',
        path: '/upgraded',
        status: 200,
        outcome: 'ok',
        firstByteAt: 5e6,
        duration: 100e6,
        stalls: [],
      },
      { id: '0.e0', path: '/next', outcome: 'ok' },
    ]);
  });
});

describe('gRPC', () => {
  it('has a deadline, its messages and the status of its trailers', () => {
    const { exchanges, connection } = opened()
      .client(
        1,
        headers(1, call('/shop.Pricing/Quote', ['grpc-timeout', '2995960u'], ['grpc-previous-rpc-attempts', '2'])),
      )
      .client(1.1, data(1, messages(33), END))
      .server(9, headers(1, status(200, ['content-type', 'application/grpc'])), data(1, messages(44)))
      .server(9.5, headers(1, grpcStatus(0), END));
    expect(exchanges[0]).toMatchObject({
      protocol: 'grpc',
      shape: 'call',
      method: 'POST',
      path: '/shop.Pricing/Quote',
      status: 200,
      grpcStatus: 0,
      outcome: 'ok',
      requestMessages: 1,
      responseMessages: 1,
      previousAttempts: 2,
      firstByteAt: 9e6,
      duration: 8.5e6,
    });
    expect(toSeconds(exchanges[0]!.deadline)).toBe(2.99596);
    expect(connection.protocol).toBe('grpc');
  });

  it('counts messages wherever frames divide them', () => {
    const bytes = messages(0, 3, 70_000, 1, 5);
    const cuts = [1, 7, 9, 20_000, 60_000, 70_020];
    const parts = [0, ...cuts].map((cut, index) => data(1, bytes.subarray(cut, cuts[index] ?? bytes.length)));
    const { exchanges } = opened()
      .client(1, headers(1, call('/a.B/C')), ...parts, data(1, 0, END))
      .server(9, headers(1, status(200)), headers(1, grpcStatus(13), END));
    expect(exchanges[0]).toMatchObject({
      requestMessages: 5,
      responseMessages: 0,
      shape: 'stream',
      grpcStatus: 13,
      outcome: 'error',
    });
  });

  it('a stream is one that has messages and no end', () => {
    const { exchanges } = opened()
      .client(1, headers(1, call('/a.B/Watch')), data(1, messages(4), END))
      .client(1, headers(3, call('/a.B/Slow')), data(3, messages(4), END))
      .client(1, headers(5, call('/a.B/Chat')), data(5, messages(4)))
      .server(2, headers(1, status(200)), data(1, messages(9)), headers(5, status(200)))
      .end(60_000);
    expect(exchanges.map(({ shape }) => shape)).toEqual(['stream', 'call', 'stream']);
  });

  it('an answer without a status is an error, a gateway’s as well', () => {
    const { exchanges } = opened()
      .client(1, headers(1, call('/a.B/C'), END), headers(3, call('/a.B/C'), END), headers(5, call('/a.B/C'), END))
      .server(2, headers(1, status(200), END))
      .server(2, headers(3, status(404, ['content-type', 'text/html'])), data(3, 10, END))
      // Trailers only: the status stands in the first block.
      .server(2, headers(5, status(200, ['content-type', 'application/grpc'], ['grpc-status', '0']), END));
    expect(exchanges.map(({ outcome, protocol }) => [outcome, protocol])).toEqual([
      ['error', 'grpc'],
      ['error', 'grpc'],
      ['ok', 'grpc'],
    ]);
  });

  it.each([
    ['1H', 3600],
    ['2M', 120],
    ['3S', 3],
    ['250m', 0.25],
    ['99999999n', 0.099999999],
    ['123456789u', Number.NaN],
    ['5', Number.NaN],
    ['-1S', Number.NaN],
  ])('reads a timeout of %s', (text, expected) => {
    const { exchanges } = opened()
      .client(1, headers(1, call('/a.B/C', ['grpc-timeout', text]), END))
      .client(2, resetStream(1, 8));
    expect(toSeconds(exchanges[0]!.deadline)).toBe(expected);
  });

  it.each([
    ['application/grpc', 'grpc'],
    ['application/grpc+proto', 'grpc'],
    ['application/grpc;charset=utf-8', 'grpc'],
    ['application/grpc-web+proto', 'http/2'],
    ['application/json', 'http/2'],
  ])('%s is %s', (type, protocol) => {
    const { exchanges } = opened()
      .client(1, headers(1, [...get('/'), ['content-type', type]], END))
      .client(2, resetStream(1, 8));
    expect(exchanges[0]?.protocol).toBe(protocol);
  });
});

describe('flow control', () => {
  it('a stream that used its window up waits for an update, and goes on at once', () => {
    const talk = asked()
      .client(3, windowUpdate(0, 1_000_000))
      .server(4, data(1, 60_000), data(1, 5535))
      .client(104, windowUpdate(1, 65_535))
      .server(106, data(1, 1000, END));
    expect(talk.exchanges[0]?.stalls).toEqual([
      {
        reason: 'flow-control',
        from: 'server',
        startedAt: 4e6,
        duration: 102e6,
        bytes: 1000,
        resends: 0,
        repaired: true,
        packets: [8, 9, 10],
      },
    ]);
  });

  it('so does one whose connection’s window is used up by another', () => {
    const { exchanges } = asked()
      .client(2.5, headers(3, get('/other'), END))
      .server(3, headers(3, status(200)), data(3, 10_000), data(1, 55_535))
      .client(203, windowUpdate(0, 65_535))
      .server(204, data(3, 10, END), data(1, 10, END));
    expect(exchanges.map(({ path, stalls }) => [path, stalls.map(({ duration }) => duration)])).toEqual([
      ['/other', [201e6]],
      ['/large', [201e6]],
    ]);
  });

  it('a window that is never opened again stalls to the end', () => {
    const { exchanges } = asked().server(3, data(1, 65_535)).client(5003, resetStream(1, 8));
    expect(exchanges[0]?.stalls).toMatchObject([{ startedAt: 3e6, duration: 5000e6, repaired: false }]);
  });

  it.each<[string, (talk: Talk) => Talk]>([
    [
      'room is left',
      (talk) =>
        talk
          .server(3, data(1, 65_534))
          .client(103, windowUpdate(1, 9000))
          .server(104, data(1, 1, END)),
    ],
    [
      'data does not come when it may: it was not there yet',
      (talk) =>
        talk
          .server(3, data(1, 65_535))
          .client(10, windowUpdate(1, 65_535), windowUpdate(0, 65_535))
          .server(600, data(1, 1, END)),
    ],
    [
      'the last data just fits',
      (talk) =>
        talk
          .server(3, data(1, 65_535, END))
          .client(100, windowUpdate(0, 65_535))
          .server(101),
    ],
    [
      'a larger window was announced',
      (talk) =>
        talk
          .client(2.5, settings([4, 1_000_000]), windowUpdate(0, 1_000_000))
          .server(3, data(1, 65_535))
          .client(103, windowUpdate(1, 65_535))
          .server(104, data(1, 1, END)),
    ],
    [
      'frames are missing, perhaps updates',
      (talk) =>
        talk
          .gap('client', 2.5, 500)
          .server(3, data(1, 65_535))
          .client(103, windowUpdate(1, 65_535))
          .server(104, data(1, 1, END)),
    ],
    [
      'more was sent than the updates seen allow',
      (talk) =>
        talk
          .server(3, data(1, 70_000), data(1, 61_070))
          .client(103, windowUpdate(1, 9))
          .server(104, data(1, 1, END)),
    ],
  ])('no stall where %s', (_, go) => {
    expect(go(asked()).exchanges[0]?.stalls).toEqual([]);
  });
});

describe('a connection whose start is missing', () => {
  it('knows static names, literals and what is added from now on', () => {
    const indexed = (stream: number): Buffer =>
      frame(FRAME.headers, END | FLAG.endHeaders, stream, Buffer.from([0x83, 0xc3, 0xc2]));
    const talk = new Talk(false)
      .client(1, indexed(101))
      .server(2, frame(FRAME.headers, FLAG.endHeaders | END, 101, Buffer.from([0x88])))
      .client(3, headers(103, get('/new'), END, ADDED))
      .server(4, headers(103, status(200), END))
      // Index 62 + 1 is now the path: authority, path, scheme and method were added in turn.
      .client(5, frame(FRAME.headers, END | FLAG.endHeaders, 105, Buffer.from([0x83, 0xbf, 0xc3])))
      .server(6, headers(105, status(200), END));
    expect(talk.exchanges.map(({ method, path, status: code, outcome }) => [method, path, code, outcome])).toEqual([
      ['POST', '', 200, 'ok'],
      ['GET', '/new', 200, 'ok'],
      ['POST', '/new', 200, 'ok'],
    ]);
  });

  it('tells gRPC by its messages and trailers, and what it can of its status', () => {
    const unknown = Buffer.from([0xe0, 0xe1]);
    const ask = (stream: number): Buffer[] => [
      frame(FRAME.headers, FLAG.endHeaders, stream, Buffer.from([0x83, 0xe5])),
      data(stream, messages(9), END),
    ];
    const { exchanges, connection } = new Talk(false)
      .client(1, ...ask(101), ...ask(103))
      .server(
        2,
        frame(FRAME.headers, FLAG.endHeaders, 101, Buffer.from([0x88, 0xe0])),
        data(101, messages(12)),
        frame(FRAME.headers, FLAG.endHeaders | END, 101, unknown),
      )
      .server(3, frame(FRAME.headers, FLAG.endHeaders | END, 103, Buffer.from([0x88, 0xe0, 0xe1])));
    expect(exchanges).toMatchObject([
      { protocol: 'grpc', outcome: 'ok', grpcStatus: -1, requestMessages: 1, responseMessages: 1 },
      { protocol: 'grpc', outcome: 'incomplete', grpcStatus: -1 },
    ]);
    expect(connection.protocol).toBe('grpc');
  });

  it('finds the next frame within a segment, and takes a stream that went on for incomplete', () => {
    const { exchanges } = new Talk(false)
      .server(1, Buffer.alloc(700, 0x2e), data(5, 300), headers(9, status(200), END))
      .client(2, headers(11, get('/'), END))
      .server(3, headers(11, status(200), END), headers(5, grpcStatus(0), END));
    expect(exchanges.map(({ path, outcome }) => [path, outcome])).toEqual([
      ['', 'incomplete'],
      ['/', 'ok'],
      ['', 'incomplete'],
    ]);
  });

  it('turns client and server round where requests come from the other side', () => {
    const { exchanges, connection } = new Talk(false)
      .client(1, data(5, 300))
      .server(2, headers(11, get('/'), END))
      .client(3, headers(11, status(200), END));
    expect(exchanges).toHaveLength(1);
    expect(exchanges[0]).toMatchObject({ client: '10.96.0.20', clientPort: 50_051, server: '10.0.0.1', outcome: 'ok' });
    expect(connection.openExchanges).toBe(0);
  });
});

describe('missing bytes', () => {
  it('within DATA lose nothing but the messages that they may have held', () => {
    const bytes = data(1, Buffer.concat([messages(1000), messages(5)]));
    const { exchanges } = opened()
      .client(1, headers(1, call('/a.B/C')), bytes.subarray(0, 100))
      .gap('client', 2, 300)
      .client(3, bytes.subarray(400), data(1, 0, END), headers(3, get('/after'), END))
      .server(4, headers(1, status(200)), headers(1, grpcStatus(0), END), headers(3, status(200), END));
    expect(exchanges).toMatchObject([
      { path: '/a.B/C', requestMessages: 2, outcome: 'ok' },
      { path: '/after', outcome: 'ok' },
    ]);
  });

  it('over the end of a frame lose what is in them, and names in the table', () => {
    const first = headers(1, get('/1'), END, ADDED);
    const { exchanges } = opened()
      .client(1, first, data(1, 0))
      .gap('client', 2, 60)
      .client(3, frame(FRAME.headers, END | FLAG.endHeaders, 5, Buffer.from([0x82, 0xbf])), headers(7, get('/7'), END))
      .server(4, headers(1, status(200), END), headers(3, status(200), END))
      .server(5, headers(5, status(200), END), headers(7, status(200), END));
    expect(exchanges.map(({ method, path, outcome }) => [method, path, outcome])).toEqual([
      ['GET', '/1', 'ok'],
      ['', '', 'incomplete'],
      ['GET', '', 'ok'],
      ['GET', '/7', 'ok'],
    ]);
  });

  it('within headers lose their fields, not their stream', () => {
    const bytes = headers(1, get('/1'), END, ADDED);
    const { exchanges } = opened()
      .client(1, bytes.subarray(0, 20))
      .gap('client', 2, 10)
      .client(3, bytes.subarray(30), headers(3, get('/3'), END))
      .server(4, headers(1, status(200), END), headers(3, status(200), END));
    expect(exchanges.map(({ path, outcome }) => [path, outcome])).toEqual([
      ['', 'ok'],
      ['/3', 'ok'],
    ]);
  });

  it('broken headers end the reading of that side’s fields', () => {
    const { exchanges } = opened()
      .client(1, frame(FRAME.headers, END | FLAG.endHeaders, 1, Buffer.from([0xff, 0xff, 0x7f])))
      .client(2, headers(3, get('/3'), END))
      .server(3, headers(1, status(200), END), headers(3, status(201), END));
    expect(exchanges.map(({ path, status: code, outcome }) => [path, code, outcome])).toEqual([
      ['', 200, 'ok'],
      ['', 201, 'ok'],
    ]);
  });
});
