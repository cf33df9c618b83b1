import { expect, it } from 'vitest';
import { milliseconds } from '../base/time.ts';
import type { Connection } from '../model/connection.ts';
import type { Exchange } from '../model/exchange.ts';
import { copyRequest, type Request } from '../model/request.ts';
import { atMs, connectionOf, exchangeOf, inputOf, tlsOf } from '../model/testing/rows.ts';
import { createRequests } from './requests.ts';

const POD = '10.0.3.7';

function requestsOf(exchanges: readonly Exchange[], connections: readonly Connection[]): Request[] {
  const requests: Request[] = [];
  const tracer = createRequests({ service: null, emit: (request) => void requests.push(copyRequest(request)) });
  tracer.input(inputOf());
  for (const exchange of exchanges) tracer.exchange(exchange);
  for (const connection of connections) tracer.connection(connection);
  tracer.finish();
  return requests;
}

const INBOUND = exchangeOf({
  id: '0.e1',
  client: '10.0.9.2',
  server: POD,
  connection: '0.c1',
  startedAt: atMs(0),
  duration: milliseconds(50),
});

const outbound = (parts: Partial<Exchange>): Exchange =>
  exchangeOf({
    id: '0.e2',
    client: POD,
    connection: '0.c2',
    startedAt: atMs(12),
    duration: milliseconds(4),
    ...parts,
  });

const waitsOf = ({ waits, startedAt }: Request) =>
  waits.map(({ reason, to, ref, startedAt: from, duration }) => [
    reason,
    to,
    ref,
    (from - startedAt) / milliseconds(1),
    duration / milliseconds(1),
  ]);

it('a request waits for a database’s new connection: until it is open, has leave to go on inside TLS, and has done so', () => {
  const asks = outbound({
    shape: 'upgrade',
    protocol: 'postgresql',
    method: 'STARTTLS',
    path: '',
    connectDuration: milliseconds(2),
  });
  const connection = connectionOf({
    id: '0.c2',
    startedAt: atMs(10),
    tls: tlsOf({ startedAt: atMs(17), handshakeDuration: milliseconds(9) }),
  });
  const [request] = requestsOf([asks, INBOUND], [connection]);
  expect(waitsOf(request as Request)).toEqual([
    ['connect', '10.96.44.12:8080', '0.c2', 10, 2],
    ['upstream', '10.96.44.12:8080', '0.e2', 12, 4],
    ['tls', '10.96.44.12:8080', '0.c2', 17, 9],
  ]);
  const others = requestsOf([outbound({ shape: 'upgrade' }), INBOUND], []);
  expect(others[0]?.waits).toEqual([]);
});
