import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../base/time.ts';
import { atMs, requestOf, waitOf } from '../../model/testing/rows.ts';
import { createFacts } from './facts.ts';
import { ownTimes } from './own-times.ts';

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
});
