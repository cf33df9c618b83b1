import { expect, it } from 'vitest';
import { milliseconds } from '../base/time.ts';
import { exchangeOf } from '../model/testing/rows.ts';
import { createExchangeStatistics } from './exchange-statistics.ts';

it('counts what is inside TLS for its server, and for nothing else', () => {
  const statistics = createExchangeStatistics();
  statistics.exchange(exchangeOf({ server: '10.0.9.4', serverPort: 80, duration: milliseconds(5) }));
  statistics.turn(
    exchangeOf({ server: '10.0.9.4', serverPort: 443, protocol: 'tls', shape: 'turn', duration: milliseconds(20) }),
  );
  const { count, calls, protocols, byServer, slowest } = statistics.row([]);
  expect([count, calls, protocols.length, slowest.length]).toEqual([1, 1, 1, 1]);
  expect(byServer.map(({ server, protocol, maxSeconds, share }) => [server, protocol, maxSeconds, share])).toEqual([
    ['10.0.9.4:443', 'tls', 0.02, 0.8],
    ['10.0.9.4:80', 'http/1.1', 0.005, 0.2],
  ]);
});
