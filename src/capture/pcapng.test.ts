import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { udpFrame } from './testing/build-pcap.ts';
import { PcapngBuilder } from './testing/build-pcapng.ts';
import { AddressTable } from '../base/addresses.ts';
import { ChunkSource } from './byte-source.ts';
import { openBytes } from './open.ts';
import { readCapture, readPackets } from './testing/read-all.ts';

const START = 1_700_000_000n;
const MICROSECONDS = START * 1_000_000n;
const frame = (mark: number) => ({ data: udpFrame(mark) });
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

describe.each([true, false])('pcapng, little-endian %s', (little) => {
  test('enhanced, simple and obsolete packets of two interfaces', async () => {
    const bytes = new PcapngBuilder(little)
      .interface(1, { snapLength: 96 })
      .interface(276, { resolution: 9 })
      .block(0x0bad, Buffer.alloc(40))
      .enhanced(0, MICROSECONDS + 5n, frame(1))
      .enhanced(1, START * 1_000_000_000n + 7_001n, { ...frame(2), wireLength: 1000 })
      .simple({ ...frame(3), wireLength: 50 })
      .obsolete(1, 3, START * 1_000_000_000n + 9_999n, frame(4))
      .bytes();
    const { packets, input } = await readCapture(bytes);
    expect(packets.map(({ number, time, linkType, interface: index }) => [number, time, linkType, index])).toEqual([
      [1, 0, 1, 0],
      [2, 2_001, 276, 1],
      // A simple packet has no time: it gets the one before, and belongs to the first interface.
      [3, 2_001, 1, 0],
      [4, 4_999, 276, 1],
    ]);
    expect(packets.map(({ data }) => data)).toEqual([1, 2, 3, 4].map((mark) => hex(udpFrame(mark))));
    expect(input).toMatchObject({
      format: 'pcapng',
      linkTypes: ['ethernet', 'linux-sll2'],
      snapLength: 96,
      packets: 4,
      firstPacketAt: START * 1_000_000_000n + 5_000n,
      endsAt: 4_999,
      damage: { cut: 1, undecodable: 0, droppedByCapture: 3, notes: [] },
    });
  });

  test.each([
    { resolution: 0, perSecond: 1n },
    { resolution: 3, perSecond: 1000n },
    { resolution: 6, perSecond: 1_000_000n },
    { resolution: 7, perSecond: 10_000_000n },
    { resolution: 9, perSecond: 1_000_000_000n },
    { resolution: 12, perSecond: 1_000_000_000_000n },
    { resolution: 0x80 | 4, perSecond: 16n },
    { resolution: 0x80 | 9, perSecond: 512n },
    { resolution: 0x80 | 20, perSecond: 1_048_576n },
    { resolution: 0x80 | 32, perSecond: 1n << 32n },
  ])('resolution $resolution is exact to the nanosecond', async ({ resolution, perSecond }) => {
    // Picoseconds since 1970 do not fit into 64 bits.
    const first = (perSecond > 1n << 33n ? 1000n : START) * perSecond + 3n;
    const times = [first, first + 1n, first + 12_345n, first + perSecond * 86_400n + 1n];
    const builder = new PcapngBuilder(little).interface(1, { resolution });
    for (const ticks of times) builder.enhanced(0, ticks, frame(1));
    const { packets, input } = await readCapture(builder.bytes());
    const absolute = (ticks: bigint): bigint => (ticks * 1_000_000_000n) / perSecond;
    expect(input.firstPacketAt).toBe(absolute(first));
    expect(packets.map(({ time }) => time)).toEqual(times.map((ticks) => Number(absolute(ticks) - absolute(first))));
  });

  test('times cross the boundary of the two words', async () => {
    const ticks = (1n << 32n) * 395_000n;
    const builder = new PcapngBuilder(little).interface(1);
    for (const by of [-1n, 0n, 1n]) builder.enhanced(0, ticks + by, frame(1));
    const { packets } = await readCapture(builder.bytes());
    expect(packets.map(({ time }) => time)).toEqual([0, 1000, 2000]);
  });

  test('the clock of each interface has its own offset', async () => {
    const bytes = new PcapngBuilder(little)
      .interface(1)
      .interface(1, { offsetSeconds: 100n })
      .interface(1, { offsetSeconds: -100n })
      .enhanced(0, MICROSECONDS, frame(1))
      .enhanced(1, MICROSECONDS, frame(2))
      .enhanced(2, MICROSECONDS, frame(3))
      .bytes();
    const { packets } = await readCapture(bytes);
    expect(packets.map(({ time }) => time)).toEqual([0, 100e9, -100e9]);
  });

  test('statistics say what was lost and when the capture ended', async () => {
    const bytes = new PcapngBuilder(little)
      .interface(1)
      .interface(1)
      .enhanced(0, MICROSECONDS, frame(1))
      .statistics(0, MICROSECONDS, { interfaceDropped: 5n })
      .statistics(1, MICROSECONDS, { systemDropped: 1n, interfaceDropped: 1n })
      // Cumulative: this replaces the first.
      .statistics(0, MICROSECONDS, { interfaceDropped: 7n, systemDropped: 2n, end: MICROSECONDS + 5_000_000n })
      .bytes();
    const { input } = await readCapture(bytes);
    expect(input.damage.droppedByCapture).toBe(11);
    expect(input.endsAt).toBe(5e9);
  });

  test('an end far from the last packet is not believed', async () => {
    const bytes = new PcapngBuilder(little)
      .interface(1)
      .enhanced(0, MICROSECONDS, frame(1))
      .statistics(0, MICROSECONDS, { end: MICROSECONDS * 2n })
      .bytes();
    expect((await readCapture(bytes)).input.endsAt).toBe(0);
  });

  test('a packet says how many were lost before it', async () => {
    const builder = new PcapngBuilder(little).interface(1);
    const lost = builder.count(4n);
    builder.enhanced(0, MICROSECONDS, frame(1), [
      [2, Buffer.alloc(4)],
      [4, lost],
    ]);
    expect((await readCapture(builder.bytes())).input.damage.droppedByCapture).toBe(4);
  });

  test('a block that cannot be read does not hide the next', async () => {
    const bytes = new PcapngBuilder(little)
      .interface(1)
      .enhanced(9, MICROSECONDS, frame(1))
      .block(6, Buffer.alloc(8))
      .enhanced(0, MICROSECONDS, frame(2))
      .bytes();
    const { packets, input } = await readCapture(bytes);
    expect(packets.map(({ data }) => data)).toEqual([hex(udpFrame(2))]);
    expect(input.damage.undecodable).toBe(2);
    expect(input.damage.notes[0]).toBe('a block that cannot be read at byte 48');
  });

  test('lengths that lie are bounded, and the next whole block is found', async () => {
    const builder = new PcapngBuilder(little).interface(1).enhanced(0, MICROSECONDS, frame(1));
    for (const length of [0, 8, 13, 0x7fff_fff0]) builder.block(6, Buffer.alloc(40), { length });
    builder.enhanced(0, MICROSECONDS + 1n, frame(2));
    const { packets, input } = await readCapture(builder.bytes());
    expect(packets.map(({ data }) => data)).toEqual([1, 2].map((mark) => hex(udpFrame(mark))));
    expect(input.damage.undecodable).toBeGreaterThan(0);
  });

  test('of two lengths that differ the one that leads to a block is right', async () => {
    const builder = new PcapngBuilder(little).interface(1);
    builder.block(0x0bad, Buffer.alloc(20), { trailer: 77 }).enhanced(0, MICROSECONDS, frame(1));
    const { packets, input } = await readCapture(builder.bytes());
    expect(packets).toHaveLength(1);
    expect(input.damage.undecodable).toBe(0);
  });

  test('a packet longer than its block is cut to it', async () => {
    const head = new DataView(new ArrayBuffer(28));
    head.setUint32(12, 5000, little);
    head.setUint32(16, 5000, little);
    const bytes = new PcapngBuilder(little).interface(1).block(6, new Uint8Array(head.buffer)).bytes();
    const { packets, input } = await readCapture(bytes);
    expect(packets[0]?.data).toHaveLength(16);
    expect(input.damage).toMatchObject({ undecodable: 1, cut: 1 });
  });

  test('a file that is cut keeps what stands and says where', async () => {
    const bytes = new PcapngBuilder(little).interface(1).enhanced(0, MICROSECONDS, frame(1)).bytes();
    const { packets, input } = await readCapture(bytes.subarray(0, bytes.length - 3));
    expect(packets).toHaveLength(0);
    expect(input.damage.notes[0]).toContain('at byte 48');
  });
});

test('sections in different byte orders follow one another; interfaces keep apart', async () => {
  const one = new PcapngBuilder(true).interface(1).enhanced(0, MICROSECONDS, frame(1)).bytes();
  const two = new PcapngBuilder(false)
    .interface(113)
    .enhanced(0, MICROSECONDS + 1n, frame(2))
    .bytes();
  const { packets } = await readCapture(Buffer.concat([one, two, one]));
  expect(packets.map(({ time, interface: index, linkType }) => [time, index, linkType])).toEqual([
    [0, 0, 1],
    [0, 2, 1],
    [1000, 1, 113],
  ]);
});

test('blocks that Wireshark numbers without being packets take a number', async () => {
  const bytes = new PcapngBuilder().interface(1).block(9, Buffer.alloc(8)).enhanced(0, MICROSECONDS, frame(1)).bytes();
  const { packets, input } = await readCapture(bytes);
  expect(packets[0]?.number).toBe(2);
  expect(input.packets).toBe(1);
});

test('interfaces without end are bounded', async () => {
  const one = new PcapngBuilder().interface(1).bytes().subarray(28);
  const head = new PcapngBuilder().bytes();
  const bytes = Buffer.concat([head, Buffer.concat(Array.from({ length: 70_000 }, () => one))]);
  const { input } = await readCapture(bytes);
  expect(input.damage.notes[0]).toContain('65,536 interfaces');
});

describe('properties', () => {
  const built = fc.array(
    fc.record({
      ticks: fc.bigInt({ min: MICROSECONDS, max: MICROSECONDS + 86_400_000_000n }),
      data: fc.uint8Array({ maxLength: 60 }),
      extra: fc.integer({ min: 0, max: 100 }),
    }),
    { maxLength: 10 },
  );

  test('what is built is read, whatever the size of the chunks', async () => {
    await fc.assert(
      fc.asyncProperty(built, fc.boolean(), fc.integer({ min: 1, max: 60 }), async (packets, little, size) => {
        const builder = new PcapngBuilder(little).interface(1);
        for (const { ticks, data, extra } of packets) {
          builder.enhanced(0, ticks, { data, wireLength: data.length + extra });
        }
        const { packets: inOrder, input } = await readCapture(builder.bytes(), size);
        const read = inOrder.toSorted((one, other) => one.number - other.number);
        const first = packets[0]?.ticks ?? 0n;
        expect(read.map(({ time, data, wireLength }) => ({ time, data, wireLength }))).toEqual(
          packets.map(({ ticks, data, extra }) => ({
            time: Number(ticks - first) * 1000,
            data: hex(data),
            wireLength: data.length + extra,
          })),
        );
        expect(input.damage.undecodable).toBe(0);
        expect(input.damage.cut).toBe(packets.filter(({ extra }) => extra > 0).length);
      }),
    );
  });

  test('cuts and flips neither throw nor hang, and chunks make no difference', async () => {
    const builder = new PcapngBuilder().interface(1).interface(276, { resolution: 9 });
    for (let mark = 0; mark < 12; mark++) builder.enhanced(mark % 2, MICROSECONDS + BigInt(mark), frame(mark));
    builder
      .simple(frame(3))
      .obsolete(1, 2, MICROSECONDS, frame(4))
      .statistics(0, MICROSECONDS, { interfaceDropped: 1n });
    const whole = builder.bytes();
    const damage = fc.record({
      cut: fc.integer({ min: 12, max: whole.length }),
      flips: fc.array(fc.tuple(fc.integer({ min: 4, max: whole.length - 1 }), fc.integer({ min: 1, max: 255 })), {
        maxLength: 6,
      }),
      size: fc.integer({ min: 1, max: 200 }),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ cut, flips, size }) => {
        const bytes = Uint8Array.from(whole.subarray(0, cut));
        for (const [at, by] of flips) if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ by;
        const once = await readCapture(bytes);
        expect(await readCapture(bytes, size)).toEqual(once);
        expect(once.packets.length).toBeLessThanOrEqual(14);
      }),
      { numRuns: 300 },
    );
  });
});

const TLS = 0x544c534b;
const WIREGUARD = 0x57474b4c;

/** A block's body: kind, length, text. @param claimed the length that it says */
function secrets(kind: number, text: string, little: boolean, claimed = text.length): Buffer {
  const head = new DataView(new ArrayBuffer(8));
  head.setUint32(0, kind, little);
  head.setUint32(4, claimed, little);
  return Buffer.concat([new Uint8Array(head.buffer), Buffer.from(text), Buffer.alloc(-text.length & 3)]);
}

async function secretsOf(bytes: Uint8Array): Promise<{ said: string[]; packets: number; undecodable: number }> {
  const said: string[] = [];
  async function* one(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  const opened = await openBytes(new ChunkSource(one()), 'test', 0, {
    addresses: new AddressTable(),
    onSecrets: (keyLog) => void said.push(Buffer.from(keyLog).toString()),
  });
  if (opened.kind !== 'packets') throw new Error(`read as ${opened.kind}`);
  const packets = await readPackets(opened.source);
  return { said, packets: packets.length, undecodable: opened.source.input.damage.undecodable };
}

describe('decryption secrets', () => {
  test.each([true, false])('of TLS are handed on, little-endian %s', async (little) => {
    const bytes = new PcapngBuilder(little)
      .interface(1)
      .block(10, secrets(TLS, 'CLIENT_RANDOM a\n', little))
      .block(10, secrets(WIREGUARD, 'LOCAL_STATIC_PRIVATE_KEY = b\n', little))
      .enhanced(0, MICROSECONDS, frame(1))
      .block(10, secrets(TLS, 'CLIENT_RANDOM c', little))
      .bytes();
    expect(await secretsOf(bytes)).toEqual({
      said: ['CLIENT_RANDOM a\n', 'CLIENT_RANDOM c'],
      packets: 1,
      undecodable: 0,
    });
  });

  test('end with their block, whatever length they claim', async () => {
    const bytes = new PcapngBuilder()
      .interface(1)
      .block(10, secrets(TLS, 'abcd', true, 0xffffffff))
      .block(10, Buffer.alloc(4))
      .enhanced(0, MICROSECONDS, frame(1))
      .bytes();
    expect(await secretsOf(bytes)).toEqual({ said: ['abcd'], packets: 1, undecodable: 1 });
  });
});
