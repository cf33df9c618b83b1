import { describe, expect, it } from 'vitest';
import { at, milliseconds } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
import { atMs, exchangeOf } from '../../../model/testing/rows.ts';
import { createCallersGone } from './callers-gone.ts';

const GATEWAY = '10.0.3.7';

const givenUp = (from: number, until: number, parts: Partial<Exchange>): Exchange =>
  exchangeOf({
    startedAt: atMs(from),
    duration: milliseconds(until - from),
    firstByteAt: at(Number.NaN),
    status: -1,
    outcome: 'cancelled',
    endedBy: 'client',
    ...parts,
  });
const asked = (from: number, until: number): Exchange =>
  givenUp(from, until, { client: '10.0.9.9', server: GATEWAY, backend: null });
const asks = (from: number, until: number): Exchange =>
  givenUp(from, until, { client: GATEWAY, server: '10.0.4.4', backend: null });

/** Which of them ended with their caller. */
function gone(...exchanges: readonly Exchange[]): boolean[] {
  const callers = createCallersGone();
  return exchanges.map((exchange) => callers.add(exchange));
}

describe('callers that are gone', () => {
  it('take the call along that was made for them', () => {
    expect(gone(asked(0, 1000), asks(1, 1001))).toEqual([false, true]);
  });

  it('take one call along each', () => {
    expect(gone(asked(0, 1000), asks(1, 1001), asks(2, 1001))).toEqual([false, true, false]);
  });

  it('are none where the service gives up first, long after, or on what it asked before', () => {
    expect(gone(asks(1, 999), asked(0, 1000))).toEqual([false, false]);
    expect(gone(asked(0, 1000), asks(1, 1101))).toEqual([false, false]);
    expect(gone(asked(5, 1000), asks(1, 1001))).toEqual([false, false]);
  });

  it('are none where their request was answered', () => {
    const answered = { ...asked(0, 1000), firstByteAt: atMs(990) };
    expect(gone(answered, asks(1, 1001))).toEqual([false, false]);
  });
});
