import { expect, it } from 'vitest';
import { milliseconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import { exchangeOf } from '../model/testing/rows.ts';
import { createFacts } from '../rules/support/facts.ts';
import { traffic } from '../rules/support/traffic.ts';
import { createExchangeStatistics } from './exchange-statistics.ts';

function statisticsOf(...exchanges: readonly Exchange[]) {
  const peers = createFacts().of(traffic);
  const statistics = createExchangeStatistics(peers);
  for (const exchange of exchanges) {
    if (exchange.shape === 'turn') {
      statistics.turn(exchange);
      continue;
    }
    peers.exchange(exchange);
    statistics.exchange(exchange);
  }
  return statistics.row([]);
}

it('counts what is inside TLS for its server, and for nothing else', () => {
  const { count, calls, protocols, byServer, slowest } = statisticsOf(
    exchangeOf({ server: '10.0.9.4', serverPort: 80, duration: milliseconds(5) }),
    exchangeOf({ server: '10.0.9.4', serverPort: 443, protocol: 'tls', shape: 'turn', duration: milliseconds(20) }),
  );
  expect([count, calls, protocols.length, slowest.length]).toEqual([1, 1, 1, 1]);
  expect(byServer.map(({ server, protocol, maxSeconds, share }) => [server, protocol, maxSeconds, share])).toEqual([
    ['10.0.9.4:443', 'tls', 0.02, 0.8],
    ['10.0.9.4:80', 'http/1.1', 0.005, 0.2],
  ]);
});

it('counts each call once for its server, whoever asked and however many ask', () => {
  const exchanges = Array.from({ length: 3000 }, (_, index) =>
    exchangeOf({
      client: `10.0.${index % 300}.1`,
      server: `10.1.0.${index % 7}`,
      protocol: index % 2 === 0 ? 'http/1.1' : 'http/2',
      shape: index % 5 === 0 ? 'stream' : 'call',
      duration: milliseconds(index),
    }),
  );
  const { calls, byServer } = statisticsOf(...exchanges);
  const counted = byServer.map(({ server, protocol, count, totalSeconds }) => ({
    server,
    protocol,
    count,
    totalSeconds,
  }));
  const wanted = counted.map(({ server, protocol }) => {
    const own = exchanges.filter(
      (one) => one.shape === 'call' && one.protocol === protocol && server === `${one.server}:${one.serverPort}`,
    );
    const total = own.reduce((sum, { duration }) => sum + duration, 0);
    return { server, protocol, count: own.length, totalSeconds: total / 1e9 };
  });
  expect(counted).toEqual(wanted);
  expect(counted.reduce((sum, { count }) => sum + count, 0)).toBe(calls);
});
