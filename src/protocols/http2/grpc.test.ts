import { describe, expect, it } from 'vitest';
import { toSeconds } from '../../base/time.ts';
import { FLAG } from './frame-header.ts';
import { call, data, get, grpcStatus, headers, messages, resetStream, status } from './testing/frames.ts';
import { opened, Talk } from './testing/talk.ts';

const END = FLAG.endStream;

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

  it('a stream that was open before the capture is one by its messages: etcd’s watches', () => {
    const { exchanges } = new Talk(false)
      .client(1, data(7, messages(11)))
      .server(1.1, data(7, messages(49)))
      // No messages of gRPC: a body that is slow to come.
      .client(2, data(9, 30))
      .server(3, data(9, 40))
      .end(12_000);
    expect(exchanges.map(({ shape, outcome }) => [shape, outcome])).toEqual([
      ['stream', 'incomplete'],
      ['call', 'incomplete'],
    ]);
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
    ['S', Number.NaN],
    ['5s', Number.NaN],
    ['-1S', Number.NaN],
  ])('reads a timeout of %s', (text, expected) => {
    const { exchanges } = opened()
      .client(1, headers(1, call('/a.B/C', ['grpc-timeout', text]), END))
      .client(2, resetStream(1, 8))
      .end(3);
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
      .client(2, resetStream(1, 8))
      .end(3);
    expect(exchanges[0]?.protocol).toBe(protocol);
  });
});
