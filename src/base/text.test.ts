import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillMessage, formatBytes, formatCount, formatDuration, formatShare, plural, printable } from './text.ts';

const UNITS: Readonly<Record<string, number>> = { ns: 1, µs: 1e3, ms: 1e6, s: 1e9 };

describe('durations', () => {
  it.each<[number, string]>([
    [0, '0 s'],
    [0.2, '0 s'],
    [7, '7 ns'],
    [999, '999 ns'],
    [999.6, '1 µs'],
    [412_000, '412 µs'],
    [999_499, '999 µs'],
    [999_500, '1 ms'],
    [1_260_000, '1.26 ms'],
    [20_480_000, '20.5 ms'],
    [999_600_000, '1 s'],
    [5_012_000_000, '5.01 s'],
    [60e9, '60 s'],
    [119.9e9, '120 s'],
    [125e9, '2 min 5 s'],
    [7200e9, '2 h 0 min'],
    [-20_480_000, '-20.5 ms'],
  ])('%d ns is %s', (value, expected) => expect(formatDuration(value)).toBe(expected));

  it('is right to three digits, and never has more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 119e9 }), (value) => {
        const [number = '', unit = ''] = formatDuration(value).split(' ');
        expect(number.replace('.', '').replace(/^0+/, '').length).toBeLessThanOrEqual(3);
        expect(Math.abs(Number(number) * (UNITS[unit] as number) - value)).toBeLessThanOrEqual(value * 0.005);
      }),
    );
  });
});

describe('bytes', () => {
  it.each<[number, string]>([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1234, '1.23 kB'],
    [999_499, '999 kB'],
    [999_500, '1 MB'],
    [20_480_000, '20.5 MB'],
    [3.2e9, '3.2 GB'],
  ])('%d are %s', (value, expected) => expect(formatBytes(value)).toBe(expected));
});

describe('counts', () => {
  it('have their thousands apart and their noun in the right number', () => {
    expect([0, 999, 1204, 1_234_567].map(formatCount)).toEqual(['0', '999', '1,204', '1,234,567']);
    expect([plural(1, 'lookup'), plural(2, 'lookup'), plural(1204, 'query', 'queries')]).toEqual([
      '1 lookup',
      '2 lookups',
      '1,204 queries',
    ]);
  });

  it('never call something nothing', () => {
    expect([0, 0.004, 0.5, 1].map(formatShare)).toEqual(['0 %', '<1 %', '50 %', '100 %']);
  });
});

/** C0, DEL and C1, and what UAX #9 lists as controls of direction, with line and paragraph separators. */
function isHarmful(character: string): boolean {
  const code = character.codePointAt(0) as number;
  const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0);
  const turns =
    [0x061c, 0x200e, 0x200f, 0x2028, 0x2029].includes(code) ||
    (code >= 0x202a && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069);
  return isControl || turns;
}

describe('text from a capture', () => {
  it('can not drive a terminal, whatever it holds', () => {
    const sequence = fc.constantFrom(
      '\u001b[2J',
      '\u001b]0;title\u0007',
      '\u009b31m',
      '\r',
      '\b',
      '\u202e',
      '\u2066',
      '\u061c',
      '\n',
    );
    const hostile = fc.array(fc.oneof(sequence, fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 8 });
    fc.assert(
      fc.property(hostile, (pieces) => {
        expect([...printable(pieces.join(''))].filter(isHarmful)).toEqual([]);
      }),
    );
  });

  it('stays what it is where it is harmless', () => {
    expect(printable('_http._tcp.überfluß.example 例え.jp ✓')).toBe('_http._tcp.überfluß.example 例え.jp ✓');
    expect(printable('a\u001bb\u202ec')).toBe(String.raw`a\x1bb\u202ec`);
  });
});

describe('messages', () => {
  it('are filled by kind', () => {
    const message =
      '{count:lookup} of {total:count} waited {wait:duration} ({part:share}) for {name}, {n:query}, {raw}';
    const data = { count: 1, total: 1204, wait: 5.012e9, part: 0.03, name: 'a\u0007b', n: 2, raw: 12_345 };
    expect(fillMessage(message, data)).toBe(
      String.raw`1 lookup of 1,204 waited 5.01 s (3 %) for a\x07b, 2 queries, 12,345`,
    );
  });

  it('do not fill what a value brings along', () => {
    expect(fillMessage('{name}', { name: '{count} $& $1' })).toBe('{count} $& $1');
  });

  it('say which value is missing: that is a bug, no input', () => {
    expect(() => fillMessage('{gone} lookups', {})).toThrow('{gone}');
  });
});
