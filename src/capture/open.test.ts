import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AddressTable } from '../base/addresses.ts';
import type { OpenedInput } from '../model/source.ts';
import { UserError } from '../model/user-error.ts';
import { openInput } from './open.ts';
import { buildPcap, udpFrame } from './testing/build-pcap.ts';
import { PcapngBuilder } from './testing/build-pcapng.ts';
import { openChunks, readCapture, readPackets, readText } from './testing/read-all.ts';
import { blockHeader, rawBlock, repeatedBlock, skippableFrame, zstdFrame } from './testing/build-zstd.ts';

const built = Array.from({ length: 50 }, (_, index) => ({
  seconds: 1_700_000_000 + index,
  nanoseconds: 0,
  data: udpFrame(index, Buffer.alloc(50, index)),
}));
const pcap = buildPcap(built);
const addresses = new AddressTable();

const rowsOf = async (opened: OpenedInput): Promise<string[]> => {
  if (opened.kind !== 'rows') throw new Error(`read as ${opened.kind}`);
  const lines: string[] = [];
  for await (const line of opened.lines) lines.push(line);
  return lines;
};

async function* broken(): AsyncGenerator<Uint8Array> {
  yield pcap;
  throw new Error('gone');
}

/** Anything but a UserError comes through, and fails the test. */
async function readOrRefuse(bytes: Uint8Array, size: number): Promise<'read' | 'refused'> {
  try {
    const opened = await openChunks(bytes, size);
    if (opened.kind === 'packets') await readPackets(opened.source);
    else if (opened.kind === 'rows') await rowsOf(opened);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return 'refused';
  }
  return 'read';
}

describe('files', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kubelag-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const written = (name: string, bytes: Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };

  test('a file is read, and says how far it is', async () => {
    const opened = await openInput(written('a.txt', pcap), 3, { addresses });
    if (opened.kind !== 'packets') throw new Error(opened.kind);
    const packets = await readPackets(opened.source);
    expect(packets).toHaveLength(50);
    expect(opened.source.packet.input).toBe(3);
    expect(opened.source.input).toMatchObject({ input: 3, path: join(folder, 'a.txt') });
    expect(opened.source.bytesRead).toBe(pcap.length);
    expect(opened.source.bytesTotal).toBe(pcap.length);
  });

  test('a file larger than the window is read whole', async () => {
    const many = Array.from({ length: 3000 }, (_, index) => ({
      seconds: index,
      nanoseconds: 0,
      data: Buffer.alloc(1000, index),
    }));
    const opened = await openInput(written('big', buildPcap(many)), 0, { addresses });
    if (opened.kind !== 'packets') throw new Error(opened.kind);
    const packets = await readPackets(opened.source);
    expect(packets.map(({ data }) => data.slice(0, 2))).toEqual(
      many.map(({ data }) => data.subarray(0, 1).toString('hex')),
    );
  });

  test.each([
    ['missing', /missing: no such file/],
    ['.', /is a directory: name the captures in it: .*\/\*$/],
    ['missing/also', /no such file/],
    ['a\0b', /no such file/],
  ])('%j is refused in one line', async (name, message) => {
    const failed = openInput(name === 'a\0b' ? name : join(folder, name), 0, { addresses });
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.toBeInstanceOf(UserError);
  });

  test('standard input is a stream', async () => {
    const stdin = Readable.from([pcap.subarray(0, 10), Buffer.alloc(0), pcap.subarray(10)]);
    const opened = await openInput('-', 0, { addresses, stdin });
    if (opened.kind !== 'packets') throw new Error(opened.kind);
    expect(await readPackets(opened.source)).toHaveLength(50);
    expect(opened.source.bytesTotal).toBeNull();
  });

  test('a stream that breaks off keeps what came', async () => {
    const opened = await openInput('-', 0, { addresses, stdin: broken() });
    if (opened.kind !== 'packets') throw new Error(opened.kind);
    expect(await readPackets(opened.source)).toHaveLength(50);
    expect(opened.source.input.damage.notes).toEqual(['reading failed (the stream broke off)']);
  });
});

describe('compression', () => {
  test('gzip, also of several members', async () => {
    const bytes = Buffer.concat([gzipSync(pcap.subarray(0, 1000)), gzipSync(pcap.subarray(1000))]);
    const { packets, input } = await readCapture(bytes, 17);
    expect(packets).toEqual((await readCapture(pcap)).packets);
    expect(input.format).toBe('pcap+gzip');
    expect(input.damage).toMatchObject({ cut: 0, notes: [] });
  });

  test('gzip that is cut gives what stands before', async () => {
    const bytes = gzipSync(pcap);
    const { packets, input } = await readCapture(bytes.subarray(0, bytes.length - 40));
    expect(packets.length).toBeGreaterThan(0);
    expect(packets.length).toBeLessThan(51);
    expect(input.damage.cut).toBeGreaterThan(0);
    expect(input.damage.notes.join()).toContain('gzip data ends too early');
  });

  test('gzip that is damaged midway gives what stands before', async () => {
    const noise = Array.from({ length: 3000 }, (_, index) => ({
      seconds: index,
      nanoseconds: 0,
      data: Buffer.from(Array.from({ length: 60 }, (_unused, at) => (index * 31 + at * at * 7) & 255)),
    }));
    const bytes = gzipSync(buildPcap(noise), { level: 1 });
    bytes.fill(0xff, bytes.length - 3000, bytes.length - 2900);
    const { packets, input } = await readCapture(bytes);
    expect(packets.length).toBeGreaterThan(0);
    expect(input.damage.notes.join()).toMatch(/gzip data is damaged|no record/);
  });

  test('zeros after the gzip data, as padding leaves them, do no harm', async () => {
    const { packets, input } = await readCapture(Buffer.concat([gzipSync(pcap), Buffer.alloc(100)]));
    expect(packets).toHaveLength(50);
    expect(input.damage.notes).toEqual([]);
  });

  test('a gzip bomb is eaten in pieces', async () => {
    const zeros = gzipSync(Buffer.concat([pcap, Buffer.alloc(64 << 20)]));
    const { packets, input } = await readCapture(zeros);
    expect(packets).toHaveLength(50);
    expect(input.damage.undecodable).toBe(1);
  });

  test.each([false, true])('zstd: frames, repeated bytes, what may be skipped; checksum %s', async (checksum) => {
    const zeros = buildPcap([{ seconds: 1, nanoseconds: 0, data: Buffer.alloc(70_000) }]);
    const bytes = Buffer.concat([
      skippableFrame(Buffer.alloc(300)),
      zstdFrame([rawBlock(zeros.subarray(0, 10), false), rawBlock(zeros.subarray(10, 40), true)], { checksum }),
      zstdFrame([rawBlock(new Uint8Array(0), true)], { checksum }),
      zstdFrame([repeatedBlock(0, 70_000, true)], { checksum }),
    ]);
    const { packets, input } = await readCapture(bytes, 5);
    expect(packets.map(({ data }) => data.length / 2)).toEqual([70_000]);
    expect(input).toMatchObject({ format: 'pcap+zstd', damage: { cut: 0, undecodable: 0, notes: [] } });
  });

  test('zstd as its own program writes it', async () => {
    // `zstd -19` of a header and twenty equal packets.
    const packed = Buffer.from(ZSTD_SAMPLE, 'base64');
    const { packets } = await readCapture(packed);
    expect(packets).toHaveLength(20);
    expect(packets[19]).toEqual({ ...packets[0], number: 20 });
  });

  test('zstd that is cut gives what stands before', async () => {
    const bytes = zstdFrame([rawBlock(pcap.subarray(0, 2000), false), rawBlock(pcap.subarray(2000), true)]);
    const { packets, input } = await readCapture(bytes.subarray(0, 2500));
    expect(packets.length).toBeGreaterThan(10);
    expect(input.damage.notes.join()).toContain('zstd data ends too early');
  });

  test.each([
    ['a block type that is reserved', Buffer.concat([blockHeader(3, 5, true), Buffer.alloc(5)])],
    ['a repeated block that grows beyond all bounds', repeatedBlock(0, 2_000_000, true)],
    ['a packed block that is none', Buffer.concat([blockHeader(2, 50, true), Buffer.alloc(50, 0xff)])],
  ])('zstd with %s is damage', async (_name, block) => {
    const { packets, input } = await readCapture(zstdFrame([rawBlock(pcap, false), block]));
    expect(packets).toHaveLength(50);
    expect(input.damage.notes.join()).toContain('zstd data is damaged');
  });

  test('zstd that asks for a huge window is refused with the way out', async () => {
    const bytes = zstdFrame([rawBlock(pcap, true)], { windowDescriptor: 0x98 });
    await expect(readCapture(bytes)).rejects.toThrow(/needs 512 MiB.*zstd -d --long/);
  });

  test('zstd in thousands of tiny blocks is stopped', async () => {
    const tiny = Array.from({ length: 5000 }, () => repeatedBlock(1, 1, false));
    const { packets, input } = await readCapture(zstdFrame([rawBlock(pcap, false), ...tiny]));
    expect(packets).toHaveLength(50);
    expect(input.damage.notes.join()).toContain('unpack them first with zstd -d');
  });

  test('compressed within compressed has an end', async () => {
    expect((await readCapture(gzipSync(gzipSync(pcap)))).input.format).toBe('pcap+gzip+gzip');
    await expect(readCapture(gzipSync(gzipSync(gzipSync(pcap))))).rejects.toThrow(/more than 2 times/);
  });
});

describe('what is no capture', () => {
  test.each([
    ['', /is empty/],
    [' \n\t\n', /is empty/],
    ['snoop\0\0\0\0\0\0\x02', /snoop capture; convert it with: editcap -F pcapng test out.pcapng/],
    ['\xfd7zXZ\0\0', /packed with xz; unpack it with: xz -d/],
    ['BZh91AY&SY', /bzip2/],
    ['PK\x03\x04aaaa', /zip archive/],
    ['\x7fELF\x02\x01', /a program/],
    ['Dear all,\nit is slow.\n', /text, but no line of it is tcpdump's/],
    ['IP 10.0.0.1.4000 > 10.0.0.2.53: 1+ A? a.test. (24)\n', /without times \(-t\)/],
    ['\xd4\xc3\xb2\xa1\x02\0', /cut at byte 6, inside the header of a pcap/],
    ['\x01\x02\x03\x04\0\0\0\0\0\0\0', /no capture: it begins with bytes 01020304/],
    ['\x01', /no capture/],
  ])('%j is refused in one line', async (text, message) => {
    const opened = openChunks(Buffer.from(text, 'latin1'));
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toBeInstanceOf(UserError);
    await expect(opened).rejects.toThrow(/^[^\n]*$/);
  });

  test('what sysdig writes is no pcapng, and pcapng with system calls is', async () => {
    const section = '0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000';
    const block = (type: string): Uint8Array => Buffer.from(`${section}${type}0c0000000c000000`, 'hex');
    await expect(openChunks(block('01020000'))).rejects.toThrow(/sysdig or Falco; it holds system calls, no packets/);
    expect((await openChunks(block('08020000'))).kind).toBe('packets');
  });

  test('bytes that PowerShell turned into UTF-16 are named', async () => {
    const mangled = Buffer.concat([
      Buffer.from([0xff, 0xfe]),
      Buffer.from(Buffer.from(pcap).toString('latin1'), 'utf16le'),
    ]);
    await expect(openChunks(mangled)).rejects.toThrow(/PowerShell/);
  });

  test('garbage of any kind is refused or read, and nothing else', async () => {
    const magics = ['d4c3b2a1', 'a1b2c3d4', '0a0d0d0a', '1f8b0800', '28b52ffd', '502a4d18', 'fffe', '7b', '31383a30'];
    const bytes = fc.record({
      magic: fc.constantFrom('', ...magics),
      rest: fc.uint8Array({ maxLength: 400 }),
      size: fc.integer({ min: 1, max: 100 }),
    });
    await fc.assert(
      fc.asyncProperty(bytes, async ({ magic, rest, size }) => {
        const outcome = await readOrRefuse(Buffer.concat([Buffer.from(magic, 'hex'), rest]), size);
        expect(['read', 'refused']).toContain(outcome);
      }),
      { numRuns: 500 },
    );
  });
});

describe('rows', () => {
  test('come line by line, without their ends', async () => {
    const opened = await openChunks(Buffer.from('\n {"a":1}\r\n{"b":"ü"}'), 3);
    expect(await rowsOf(opened)).toEqual(['', ' {"a":1}', '{"b":"ü"}']);
  });

  test('also in gzip', async () => {
    expect(await rowsOf(await openChunks(gzipSync('{"a":1}\n')))).toEqual(['{"a":1}']);
  });
});

test('text in UTF-16, as PowerShell writes it, is text', async () => {
  const text = '18:09:09.252168 IP a.40000 > b.domain: 1+ A? x.test. (24)\r\n';
  const bytes = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
  for (const size of [1, 3, 1000]) {
    // oxlint-disable-next-line no-await-in-loop -- cases
    const { messages } = await readText(bytes, size);
    expect(messages.map(({ message }) => message.name)).toEqual(['x.test']);
  }
});

test('pcapng in gzip is told from its content as well', async () => {
  const bytes = new PcapngBuilder()
    .interface(1)
    .enhanced(0, 5n, { data: udpFrame(1) })
    .bytes();
  expect((await readCapture(gzipSync(bytes))).input.format).toBe('pcapng+gzip');
});

const ZSTD_SAMPLE =
  'KLUv/WRABP0BALLDCxXQZwwQUYpdeYCDRbLjuO5GX0kjZQr///iMmL7IF0/Qg8ung5r/peJ/vu/a3IMBBAAzpwj/3Xi5rsIgDipZ/6w=';
