import { describe, expect, it } from 'vitest';
import { deadBackendSign } from './dead-backend.ts';
import { createLossCounts, type LossCounts } from './loss-counts.ts';

const counts = (parts: Partial<LossCounts>): LossCounts => ({ ...createLossCounts(), ...parts });

/** Ports of one query each. */
const single = (dead: number, fine: number): LossCounts =>
  counts({ freshSent: dead + fine, freshLost: dead, flowsDead: dead, flowsFine: fine });

describe('a dead back end behind an address', () => {
  // 20 ports of two queries each: 10 lose both and their resends, 10 nothing.
  const ports = counts({ freshSent: 50, freshLost: 40, followingSent: 10, flowsDead: 10, flowsFine: 10 });

  it('shows by ports that lose all or nothing', () => {
    expect(deadBackendSign(ports, 9)).toBe('ports');
  });

  it('is not told from one stretch of time, which is an outage', () => {
    expect(deadBackendSign(ports, 2)).toBeNull();
  });

  it('is not told from two ports', () => {
    expect(
      deadBackendSign(counts({ freshSent: 26, freshLost: 8, followingSent: 18, flowsDead: 2, flowsFine: 18 }), 9),
    ).toBeNull();
  });

  it('takes one stray loss, and not several', () => {
    expect(deadBackendSign({ ...ports, followingLost: 1, flowsMixed: 1, flowsFine: 9 }, 9)).toBe('ports');
    expect(deadBackendSign({ ...ports, followingLost: 4, flowsMixed: 4, flowsFine: 6 }, 9)).toBeNull();
  });

  it('shows by what follows an answer, where each query draws anew until then', () => {
    const redraw = counts({
      freshSent: 60,
      freshLost: 24,
      followingSent: 40,
      firstLost: 8,
      flowsRecovered: 6,
      flowsDead: 1,
      flowsFine: 20,
      flowsMixed: 14,
    });
    expect(deadBackendSign(redraw, 9)).toBe('redraw');
    expect(deadBackendSign({ ...redraw, firstLost: 0 }, 9)).toBeNull();
    expect(deadBackendSign({ ...redraw, followingLost: 8 }, 9)).toBeNull();
  });

  it('is the better guess where so many ports of one query get nothing, and not below', () => {
    expect(deadBackendSign(single(20, 22), 9)).toBe('rate');
    expect(deadBackendSign(single(10, 32), 9)).toBeNull();
    expect(deadBackendSign(single(4, 4), 9)).toBeNull();
  });
});
