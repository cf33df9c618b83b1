import { describe, expect, it } from 'vitest';
import { RoundTrip } from './round-trip.ts';

const MS = 1e6;

function after(...samples: readonly [milliseconds: number, carriesData?: boolean, isLone?: boolean][]): RoundTrip {
  const roundTrip = new RoundTrip();
  for (const [sample, carriesData = false, isLone = false] of samples) roundTrip.push(sample * MS, carriesData, isLone);
  return roundTrip;
}

describe('a round trip', () => {
  it('is unknown before its first sample, and then that', () => {
    expect(after().smoothed).toBeNaN();
    expect(after([20])).toMatchObject({ smoothed: 20 * MS, least: 20 * MS });
  });

  it('moves by an eighth of each difference (RFC 6298)', () => {
    // 20 + 8/8 = 21; 21 - 5/8 = 20.375.
    expect(after([20], [28], [16])).toMatchObject({ smoothed: 20.375 * MS, least: 16 * MS });
  });

  it('takes no time that a program needed for its answer, but where nothing else tells', () => {
    expect(after([20], [300, true])).toMatchObject({ smoothed: 20 * MS });
    expect(after([20], [12, true])).toMatchObject({ smoothed: 19 * MS });
    expect(after([300, true])).toMatchObject({ smoothed: 300 * MS });
    expect(after([300, true], [20])).toMatchObject({ smoothed: 20 * MS });
  });

  it('takes no time of the delayed-acknowledgment timer', () => {
    expect(after([20], [61, false, true]).smoothed).toBe(20 * MS);
    expect(after([20], [52, false, true]).smoothed).toBe(24 * MS);
    expect(after([20], [60, false, false]).smoothed).toBe(25 * MS);
  });

  it('takes nothing below nothing, which merged inputs may give', () => {
    expect(after([-5]).smoothed).toBeNaN();
    expect(after([5], [-5])).toMatchObject({ smoothed: 5 * MS, least: 5 * MS });
  });
});
