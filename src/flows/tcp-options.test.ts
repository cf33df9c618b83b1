import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLayers, type Layers } from '../model/packet.ts';
import {
  hasTimestamps,
  maximumSegmentSize,
  mayHaveSack,
  readDuplicateSack,
  timestampEcho,
  timestampValue,
  windowScale,
} from './tcp-options.ts';

const of = (options: readonly number[], acknowledgment = 0): Layers =>
  Object.assign(createLayers(), {
    bytes: Uint8Array.from([9, 9, ...options, 9]),
    tcpOptions: 2,
    payloadStart: 2 + options.length,
    acknowledgment,
  });
const word = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const sack = (...edges: readonly number[]): number[] => [1, 1, 5, 2 + 4 * edges.length, ...edges.flatMap(word)];
// A SYN as Linux sends it: MSS 1460, SACK permitted, timestamps, padding, window scale 7.
const LINUX = [2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 1, 44, 0, 0, 0, 7, 1, 3, 3, 7];
const PADDED = [1, 1, 8, 10, 255, 255, 255, 255, 0, 0, 0, 5];

describe('options', () => {
  it('of a SYN', () => {
    expect(maximumSegmentSize(of(LINUX))).toBe(1460);
    expect(windowScale(of(LINUX))).toBe(7);
    expect(timestampValue(of(LINUX))).toBe(300);
    expect(timestampEcho(of(LINUX))).toBe(7);
    expect(hasTimestamps(of(LINUX))).toBe(true);
  });

  it('as nearly all packets have them', () => {
    expect(timestampValue(of(PADDED))).toBe(-1);
    expect(timestampEcho(of(PADDED))).toBe(5);
    expect(mayHaveSack(of(PADDED))).toBe(false);
  });

  it.each([
    ['none', []],
    ['an end before them', [0, ...LINUX]],
    ['a length of nothing', [4, 0, ...LINUX]],
    ['a length of one', [4, 1, ...LINUX]],
    ['one that is cut', [2]],
    ['lengths that lie', [2, 3, 5, 3, 2, 8, 9, 1, 2, 3, 4, 5, 6, 7]],
  ])('that are not there: %s', (_, options) => {
    expect([maximumSegmentSize(of(options)), windowScale(of(options)), timestampValue(of(options))]).toEqual([
      0, -1, 0,
    ]);
    expect(hasTimestamps(of(options))).toBe(false);
  });

  it('shift a window by 14 bits at most (RFC 7323 section 2.3)', () => {
    expect(windowScale(of([3, 3, 200]))).toBe(14);
  });
});

describe('what came twice', () => {
  it.each<[string, number[], number, object | null]>([
    ['below the acknowledgment', sack(100, 200), 200, { start: 100, end: 200 }],
    ['within the second block', sack(500, 600, 400, 700), 300, { start: 500, end: 600 }],
    ['over the wrap', sack(0xfffffff0, 4), 4, { start: -16, end: 4 }],
    ['behind timestamps', [...PADDED, ...sack(100, 200)], 300, { start: 100, end: 200 }],
    ['nothing: a block above', sack(500, 600), 300, null],
    ['nothing: a block beside', sack(500, 600, 700, 800), 300, null],
    ['nothing: a block that ends before it starts', sack(200, 100), 300, null],
    ['nothing: no block', PADDED, 300, null],
  ])('is %s', (_, options, acknowledgment, expected) => {
    expect(readDuplicateSack(of(options, acknowledgment))).toEqual(expected);
    if (expected !== null) expect(mayHaveSack(of(options))).toBe(true);
  });
});

it('any bytes are read within their bounds', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(0xffffffff), (options, acknowledgment) => {
      const layers = of([...options], acknowledgment);
      const size = maximumSegmentSize(layers);
      const scale = windowScale(layers);
      const range = readDuplicateSack(layers);
      expect(size >= 0 && size <= 0xffff && scale >= -1 && scale <= 14).toBe(true);
      expect(Number.isInteger(timestampValue(layers)) && Number.isInteger(timestampEcho(layers))).toBe(true);
      if (range !== null) expect((range.end - range.start) | 0).toBeGreaterThan(0);
    }),
    { numRuns: 2000 },
  );
});
