import { describe, expect, it } from 'vitest';
import { at, milliseconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import { atMs, exchangeOf } from '../model/testing/rows.ts';
import { createOpenings } from './openings.ts';

/** Connected within 1 ms, and used so long after; sent at 200 ms. */
const opened = (pauseMs: number, parts: Partial<Exchange> = {}): Exchange =>
  exchangeOf({
    startedAt: atMs(200),
    connectDuration: milliseconds(1),
    openedAt: at(atMs(199) - milliseconds(pauseMs)),
    ...parts,
  });
const begun = (exchanges: readonly Exchange[]) => {
  const openings = createOpenings(exchanges);
  return exchanges.map((one) => [openings.begunFor(one), openings.begun(one)].map((time) => time / milliseconds(1)));
};

describe('when a connection began to open', () => {
  it('is when it was seen to, where it was used as soon as usual', () => {
    expect(begun([opened(0.2), opened(0.3), opened(0.5)])).toEqual([
      [198.8, 198.8],
      [198.7, 198.7],
      [198.5, 198.5],
    ]);
    expect(begun([opened(6), opened(4), opened(9)])[2]).toEqual([190, 190]);
  });

  it('is no sign of the call where it lay open longer than usual: it was opened for another', () => {
    expect(begun([opened(0.2), opened(0.3), opened(0.2), opened(6)])[3]).toEqual([199, 193]);
  });

  it('is told by each server’s own pauses', () => {
    const other = { server: '10.96.44.13' };
    expect(begun([opened(0.2), opened(0.3), opened(0.2), opened(6, other)])[3]).toEqual([193, 193]);
  });

  it('is as if right before the call where it was not seen, or long before', () => {
    expect(begun([opened(101)])).toEqual([[199, 199]]);
    expect(begun([opened(0, { openedAt: at(Number.NaN) })])).toEqual([[199, 199]]);
  });

  it('is no later than the call, whose first bytes may lie in the SYN', () => {
    expect(begun([opened(-1)])).toEqual([[199, 199]]);
  });
});
