import { describe, expect, it } from 'vitest';
import { at, milliseconds } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
import { atMs, exchangeOf } from '../../../model/testing/rows.ts';
import { slowStart } from './slow-start.ts';

/** So many bytes that came in so many milliseconds, over a way of 60 ms. */
const download = (responseBytes: number, took: number, parts: Partial<Exchange> = {}): number =>
  slowStart(
    exchangeOf({
      responseBytes,
      startedAt: atMs(0),
      firstByteAt: atMs(65),
      duration: milliseconds(65 + took),
      roundTrip: milliseconds(60),
      ...parts,
    }),
  );

describe('what a new connection waits for its sender to get up to speed', () => {
  it('is a round trip for each time that it may send twice as much', () => {
    // 10 segments are 14,480 bytes; 14 + 29 + 58 + 116 kB.
    expect(download(200_000, 185)).toBe(milliseconds(180));
    expect(download(40_000, 185)).toBe(milliseconds(60));
    expect(download(14_480, 5)).toBe(0);
    expect(download(0, 5)).toBe(0);
  });

  it('is no more than the body took', () => {
    expect(download(200_000, 45)).toBe(milliseconds(45));
  });

  it('counts what is sent as well', () => {
    const upload = { requestBytes: 40_000, requestedAt: atMs(64), responseBytes: 90 };
    expect(download(90, 0, upload)).toBe(milliseconds(60));
  });

  it('is nothing of what comes as slowly as it is made, on a short way, or of a call that failed', () => {
    expect(download(200_000, 3000)).toBe(0);
    expect(download(200_000, 185, { roundTrip: milliseconds(0.5) })).toBe(0);
    expect(download(200_000, 185, { roundTrip: milliseconds(Number.NaN) })).toBe(0);
    expect(download(200_000, 185, { outcome: 'reset' })).toBe(0);
    expect(download(200_000, 185, { firstByteAt: at(Number.NaN) })).toBe(0);
  });
});
