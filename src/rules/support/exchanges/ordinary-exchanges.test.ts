import { describe, expect, it } from 'vitest';
import { at, milliseconds, nanoseconds } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
import { atMs, exchangeOf, stallOf } from '../../../model/testing/rows.ts';
import { createFacts } from '../facts.ts';
import { isOrdinaryExchange, tellExchanges } from './ordinary-exchanges.ts';
import { metadataOf } from '../testing/serving.ts';
import { traffic } from '../traffic.ts';

const NEVER = at(Number.NaN);

describe('an ordinary exchange', () => {
  it('is a call on a connection in use that was answered well and soon', () => {
    expect(isOrdinaryExchange(exchangeOf())).toBe(true);
    expect(isOrdinaryExchange(exchangeOf({ status: 404 }))).toBe(true);
    expect(isOrdinaryExchange(exchangeOf({ protocol: 'postgresql', status: -1 }))).toBe(true);
    expect(isOrdinaryExchange(exchangeOf({ protocol: 'grpc', grpcStatus: 0 }))).toBe(true);
    expect(isOrdinaryExchange(exchangeOf({ roundTrip: nanoseconds(Number.NaN) }))).toBe(true);
  });

  it.each<[string, Partial<Exchange>]>([
    ['a stream', { shape: 'stream' }],
    ['an end that is none', { outcome: 'incomplete' }],
    ['an error', { outcome: 'error', status: 503 }],
    ['a status that says to come back', { status: 429 }],
    ['a status of gRPC', { protocol: 'grpc', grpcStatus: 14 }],
    ['no answer', { firstByteAt: NEVER }],
    ['a slow answer', { firstByteAt: atMs(40), duration: milliseconds(41) }],
    ['an answer before the request', { requestedAt: atMs(3), firstByteAt: atMs(2) }],
    ['an answer after its end', { firstByteAt: atMs(9), duration: milliseconds(8) }],
    ['the first place on its connection', { place: 0 }],
    ['a pause before it', { idleBefore: milliseconds(500) }],
    ['a long way', { roundTrip: milliseconds(40) }],
    ['a large request', { requestBytes: 100_000 }],
    ['a large answer', { responseBytes: 100_000 }],
    ['a stall', { stalls: [stallOf()] }],
    ['a metadata service', { metadata: metadataOf() }],
  ])('has not %s', (_, parts) => {
    expect(isOrdinaryExchange(exchangeOf({ startedAt: atMs(0), duration: milliseconds(8), ...parts }))).toBe(false);
  });

  it('is told so once its route is known, and what is inside TLS apart', () => {
    const { routes } = createFacts().of(traffic);
    const told: string[] = [];
    const tell = tellExchanges(
      [
        {
          ordinaryExchange: ({ id }) => void told.push(`${id} ordinary`),
          unusualExchange: ({ id }) => void told.push(`${id} unusual`),
          exchange: () => void told.push('neither'),
          turn: ({ id }) => void told.push(`${id} turn`),
        },
        { exchange: ({ id }) => void told.push(`${id} any`) },
      ],
      routes,
    );
    tell(exchangeOf({ id: 'first' }));
    expect(routes.of('first')).toBeNull();
    tell(exchangeOf({ id: 'next' }));
    expect(routes.of('next')).toMatchObject({ path: '/api/items', count: 1 });
    expect(routes.of('first')).toBeNull();
    tell(exchangeOf({ id: 'slow', duration: milliseconds(90) }));
    expect(routes.of('next')).toBeNull();
    tell(exchangeOf({ id: 'hidden', shape: 'turn' }));
    expect(told).toEqual([
      'first unusual',
      'first any',
      'next ordinary',
      'next any',
      'slow unusual',
      'slow any',
      'hidden turn',
    ]);
  });
});
