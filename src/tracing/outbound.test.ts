import { describe, expect, it } from 'vitest';
import { milliseconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import { atMs, exchangeOf, lookupOf } from '../model/testing/rows.ts';
import { keepLookup } from './kept-lookup.ts';
import { outboundCalls } from './outbound.ts';

const LOOKUP = lookupOf({ startedAt: atMs(102), duration: milliseconds(4), answers: ['10.96.44.12'] });
const OPENING = { connectDuration: milliseconds(1), tlsDuration: milliseconds(3) };

/** The waits of a call that was sent at 132 ms. */
const waitsOf = (parts: Partial<Exchange>) => {
  const exchange = exchangeOf({ startedAt: atMs(132), duration: milliseconds(10), ...parts });
  const calls = outboundCalls({ lookups: [keepLookup(LOOKUP)], exchanges: [exchange], connections: [] });
  const own = calls.find((call) => call.exchange !== null);
  return own?.waits.map(({ reason, startedAt, endedAt }) => [
    reason,
    startedAt / milliseconds(1),
    endedAt / milliseconds(1),
  ]);
};

describe('what a call waited for', () => {
  it('lies where it was, even where the connection was used a moment later', () => {
    expect(waitsOf({ ...OPENING, openedAt: atMs(108) })).toEqual([
      ['dns', 102, 106],
      ['connect', 108, 109],
      ['tls', 109, 112],
      ['upstream', 132, 142],
    ]);
  });

  it('lies right before it where nobody saw when, or the connection was opened long before', () => {
    const atOnce = [
      ['connect', 128, 129],
      ['tls', 129, 132],
      ['upstream', 132, 142],
    ];
    expect(waitsOf({ ...OPENING, openedAt: atMs(20) })).toEqual([['dns', 102, 106], ...atOnce]);
    expect(waitsOf(OPENING)).toEqual([['dns', 102, 106], ...atOnce]);
  });

  it('is its answer alone where the connection was open', () => {
    expect(waitsOf({})).toEqual([['upstream', 132, 142]]);
  });
});
