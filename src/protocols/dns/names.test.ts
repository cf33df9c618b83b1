import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { createNameReader, partOfName } from './names.ts';
import { emitName } from './testing/emit.ts';

/** What RFC 1035 section 3.1 says, label by label: the oracle for the quick way. */
function spell(bytes: Uint8Array, offset: number, end: number): string | null {
  const labels: string[] = [];
  let at = offset;
  for (;;) {
    const length = bytes[at] ?? 255;
    if (at >= end || length > 63) return null;
    if (length === 0) break;
    if (at + 1 + length - offset >= 255) return null;
    labels.push(
      [...bytes.subarray(at + 1, at + 1 + length)]
        .map((octet) => {
          const character = String.fromCharCode(octet).toLowerCase();
          return /[!-~]/.test(character) && !/[.\\]/.test(character)
            ? character
            : `\\${String(octet).padStart(3, '0')}`;
        })
        .join(''),
    );
    at += 1 + length;
  }
  return labels.length === 0 ? '.' : labels.join('.');
}

const label = fc.uint8Array({ minLength: 1, maxLength: 30 });
const wireName = fc
  .array(label, { maxLength: 6 })
  .map((labels) => Uint8Array.from([...labels.flatMap((octets) => [octets.length, ...octets]), 0]));

it('reads each name as its labels say, the first time and again, whatever stands around it', () => {
  const reader = createNameReader();
  fc.assert(
    fc.property(wireName, fc.uint8Array({ maxLength: 9 }), fc.uint8Array({ maxLength: 9 }), (name, before, behind) => {
      const bytes = Uint8Array.from([...before, ...name, ...behind]);
      const end = before.length + name.length;
      const wanted = spell(bytes, before.length, end);
      for (let time = 0; time < 2; time++) {
        expect(reader.read(bytes, before.length, 0, end)).toBe(wanted === null ? -1 : end);
        if (wanted !== null) expect(reader.name).toBe(wanted);
      }
    }),
    { numRuns: 500 },
  );
});

it('reads what is there, whatever name was likely', () => {
  const reader = createNameReader();
  const names = fc.array(wireName, { minLength: 2, maxLength: 4 });
  fc.assert(
    fc.property(names, fc.uint8Array({ maxLength: 6 }), fc.nat({ max: 3 }), (wire, behind, cut) => {
      const [there, ...others] = wire as [Uint8Array, ...Uint8Array[]];
      for (const likely of [...others, there]) {
        reader.read(likely, 0, 0, likely.length);
        const { slot } = reader;
        const bytes = Uint8Array.from([...there, ...behind]);
        const end = bytes.length - cut;
        const wanted = createNameReader();
        const position = wanted.read(bytes, 0, 0, end);
        expect(reader.read(bytes, 0, 0, end, slot)).toBe(position);
        if (position >= 0) {
          expect([reader.name, reader.hash, reader.labelHash]).toEqual([wanted.name, wanted.hash, wanted.labelHash]);
        }
      }
    }),
    { numRuns: 60 },
  );
});

it('reads names right when there are more than it keeps', () => {
  const reader = createNameReader();
  const names = Array.from({ length: 20_000 }, (_, index) => `n${index}.example.com`);
  const wire = names.map((name) => Uint8Array.from([...emitName(name), 0, 0, 0]));
  const slots = new Set<number>();
  for (let round = 0; round < 2; round++) {
    for (const [index, bytes] of wire.entries()) {
      reader.read(bytes, 0, 0, bytes.length);
      if (reader.name !== names[index]) expect(reader.name).toBe(names[index]);
      slots.add(reader.slot);
    }
  }
  // No place is left out, and none beyond is made.
  expect([Math.min(...slots), Math.max(...slots)]).toEqual([0, slots.size - 1]);
  expect(slots.size).toBe(1 << 14);
});

it('takes no name for another one that shares its octets up to a zero', () => {
  const reader = createNameReader();
  const short = Uint8Array.from([...emitName('ab'), 0, 0, 0, 0]);
  expect(reader.read(short, 0, 0, 4)).toBe(4);
  // One label of four octets: 'ab', a zero and 'c'.
  const long = Uint8Array.from([4, 0x61, 0x62, 0, 0x63, 0, 9, 9, 9]);
  for (let time = 0; time < 2; time++) {
    expect(reader.read(long, 0, 0, 6)).toBe(6);
    expect(reader.name).toBe('ab\\000c');
  }
  expect(reader.read(short, 0, 0, 4)).toBe(4);
  expect(reader.name).toBe('ab');
});

it('follows pointers backwards only', () => {
  const reader = createNameReader();
  const message = Uint8Array.from([...emitName('example.com'), 3, 0x77, 0x77, 0x77, 0xc0, 0, 9, 9]);
  expect(reader.read(message, 13, 0, message.length)).toBe(19);
  expect(reader.name).toBe('www.example.com');
  expect(reader.read(Uint8Array.from([0xc0, 0, 0, 0]), 0, 0, 4)).toBe(-1);
});

it('tells what is readable of a name that is cut, whatever the bytes are', () => {
  const bytes = Uint8Array.from(emitName('Orders.prod.svc'));
  expect([0, 1, 4, 7, 9, 12, 16].map((end) => partOfName(bytes, 0, end))).toEqual([
    '…',
    '…',
    'ord…',
    'orders…',
    'orders.p…',
    'orders.prod…',
    'orders.prod.svc…',
  ]);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(310), (any, end) => {
      expect(partOfName(any, 0, Math.min(end, any.length))).toMatch(/^[!-~]*…$/);
    }),
  );
});
