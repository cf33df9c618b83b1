import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../base/time.ts';
import type { Exchange } from '../../model/exchange.ts';
import { atMs, exchangeOf } from '../../model/testing/rows.ts';
import { createFacts } from './facts.ts';
import { traffic } from './traffic.ts';

const clientOf = (index: number): Partial<Exchange> => ({ client: `10.1.${index >> 8}.${index & 255}` });
const seen = () => createFacts().of(traffic).routes;

describe('routes', () => {
  it.each<[string, Partial<Exchange>]>([
    ['client', { client: '10.0.3.99' }],
    ['server', { server: '10.96.0.9' }],
    ['port', { serverPort: 9090 }],
    ['input', { input: 1 }],
    ['backend', { backend: '10.244.0.9:8080' }],
    ['protocol', { protocol: 'http/2' }],
    ['method', { method: 'PUT' }],
    ['path', { path: '/api' }],
    ['host', { host: 'other' }],
  ])('are told apart by the %s', (_, parts) => {
    const routes = seen();
    expect(routes.add(exchangeOf())).toBe(false);
    expect(routes.add(exchangeOf())).toBe(true);
    expect(routes.add(exchangeOf(parts))).toBe(false);
    expect(routes.add(exchangeOf(parts))).toBe(true);
    expect(routes.add(exchangeOf())).toBe(true);
    expect(routes.all.map(({ place, count }) => [place, count])).toEqual([
      [0, 2],
      [1, 1],
    ]);
    expect(routes.calls).toBe(3);
  });

  it('know how long calls waited, and when the last answer came, whatever their order', () => {
    const routes = seen();
    for (const ms of [0, 50, 20]) routes.add(exchangeOf({ startedAt: atMs(ms), duration: milliseconds(8) }));
    const [route] = routes.all;
    expect(route).toMatchObject({ count: 2, answeredAt: atMs(58), isProbe: false });
    expect(route?.firstBytes).toMatchObject({ count: 2, max: milliseconds(8) });
  });

  it('count calls by protocol', () => {
    const routes = seen();
    for (const protocol of ['grpc', 'http/2', 'http/1.1'] as const) {
      for (let count = 0; count < 3; count++) routes.add(exchangeOf({ protocol }));
    }
    expect([routes.callsBy('grpc'), routes.callsBy('grpc', 'http/2'), routes.calls]).toEqual([2, 4, 6]);
  });

  it('stay within their bounds: what has none is never ordinary', () => {
    const routes = seen();
    const twice = (parts: Partial<Exchange>): boolean => {
      routes.add(exchangeOf(parts));
      return routes.add(exchangeOf(parts));
    };
    for (let host = 0; host < 40; host++) expect(twice({ host: String(host) })).toBe(host < 32);
    for (let path = 0; path < 5000; path++) twice({ path: `/${path}` });
    expect(routes.all).toHaveLength(4096);
    expect(twice({ path: '/4999' })).toBe(false);
    expect(twice({ path: '/0' })).toBe(true);
  });

  it('are not of peers beyond counting', () => {
    const routes = seen();
    for (let index = 0; index < 300; index++) routes.add(exchangeOf(clientOf(index)));
    expect(routes.add(exchangeOf(clientOf(255)))).toBe(true);
    expect(routes.add(exchangeOf(clientOf(256)))).toBe(false);
  });
});
