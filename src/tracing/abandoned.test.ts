import { expect, it } from 'vitest';
import { at, milliseconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import { copyRequest, type Request } from '../model/request.ts';
import { atMs, exchangeOf, inputOf } from '../model/testing/rows.ts';
import { createRequests } from './requests.ts';

const POD = '10.0.3.7';

const inbound = (parts: Partial<Exchange> = {}): Exchange =>
  exchangeOf({
    id: '0.in',
    client: '10.0.9.2',
    server: POD,
    serverPort: 8080,
    connection: '0.c1',
    startedAt: atMs(100),
    duration: milliseconds(250),
    outcome: 'cancelled',
    endedBy: 'client',
    firstByteAt: at(Number.NaN),
    status: -1,
    ...parts,
  });

const outbound = (id: string, from: number, until: number): Exchange =>
  exchangeOf({
    id,
    client: POD,
    connection: `0.c-${id}`,
    startedAt: atMs(from),
    duration: milliseconds(until - from),
    firstByteAt: atMs(until),
  });

/** What the request waited for, in milliseconds since its start. */
function waitsOf(...exchanges: readonly Exchange[]) {
  const requests: Request[] = [];
  const tracer = createRequests({ service: null, emit: (request) => void requests.push(copyRequest(request)) });
  tracer.input(inputOf());
  for (const exchange of exchanges) tracer.exchange(exchange);
  tracer.finish();
  const [{ waits, startedAt, duration, own }] = requests as [Request];
  return {
    duration: duration / milliseconds(1),
    own: own / milliseconds(1),
    waits: waits.map(({ ref, startedAt: from, duration: took }) => [
      ref,
      (from - startedAt) / milliseconds(1),
      took / milliseconds(1),
    ]),
  };
}

it('a request that its caller gave up on has waited for the call that is answered later, until it was given up', () => {
  expect(waitsOf(inbound(), outbound('0.slow', 101, 501))).toEqual({
    duration: 250,
    own: 1,
    waits: [['0.slow', 1, 249]],
  });
});

it('so has one whose answer comes to nobody any more', () => {
  const late = inbound({ firstByteAt: atMs(502), status: 200 });
  expect(waitsOf(late, outbound('0.slow', 101, 501)).waits).toEqual([['0.slow', 1, 249]]);
});

it('what its service asks when the caller is gone, nobody waited for', () => {
  expect(waitsOf(inbound(), outbound('0.slow', 101, 501), outbound('0.next', 400, 450)).waits).toEqual([
    ['0.slow', 1, 249],
  ]);
});

it('a request that was answered did not wait for what goes on after it', () => {
  const answered = inbound({ outcome: 'ok', status: 200, firstByteAt: atMs(350) });
  expect(waitsOf(answered, outbound('0.slow', 101, 501)).waits).toEqual([]);
});
