import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../../base/time.ts';
import type { Connection } from '../../../model/connection.ts';
import type { Exchange } from '../../../model/exchange.ts';
import { atMs, connectionOf, exchangeOf, requestOf, waitOf } from '../../../model/testing/rows.ts';
import { createFacts } from '../facts.ts';
import { ownTimes } from './own-times.ts';

const SERVICE = '10.0.3.7';

/** A request with a call from 2 ms to 450 ms, beside one that asks nobody and lasts so from and until. */
function beside(from: number, until: number, answered = 0) {
  const seen = createFacts().of(ownTimes);
  seen.request(
    requestOf({
      exchange: '0.asking',
      duration: milliseconds(452),
      own: milliseconds(4),
      waits: [waitOf({ startedAt: atMs(2), duration: milliseconds(448) })],
    }),
  );
  const [startedAt, duration] = [atMs(from), milliseconds(until - from)];
  const waits = answered > 0 ? [waitOf({ startedAt, duration: milliseconds(answered) })] : [];
  seen.request(
    requestOf({ exchange: '0.other', startedAt, duration, own: milliseconds(until - from - answered), waits }),
  );
  return seen.isOwn('0.other', milliseconds(until - from - 9));
}

/** Whom a service of 100 requests may wait for in such an exchange of its own. */
const within = (parts: Partial<Exchange>): readonly string[] => {
  const seen = createFacts().of(ownTimes);
  for (let index = 0; index < 100; index++) seen.request(requestOf({ server: SERVICE }));
  seen.unusualExchange(exchangeOf({ client: SERVICE, shape: 'stream', ...parts }));
  return seen.veilsOf(0, SERVICE);
};

/** Whom over such a connection of its own. */
const over = (parts: Partial<Connection>): readonly string[] => {
  const seen = createFacts().of(ownTimes);
  for (let index = 0; index < 100; index++) seen.request(requestOf({ server: SERVICE }));
  seen.connection(connectionOf({ client: SERVICE, exchanges: 1, bytes: { client: 4000, server: 4000 }, ...parts }));
  return seen.veils().flatMap(({ service, servers }) => [service, ...servers]);
};

describe('own times', () => {
  it('are not of a request that asks nobody any more and goes on with the answer that another one waited for just as long', () => {
    expect(beside(20, 451)).toBe(false);
    expect(beside(20, 458)).toBe(false);
    // With an answer of its own before.
    expect(beside(20, 451, 30)).toBe(false);
  });

  it('are of a request that ends at another moment, or lasts far longer than that call', () => {
    expect(beside(20, 520)).toBe(true);
    expect(beside(20, 380)).toBe(true);
    expect(beside(-100, 452)).toBe(true);
    expect(beside(-100, 452, 30)).toBe(true);
  });

  it('may be of others that are asked within a stream, whose messages nobody tells apart', () => {
    const asks = { protocol: 'grpc', requestMessages: 100, requestBytes: 2000 } as const;
    const hears = { protocol: 'redis', method: 'SUBSCRIBE', requestBytes: 32, responseBytes: 4000 } as const;
    expect(within(asks)).toEqual(['10.96.44.12:8080']);
    expect(within(hears)).toEqual(['10.96.44.12:8080']);
    // A watch is asked once; a lease is kept alive now and then; few messages are no reason for many requests.
    expect(within({ ...asks, requestMessages: 1 })).toEqual([]);
    expect(within({ ...asks, requestMessages: 4, requestBytes: 80 })).toEqual([]);
    expect(within({ ...hears, responseBytes: 80 })).toEqual([]);
    expect(within({ ...asks, shape: 'call' })).toEqual([]);
  });

  it('may be of a server that is asked over a WebSocket', () => {
    expect(over({ protocol: 'websocket' })).toEqual([SERVICE, '10.96.44.12:8080']);
    expect(over({ protocol: 'http/1.1' })).toEqual([]);
  });
});
