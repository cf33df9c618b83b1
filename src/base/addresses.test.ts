import { isIPv4, isIPv6 } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressTable, addressOf, endpoint, formatV4, formatV6, MAX_ADDRESSES, parseV4, parseV6 } from './addresses.ts';

const word = fc.nat(0xffffffff);
// Zeros in runs, as real addresses have them.
const group = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(0xffff) });
const groups = fc.array(group, { minLength: 8, maxLength: 8 });

const bytesOf = (values: readonly number[]): Uint8Array =>
  Uint8Array.from(values.flatMap((value) => [value >> 8, value & 255]));
const wordsOf = (values: readonly number[]): number[] =>
  [0, 2, 4, 6].map((index) => ((values[index]! << 16) | values[index + 1]!) >>> 0);
/** As the URL standard writes an address, which is RFC 5952 but for dotted quads. */
const canonical = (text: string): string => new URL(`http://[${text}]/`).hostname.slice(1, -1);

describe('addresses as text', () => {
  it('IPv4 comes back as it was', () => {
    fc.assert(
      fc.property(word, (address) => {
        expect(isIPv4(formatV4(address))).toBe(true);
        expect(parseV4(formatV4(address))).toBe(address);
      }),
    );
  });

  it('IPv6 is written as the URL standard writes it, and comes back as it was', () => {
    fc.assert(
      fc.property(groups, (values) => {
        const text = formatV6(wordsOf(values));
        expect(text).toBe(canonical(values.map((value) => value.toString(16)).join(':')));
        expect(parseV6(text)).toEqual(bytesOf(values));
      }),
    );
  });

  it('is read where node reads it, and nowhere else', () => {
    const piece = fc.constantFrom(
      '0',
      '1',
      'ffff',
      '00ab',
      '12345',
      '',
      ':',
      '::',
      '.',
      '1.2.3.4',
      '256',
      '01',
      'g',
      ' ',
    );
    const nearly = fc.oneof(
      fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join(':')),
      fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join('')),
      fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join('.')),
      fc.ipV6(),
      fc.ipV4(),
    );
    fc.assert(
      fc.property(nearly, (text) => {
        expect(parseV4(text) !== null).toBe(isIPv4(text));
        expect(parseV6(text) !== null).toBe(isIPv6(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('reads what IPv6 allows besides', () => {
    expect(parseV6('fe80::1%eth0')).toEqual(parseV6('fe80::1'));
    expect(parseV6('::ffff:10.0.3.7')).toEqual(parseV6('::ffff:a00:307'));
  });

  it.each(['10.0.3.7', 'fd00::a', '2001:db8:1:2:3:4:5:6', '::ffff:10.0.3.7', 'api.prod.svc'])(
    'finds %s in its endpoint, and where there is no port',
    (address) => {
      expect(addressOf(endpoint(address, 443))).toBe(address);
      expect(addressOf(address)).toBe(address);
    },
  );

  it('finds no more than there is in what is no endpoint', () => {
    expect(['', '[', '[]', ']:', ':'].map(addressOf)).toEqual(['', '', '', ']', '']);
  });

  it('writes endpoints as URLs have them', () => {
    expect(endpoint('10.0.3.7', 53)).toBe('10.0.3.7:53');
    expect(endpoint('fd00::a', 53)).toBe('[fd00::a]:53');
  });
});

describe('AddressTable', () => {
  it('gives each address one number, and its text back', () => {
    const address = fc.oneof(
      fc.ipV4(),
      groups.map((values) => formatV6(wordsOf(values))),
      fc.constantFrom('coredns.kube-system', 'a.b', 'localhost'),
    );
    fc.assert(
      fc.property(fc.array(address, { maxLength: 60 }), (texts) => {
        const table = new AddressTable();
        const plain = texts.filter((text) => !/^::ffff:[0-9a-f]{1,4}:[0-9a-f]{1,4}$/.test(text));
        const ids = plain.map((text) => table.internText(text));
        expect(ids.map((id) => table.text(id))).toEqual(plain);
        expect(new Set(ids).size).toBe(new Set(plain).size);
        expect(table.size).toBe(new Set(plain).size);
        expect(plain.map((text) => table.internText(text))).toEqual(ids);
      }),
    );
  });

  it('takes bytes, numbers and text for the same address', () => {
    const table = new AddressTable();
    const id = table.internText('192.168.200.3');
    expect(table.internV4(0xc0a8c803)).toBe(id);
    expect(table.internV4At(Uint8Array.of(9, 192, 168, 200, 3), 1)).toBe(id);
    // IPv4-mapped: the same host (RFC 4291 section 2.5.5.2).
    expect(table.internText('::ffff:192.168.200.3')).toBe(id);
    expect(table.internV6(parseV6('fd00::a')!, 0)).toBe(table.internText('fd00::a'));
    expect(table.internText('192.168.200.4')).not.toBe(id);
    // One word of theirs is the same.
    expect(table.internV6(Uint8Array.of(192, 168, 200, 3, ...Array<number>(12).fill(0)), 0)).not.toBe(id);
  });

  it('knows none as a question mark', () => {
    const table = new AddressTable();
    expect(table.text(0)).toBe('?');
    expect(table.size).toBe(0);
  });

  it('stops at its bound: what it knows it goes on to know', () => {
    const table = new AddressTable();
    const bytes = new Uint8Array(4);
    const view = new DataView(bytes.buffer);
    const intern = (address: number): number => {
      view.setUint32(0, address);
      return table.internV4At(bytes, 0);
    };
    const known = intern(7);
    for (let address = 100; address < 100 + MAX_ADDRESSES + 50; address++) intern(address);
    expect(table.size).toBe(MAX_ADDRESSES - 1);
    expect(table.overflowed).toBe(52);
    expect(intern(0xffffffff)).toBe(0);
    expect(intern(0xffffffff)).toBe(0);
    expect(table.internText('a.name')).toBe(0);
    expect(intern(7)).toBe(known);
    expect(table.text(known)).toBe('0.0.0.7');
  });
});
