import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildPcap, pcapHeader, pcapRecord, udpFrame, udpPacket, type BuiltPacket } from './testing/build-pcap.ts';
import { openPackets, readCapture, readPackets } from './testing/read-all.ts';

const START = 1_700_000_000;
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

const packets = (count: number, gapNanoseconds = 1_234_000): BuiltPacket[] =>
  Array.from({ length: count }, (_, index) => {
    const nanoseconds = index * gapNanoseconds;
    return { seconds: START + Math.floor(nanoseconds / 1e9), nanoseconds: nanoseconds % 1e9, data: udpFrame(index) };
  });

describe('pcap', () => {
  test.each([
    { little: true, nanoseconds: false, modified: false },
    { little: false, nanoseconds: false, modified: false },
    { little: true, nanoseconds: true, modified: false },
    { little: false, nanoseconds: true, modified: false },
    { little: true, nanoseconds: false, modified: true },
  ])('is read in the shape $little $nanoseconds $modified', async (shape) => {
    const built = packets(5);
    const { packets: read, input } = await readCapture(buildPcap(built, { ...shape, linkType: 276, snapLength: 96 }));
    expect(read.map(({ data }) => data)).toEqual(built.map(({ data }) => hex(data)));
    expect(read.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
    expect(read.map(({ time }) => time)).toEqual([0, 1_234_000, 2_468_000, 3_702_000, 4_936_000]);
    expect(input).toMatchObject({
      format: 'pcap',
      packets: 5,
      linkTypes: ['linux-sll2'],
      snapLength: 96,
      firstPacketAt: BigInt(START) * 1_000_000_000n,
      startsAt: 0,
      endsAt: 4_936_000,
      damage: { cut: 0, undecodable: 0, notes: [] },
    });
  });

  test('keeps nanoseconds exact a hundred days after the first packet', async () => {
    const data = udpFrame(0);
    const later = 100 * 86_400;
    const bytes = buildPcap(
      [
        { seconds: START, nanoseconds: 999_999_999, data },
        { seconds: START + later, nanoseconds: 1, data },
      ],
      { nanoseconds: true },
    );
    const { packets: read } = await readCapture(bytes);
    expect(read[1]?.time).toBe(later * 1e9 - 999_999_998);
  });

  test('a packet may be earlier than the first', async () => {
    const data = udpFrame(0);
    const { packets: read, input } = await readCapture(
      buildPcap([
        { seconds: START, nanoseconds: 500_000_000, data },
        { seconds: START, nanoseconds: 499_000_000, data },
      ]),
    );
    expect(read.map(({ number, time }) => [number, time])).toEqual([
      [2, -1_000_000],
      [1, 0],
    ]);
    expect(input.endsAt).toBe(0);
  });

  test('moves with its offset, the packet at hand included', async () => {
    const source = await openPackets(buildPcap(packets(3)));
    while (source.next() === 'more') {
      // oxlint-disable-next-line no-await-in-loop -- one read after another
      await source.fill();
    }
    source.offset = 5_000;
    expect(source.packet.time).toBe(5_000);
    expect(source.input.startsAt).toBe(5_000);
    const rest = await readPackets(source);
    expect(rest.map(({ time }) => time)).toEqual([1_239_000, 2_473_000]);
    expect(source.input.endsAt).toBe(2_473_000);
  });

  test('the frame check sequence in the upper bits is no part of the link type', async () => {
    const { packets: read } = await readCapture(buildPcap(packets(1), { linkType: 0x54000001 }));
    expect(read[0]?.linkType).toBe(1);
  });

  test('what the snap length cut is counted', async () => {
    const data = udpFrame(0);
    const { packets: read, input } = await readCapture(
      buildPcap([{ seconds: START, nanoseconds: 0, data, wireLength: 1500 }]),
    );
    expect(read[0]?.wireLength).toBe(1500);
    expect(input.damage.cut).toBe(1);
  });

  test('a file that is cut keeps what stands and says where', async () => {
    const bytes = buildPcap(packets(3));
    const { packets: read, input } = await readCapture(bytes.subarray(0, bytes.length - 1));
    expect(read).toHaveLength(2);
    expect(input.damage.cut).toBe(1);
    expect(input.damage.notes[0]).toContain('at byte 156');
  });

  test('captures put together with cat are one, whatever their shape', async () => {
    const built = packets(4);
    const bytes = Buffer.concat([
      buildPcap(built.slice(0, 2)),
      buildPcap([]),
      buildPcap(built.slice(2), { little: false, nanoseconds: true, linkType: 113 }),
    ]);
    const { packets: read, input } = await readCapture(bytes);
    expect(await readCapture(bytes, 7)).toEqual({ packets: read, input });
    // Read with the first header's byte order the second header's zeros still are zeros.
    expect(read.map(({ time }) => time)).toEqual([0, 1_234_000, 2_468_000, 3_702_000]);
    expect(read.map(({ linkType }) => linkType)).toEqual([1, 1, 113, 113]);
    expect(input.linkTypes).toEqual(['ethernet', 'linux-sll']);
    expect(input.damage.notes[0]).toContain('another capture begins at byte 156');
  });

  test('finds its place again after bytes that are no record', async () => {
    const built = packets(12);
    const good = built.map((packet) => pcapRecord(packet));
    const junk = Buffer.alloc(333, 0xee);
    const bytes = Buffer.concat([pcapHeader(), ...good.slice(0, 4), junk, ...good.slice(4)]);
    const { packets: read, input } = await readCapture(bytes);
    expect(read.map(({ data }) => data)).toEqual(built.map(({ data }) => hex(data)));
    expect(input.damage.undecodable).toBe(1);
    expect(input.damage.notes).toEqual([`no record can be read from byte ${24 + 4 * 66} to ${24 + 4 * 66 + 333}`]);
  });

  test('a file that ends in zeros, as after a crash, ends before them', async () => {
    const bytes = Buffer.concat([buildPcap(packets(6)), Buffer.alloc(5000)]);
    const { packets: read, input } = await readCapture(bytes);
    expect(read).toHaveLength(6);
    expect(input.damage.undecodable).toBe(1);
  });
});

describe('a pcap without its header', () => {
  const ethernet = packets(10);
  const raw = ethernet.map((packet, index) => ({ ...packet, data: udpPacket(index) }));
  const sll = raw.map((packet) => ({
    ...packet,
    data: Buffer.concat([Buffer.from('00040001000602420a00000100000800', 'hex'), packet.data]),
  }));
  const sll2 = raw.map((packet) => ({
    ...packet,
    data: Buffer.concat([Buffer.from('08000000000000020001040602420a0000010000', 'hex'), packet.data]),
  }));
  const loopback = raw.map((packet) => ({ ...packet, data: Buffer.concat([Buffer.from([2, 0, 0, 0]), packet.data]) }));

  test.each([
    { name: 'ethernet', built: ethernet, linkType: 1 },
    { name: 'raw', built: raw, linkType: 101 },
    { name: 'sll', built: sll, linkType: 113 },
    { name: 'sll2', built: sll2, linkType: 276 },
    { name: 'null', built: loopback, linkType: 0 },
  ])('$name is found in either byte order and resolution', async ({ built, linkType }) => {
    for (const little of [true, false]) {
      for (const nanoseconds of [true, false]) {
        const records = Buffer.concat(built.map((packet) => pcapRecord(packet, { little, nanoseconds })));
        // The last bytes of the header, or of a record, may still be there.
        for (const lead of [0, 5]) {
          const bytes = Buffer.concat([Buffer.alloc(lead, 0x81), records]);
          // oxlint-disable-next-line no-await-in-loop -- cases
          const { packets: read, input } = await readCapture(bytes);
          expect(read.map(({ data }) => data)).toEqual(built.map(({ data }) => hex(data)));
          expect(new Set(read.map((packet) => packet.linkType))).toEqual(new Set([linkType]));
          expect(read.at(-1)?.time).toBe(9 * 1_234_000);
          expect(input.format).toBe('pcap without its header');
          expect(input.damage.notes[0]).toContain(`from byte ${lead} on`);
        }
      }
    }
  });

  test('packets that do not tell their link type are refused', async () => {
    const bytes = Buffer.concat(ethernet.map((packet) => pcapRecord({ ...packet, data: Buffer.alloc(60, 0xff) })));
    await expect(readCapture(bytes)).rejects.toThrow(/link type/);
  });
});

describe('properties', () => {
  const builtPacket = fc.record({
    seconds: fc.integer({ min: 1_000_000_000, max: 1_000_000_000 + 86_400 }),
    nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
    data: fc.uint8Array({ minLength: 1, maxLength: 80 }),
  });
  const shape = fc.record({ little: fc.boolean(), nanoseconds: fc.boolean(), modified: fc.constant(false) });

  test('what is built is read, whatever the size of the chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(builtPacket, { maxLength: 12 }),
        shape,
        fc.integer({ min: 1, max: 50 }),
        async (built, as, size) => {
          const { packets: inOrder, input } = await readCapture(buildPcap(built, as), size);
          const read = inOrder.toSorted((one, other) => one.number - other.number);
          const unit = as.nanoseconds ? 1 : 1000;
          const fraction = (packet: BuiltPacket): number => Math.floor(packet.nanoseconds / unit) * unit;
          const since = (first: BuiltPacket, packet: BuiltPacket): number =>
            (packet.seconds - first.seconds) * 1e9 + fraction(packet) - fraction(first);
          expect(read.map(({ data, time }) => ({ data, time }))).toEqual(
            built.map((packet) => ({ data: hex(packet.data), time: since(built[0] as BuiltPacket, packet) })),
          );
          expect(input.damage).toMatchObject({ cut: 0, undecodable: 0 });
        },
      ),
    );
  });

  test('cuts and flips neither throw nor hang, and chunks make no difference', async () => {
    const whole = buildPcap(packets(40));
    const damage = fc.record({
      cut: fc.integer({ min: 24, max: whole.length }),
      flips: fc.array(fc.tuple(fc.integer({ min: 24, max: whole.length - 1 }), fc.integer({ min: 1, max: 255 })), {
        maxLength: 6,
      }),
      size: fc.integer({ min: 1, max: 200 }),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ cut, flips, size }) => {
        const bytes = Uint8Array.from(whole.subarray(0, cut));
        for (const [at, by] of flips) if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ by;
        const once = await readCapture(bytes);
        const chunked = await readCapture(bytes, size);
        expect(chunked).toEqual(once);
        expect(once.packets.length).toBeLessThanOrEqual(41);
      }),
    );
  });
});
