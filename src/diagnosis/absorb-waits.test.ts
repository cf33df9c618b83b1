import { describe, expect, it } from 'vitest';
import { milliseconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Report } from '../model/finding.ts';
import type { Lookup } from '../model/lookup.ts';
import { atMs, exchangeOf } from '../model/testing/rows.ts';
import { exchangeTally } from '../rules/support/tally.ts';
import { absorbed, every, exchanges, lookups } from './testing/absorbed.ts';
import { reportOf } from './testing/report.ts';

const service: Partial<Exchange> = { client: '10.0.9.9', server: '10.0.3.7' };

/** Requests of a second, of which their fetch costs so much. */
function storm(cost: number, refs?: readonly string[]): Report {
  const tally = exchangeTally();
  for (let index = 0; index < 5; index++) {
    const row = exchangeOf({
      ...service,
      id: `in${index}`,
      connection: `0.c${index}`,
      startedAt: atMs(index * 2000),
      duration: milliseconds(1000),
    });
    tally.add(row, milliseconds(cost), () => [1], refs === undefined ? {} : { refs });
  }
  return reportOf(tally);
}
/** A call in each that takes so long, and costs all of it. */
const called = (took: number): Report =>
  exchanges(
    every(5, (index) => [
      index * 2000 + 50,
      index * 2000 + 50 + took,
      { client: '10.0.3.7', server: '10.0.5.5', id: `out${index}`, connection: `0.d${index}` },
    ]),
  );
/** What the request lost besides. */
const lost = (took: number): Report =>
  exchanges(every(5, (index) => [index * 2000, index * 2000 + took, { ...service, id: `in${index}` }]));

describe('requests that fetch credentials explain', () => {
  it.each([
    [
      'the call that they fetch with',
      'upstream-slow',
      storm(500, ['out0', 'out1', 'out2', 'out3', 'out4']),
      called(400),
      5,
    ],
    [
      'the connection that it opened for it, which is closed long after',
      'connection-per-request',
      storm(1000, ['out0', 'out1', 'out2', 'out3', 'out4']),
      called(1500),
      5,
    ],
    ['no connection to somebody else', 'connection-per-request', storm(1000, ['out9']), called(1500), 0],
    ['no slow call of something else', 'upstream-slow', storm(500, ['out9']), called(400), 0],
    ['no call that takes far longer than the fetch', 'upstream-slow', storm(30), called(900), 0],
    ['what they spent in the line for it', 'service-slow', storm(500), lost(600), 5],
    ['time of their own, which a client for each request takes as well', 'service-slow', storm(100), lost(430), 5],
    ['no row of calls that takes far longer', 'serial-calls', storm(30), lost(900), 0],
  ] as const)('%s', (_, id, cause, symptom, expected) => {
    const left = expected > 0 ? ` (${id} ${expected})` : ` | ${id} 5`;
    expect(absorbed(['credentials-refresh-storm', cause], [id, symptom])).toBe(`credentials-refresh-storm 5${left}`);
  });
});

/** SYNs of the service, that nobody answers for so long. */
const silent = (from: number, until: number, parts: Partial<Exchange> = {}): Report =>
  exchanges([[from, until, { client: '10.0.3.7', server: '10.96.0.7', connection: '0.c9', ...parts }]]);

describe('SYNs that nobody answers explain', () => {
  it.each([
    ['the request of their service that lasts as long', silent(20, 10_000), [0, 10_000], true],
    ['one whose program gave up while its kernel went on asking', silent(20, 11_200), [0, 8000], true],
    ['no request of which they are a small part', silent(20, 2000), [0, 10_000], false],
    ['no request of another pod', silent(20, 10_000, { client: '10.0.3.8' }), [0, 10_000], false],
    ['no request that was over before', silent(8100, 18_000), [0, 8000], false],
  ] as const)('%s', (_, cause, [from, until], expected) => {
    expect(absorbed(['tcp-connect-retry', cause], ['service-slow', exchanges([[from, until, service]])])).toBe(
      `tcp-connect-retry 1${expected ? ' (service-slow 1)' : ' | service-slow 1'}`,
    );
  });
});

const wait = (parts: Partial<Lookup> = {}): Report => lookups([[100, 5100, parts]]);

describe('a lookup explains', () => {
  it.each([
    ['the request of the service that waited for it', 'service-slow', wait(), [0, 5200, service], true],
    ['no request that ended before it did', 'service-slow', wait(), [0, 3000, service], false],
    ['no request of which it is a small part', 'service-slow', wait(), [0, 60_000, service], false],
    ['no request to another pod', 'service-slow', wait({ client: '10.0.3.8' }), [0, 5200, service], false],
    ['the call that was given up meanwhile', 'grpc-deadline', wait(), [0, 3000, service], true],
    ['the call that began with what time it left', 'grpc-deadline', wait(), [5110, 5200], true],
    ['no call that began long after', 'grpc-deadline', wait(), [6000, 9000], false],
  ] as const)('%s', (_, id, cause, [from, until, parts], expected) => {
    const report = exchanges([[from, until, parts ?? {}]]);
    expect(absorbed(['dns-loss', cause], [id, report])).toBe(
      expected ? `dns-loss 1 (${id} 1)` : `dns-loss 1 | ${id} 1`,
    );
  });
});
