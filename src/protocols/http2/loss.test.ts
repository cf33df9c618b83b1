import { describe, expect, it } from 'vitest';
import { FLAG, FRAME } from './frame-header.ts';
import { call, data, frame, get, grpcStatus, headers, messages, ping, resetStream, status } from './testing/frames.ts';
import { opened, Talk } from './testing/talk.ts';

const END = FLAG.endStream;
const ADDED = 0x40;

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
      .server(3, headers(11, status(200), END), headers(5, grpcStatus(0), END))
      .client(4, ping());
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
    const first = headers(1, get('/first'), END, ADDED);
    const { exchanges } = opened()
      .client(1, first, data(1, 0))
      .gap('client', 2, 60)
      .client(
        3,
        frame(FRAME.headers, END | FLAG.endHeaders, 5, Buffer.from([0x82, 0xbf])),
        headers(7, get('/seventh'), END),
      )
      .server(4, headers(1, status(200), END), headers(3, status(200), END))
      .server(5, headers(5, status(200), END), headers(7, status(200), END))
      .end(6);
    expect(exchanges.map(({ method, path, outcome }) => [method, path, outcome])).toEqual([
      ['GET', '/first', 'ok'],
      ['GET', '', 'ok'],
      ['GET', '/seventh', 'ok'],
      ['', '', 'incomplete'],
    ]);
  });

  it('hold back an answer that a reset of the client crosses', () => {
    const { exchanges, connection } = opened()
      .client(1, headers(1, get('/first'), END), headers(3, get('/third'), END), headers(5, get('/fifth'), END))
      .client(9, resetStream(1, 8), resetStream(3, 8), resetStream(5, 8))
      .server(8, headers(1, status(200), END), resetStream(3, 5))
      .server(10, headers(5, status(200), END));
    expect(exchanges.map(({ path, outcome, resetCode, duration }) => [path, outcome, resetCode, duration])).toEqual([
      ['/first', 'ok', -1, 7e6],
      ['/third', 'reset', 5, 7e6],
      ['/fifth', 'cancelled', 8, 8e6],
    ]);
    expect(connection.openExchanges).toBe(0);
  });

  it('hold back the other bytes of their side, which come with their own times, behind the answers', () => {
    const { exchanges, connection } = opened()
      .client(1, headers(1, get('/first')))
      .server(5, headers(1, status(200)), data(1, 10, END))
      .server(6, headers(3, status(201), END), resetStream(5, 8), data(1, 3))
      // What was sent long before, and told only when the hole was given up.
      .client(2, data(1, 70, END))
      .client(3, headers(3, get('/third'), END), headers(5, get('/fifth'), END))
      .client(4, headers(7, get('/seventh')))
      .client(9, ping());
    expect(
      exchanges.map(({ path, outcome, status: code, startedAt, requestedAt, duration }) => [
        path,
        outcome,
        code,
        startedAt / 1e6,
        requestedAt / 1e6,
        duration / 1e6,
      ]),
    ).toEqual([
      ['/first', 'ok', 200, 1, 2, 4],
      ['/third', 'ok', 201, 3, 3, 3],
      ['/fifth', 'reset', -1, 3, 3, 3],
    ]);
    expect(connection.openExchanges).toBe(1);
  });

  it('make no stream of what still comes of one that is over', () => {
    const talk = opened()
      .client(1, headers(1, call('/a.B/C'), 0))
      .server(2, headers(1, status(200), END))
      .client(3, data(1, 40))
      .gap('client', 4, 500)
      .client(5, data(1, 40), headers(3, get('/third'), END))
      .server(6, data(1, 30), headers(3, status(200), END))
      .end(7);
    expect(talk.exchanges.map(({ path, outcome }) => [path, outcome])).toEqual([
      ['/a.B/C', 'error'],
      ['/third', 'ok'],
    ]);
  });

  it('within headers lose their fields, not their stream', () => {
    const bytes = headers(1, get('/first'), END, ADDED);
    const { exchanges } = opened()
      .client(1, bytes.subarray(0, 20))
      .gap('client', 2, 10)
      .client(3, bytes.subarray(30), headers(3, get('/third'), END))
      .server(4, headers(1, status(200), END), headers(3, status(200), END));
    expect(exchanges.map(({ path, outcome }) => [path, outcome])).toEqual([
      ['', 'ok'],
      ['/third', 'ok'],
    ]);
  });

  it('broken headers end the reading of that side’s fields', () => {
    const { exchanges } = opened()
      .client(1, frame(FRAME.headers, END | FLAG.endHeaders, 1, Buffer.from([0xff, 0xff, 0x7f])))
      .client(2, headers(3, get('/third'), END))
      .server(3, headers(1, status(200), END), headers(3, status(201), END));
    expect(exchanges.map(({ path, status: code, outcome }) => [path, code, outcome])).toEqual([
      ['', 200, 'ok'],
      ['', 201, 'ok'],
    ]);
  });

  it('may have held the ends of streams: no connection’s end makes up for them', () => {
    const { exchanges } = opened()
      .client(1, headers(1, get('/first'), END), headers(3, get('/third'), END))
      .server(4, headers(1, status(200)))
      .gap('server', 4, 700)
      .client(6, headers(5, get('/fifth'), END))
      .end(900, 'fin');
    expect(exchanges.map(({ path, outcome, endedBy, duration }) => [path, outcome, endedBy, duration / 1e6])).toEqual([
      ['/first', 'incomplete', null, 3],
      ['/third', 'incomplete', null, 0],
      ['/fifth', 'cancelled', 'client', 894],
    ]);
  });
});
