import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at, seconds } from '../base/time.ts';
import { Reassembler } from './fragments.ts';

interface Piece {
  offset: number;
  more: boolean;
  bytes: Uint8Array;
}

const TIMEOUT = seconds(30);

function add(reassembler: Reassembler, key: string, piece: Piece, time = 0): Uint8Array | null {
  const { offset, more, bytes } = piece;
  return reassembler.add(key, at(time), TIMEOUT, offset, more, bytes, 0, bytes.length);
}

const bytesOf = (length: number, seed = 1): Uint8Array => Uint8Array.from({ length }, (_, index) => index * 7 + seed);

describe('Reassembler', () => {
  it('puts any cuts in any order together, repeated and overlapping', () => {
    const plan = fc.record({
      length: fc.integer({ min: 1, max: 9000 }),
      cuts: fc.array(fc.nat(1125), { maxLength: 12 }),
      overlap: fc.nat(20),
      order: fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
      again: fc.array(fc.nat(12), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(plan, ({ length, cuts, overlap, order, again }) => {
        const whole = bytesOf(length);
        const edges = [...new Set([0, ...cuts.map((cut) => cut * 8).filter((cut) => cut < length)])].sort(
          (a, b) => a - b,
        );
        const pieces = edges.map((from, index) => {
          const until = Math.min(length, (edges[index + 1] ?? length) + overlap);
          return { offset: from, more: until < length, bytes: whole.slice(from, until) };
        });
        const sent = [...pieces, ...again.map((index) => pieces[index % pieces.length]!)];
        const shuffled = sent
          .map((piece, index) => ({ piece, rank: order[index % order.length]! }))
          .sort((a, b) => a.rank - b.rank);
        const reassembler = new Reassembler();
        const got = shuffled.map(({ piece }) => add(reassembler, 'k', piece)).filter((result) => result !== null);
        expect(got.length).toBeGreaterThanOrEqual(1);
        expect([...got[0]!]).toEqual([...whole]);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps what came first where pieces disagree', () => {
    const reassembler = new Reassembler();
    expect(add(reassembler, 'k', { offset: 8, more: true, bytes: new Uint8Array(16).fill(1) })).toBeNull();
    expect(add(reassembler, 'k', { offset: 16, more: false, bytes: new Uint8Array(16).fill(2) })).toBeNull();
    const whole = add(reassembler, 'k', { offset: 0, more: true, bytes: new Uint8Array(32).fill(3) });
    expect([...whole!]).toEqual([...Array(8).fill(3), ...Array(16).fill(1), ...Array(8).fill(2)]);
  });

  it('waits no longer than its time, counted from the first piece', () => {
    const reassembler = new Reassembler();
    add(reassembler, 'k', { offset: 0, more: true, bytes: bytesOf(8) }, 0);
    expect(add(reassembler, 'k', { offset: 8, more: false, bytes: bytesOf(8) }, 30e9)).not.toBeNull();
    add(reassembler, 'l', { offset: 0, more: true, bytes: bytesOf(8) }, 40e9);
    expect(add(reassembler, 'l', { offset: 8, more: false, bytes: bytesOf(8) }, 71e9)).toBeNull();
    expect(reassembler.abandoned).toBe(1);
  });

  it('refuses what ends beyond the largest datagram', () => {
    const reassembler = new Reassembler();
    expect(add(reassembler, 'k', { offset: 65_528, more: false, bytes: bytesOf(1000) })).toBeNull();
    expect(reassembler.size).toBe(0);
  });

  it('stays within its bounds under a flood, and serves the newest', () => {
    const reassembler = new Reassembler();
    for (let key = 0; key < 5000; key++)
      add(reassembler, `${key}`, { offset: 40_000, more: true, bytes: bytesOf(1400) });
    expect(reassembler.size).toBeLessThanOrEqual(1024);
    expect(reassembler.size + reassembler.abandoned).toBe(5000);
    add(reassembler, 'new', { offset: 0, more: true, bytes: bytesOf(8) });
    expect(add(reassembler, 'new', { offset: 8, more: false, bytes: bytesOf(8) })).not.toBeNull();
  });

  it('gives up a datagram of nothing but holes', () => {
    const reassembler = new Reassembler();
    for (let hole = 0; hole < 2000; hole++) add(reassembler, 'k', { offset: hole * 16, more: true, bytes: bytesOf(8) });
    expect(reassembler.abandoned).toBeGreaterThan(10);
  });
});
