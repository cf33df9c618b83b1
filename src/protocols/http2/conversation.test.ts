import { describe, expect, it } from 'vitest';
import { at } from '../../base/time.ts';
import { beginExchange, sawResponse } from '../exchange-record.ts';
import { FLAG, FRAME } from './frame-header.ts';
import {
  block,
  data,
  frame,
  get,
  goAway,
  headers,
  ping,
  PREFACE,
  resetStream,
  settings,
  status,
  windowUpdate,
} from './testing/frames.ts';
import { opened, Talk } from './testing/talk.ts';

const END = FLAG.endStream;
const ADDED = 0x40;

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
            [':path', '/token/secret0?token=secret1'],
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
      ['GET', '/token/{id}', 'db:1'],
      ['UNKNOWN', '/{id}', 'a'],
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
      .client(
        1,
        headers(1, [[':method', 'CONNECT']]),
        headers(3, get('/events'), END),
        headers(5, get('/api/v1/pods?watch=true'), END),
      )
      .server(2, headers(1, status(200)), headers(3, status(200, ['content-type', 'text/event-stream'])))
      .server(3, headers(5, status(200)), data(5, 40))
      .end(9, 'fin', 'server');
    expect(exchanges.map(({ shape, outcome }) => [shape, outcome])).toEqual([
      ['upgrade', 'closed'],
      ['stream', 'closed'],
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
      .client(1, headers(1, get('/first'), END), headers(3, get('/third'), END))
      .server(5, goAway(1, 0))
      .server(6, headers(1, status(200), END));
    expect(exchanges.map(({ path, outcome, endedBy }) => [path, outcome, endedBy])).toEqual([
      ['/third', 'closed', 'server'],
      ['/first', 'ok', null],
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
