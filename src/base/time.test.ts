import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at, between, fromRfc3339, fromSeconds, milliseconds, plus, seconds, toRfc3339, toSeconds } from './time.ts';

// What the axis holds exactly: 2^53 ns, 104 days.
const offset = fc.maxSafeInteger();
const base = fc.bigInt({ min: 0n, max: 4_000_000_000n * 1_000_000_000n });

describe('time', () => {
  it('is written as RFC 3339 and comes back to the nanosecond', () => {
    fc.assert(
      fc.property(base, offset, (start, since) => {
        const text = toRfc3339(start, at(since));
        const read = fromRfc3339(text);
        expect(read).toBe(start + BigInt(since));
      }),
    );
  });

  it('agrees with Date where that reaches', () => {
    fc.assert(
      fc.property(fc.nat(4_000_000_000), fc.nat(999), (second, millisecond) => {
        const text = toRfc3339(BigInt(second) * 1_000_000_000n, at(millisecond * 1e6));
        expect(text).toBe(new Date(second * 1000 + millisecond).toISOString().replace('Z', '000000Z'));
      }),
    );
  });

  it('goes before the origin', () => {
    expect(toRfc3339(1_000_000_000n, at(-1))).toBe('1970-01-01T00:00:00.999999999Z');
    expect(toRfc3339(0n, at(-1))).toBe('1969-12-31T23:59:59.999999999Z');
  });

  it('survives what no calendar holds', () => {
    expect(toRfc3339(2n ** 64n, at(0))).toBe('2554-07-21T23:34:33.709551616Z');
    expect(toRfc3339(10n ** 21n, at(5))).toMatch(/^\+\d{6}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000005Z$/);
    expect(toRfc3339(10n ** 24n, at(0))).toBe(`${10n ** 24n}ns`);
  });

  it.each(['', 'now', '2026-01-02', '2026-01-02T03:04:05', '2026-13-02T03:04:05Z', '2026-01-02T03:04:05.1234567890Z'])(
    'reads no time from %j',
    (text) => expect(fromRfc3339(text)).toBeNull(),
  );

  it('keeps nanoseconds through seconds and JSON', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e15, max: 1e15 }), (count) => {
        expect(fromSeconds(JSON.parse(JSON.stringify(toSeconds(at(count)))))).toBe(count);
      }),
    );
  });

  it('adds and subtracts', () => {
    expect(between(at(5), plus(at(5), milliseconds(2)))).toBe(2e6);
    expect(toSeconds(seconds(2.5))).toBe(2.5);
  });
});
