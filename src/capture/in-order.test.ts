import { EventEmitter, once } from 'node:events';
import { Readable } from 'node:stream';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AddressTable } from '../base/addresses.ts';
import type { PacketSource } from '../model/source.ts';
import { ChunkSource } from './byte-source.ts';
import { openBytes } from './open.ts';
import { buildPcap, udpFrame } from './testing/build-pcap.ts';
import { PcapngBuilder } from './testing/build-pcapng.ts';
import { readCapture, readPackets, type ReadPacket } from './testing/read-all.ts';

const START = 1_700_000_000;
const MILLISECOND = 1_000_000;

/** A capture whose packets stand in the order given, each with its own bytes. */
const pcapOf = (times: readonly number[], size = 8): Uint8Array =>
  buildPcap(
    times.map((time, index) => ({
      seconds: START + Math.floor(time / 1e9),
      nanoseconds: ((time % 1e9) + 1e9) % 1e9,
      data: udpFrame(index, Buffer.alloc(size, index)),
    })),
    { nanoseconds: true },
  );

/** Times in which they are read, as the file's own origin has it. */
const timesOf = (packets: readonly ReadPacket[], first: number): number[] => packets.map(({ time }) => time + first);
const numbersOf = (packets: readonly ReadPacket[]): number[] => packets.map(({ number }) => number);

test('packets that overtook one another are read in order, each with its number and bytes', async () => {
  const { packets, input } = await readCapture(pcapOf([0, 3000, 1000, 2000, 2000, 4000]));
  expect(numbersOf(packets)).toEqual([1, 3, 4, 5, 2, 6]);
  expect(packets.map(({ data }) => data)).toEqual(
    [0, 2, 3, 4, 1, 5].map((mark) => Buffer.from(udpFrame(mark, Buffer.alloc(8, mark))).toString('hex')),
  );
  expect(input.damage.notes).toEqual(['3 packets out of order, by up to 2 µs: read in the order of their times']);
});

test('however much was handed out before, as much is looked ahead', async () => {
  const times = Array.from({ length: 3000 }, (_, index) => index * 1000);
  // 3 MB in all; the last but 50 comes last.
  const [late] = times.splice(-50, 1) as [number];
  const { packets } = await readCapture(pcapOf([...times, late], 1000));
  const read = packets.map(({ time }) => time);
  expect(read).toEqual(read.toSorted((a, b) => a - b));
});

test('a capture in order has nothing to tell', async () => {
  const { packets, input } = await readCapture(pcapOf([0, 0, 1, 1, 900e9, 901e9]));
  expect(numbersOf(packets)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(input.damage.notes).toEqual([]);
});

test('where the clock was set back, packets stay as they are written', async () => {
  const times = [0, 1, 2, 3].map((index) => index * MILLISECOND);
  const { packets, input } = await readCapture(
    pcapOf([...times, ...times.map((time) => time - 200 * MILLISECOND), -190 * MILLISECOND, -195 * MILLISECOND]),
  );
  expect(numbersOf(packets)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 10, 9]);
  expect(input.damage.notes[1]).toBe(
    'the clock goes back 1 time, by up to 203 ms: what spans such a place is measured wrong',
  );
});

test('one packet of a far future puts no others out of order', async () => {
  const { packets } = await readCapture(pcapOf([0, 1000, 3e15, 3000, 2000, 4000]));
  expect(numbersOf(packets)).toEqual([1, 2, 3, 5, 4, 6]);
});

test("an interface's packets may come later than another's by more than a clock is ever turned back", async () => {
  const builder = new PcapngBuilder().interface(1).interface(1);
  for (const [index, time] of [
    [0, 0],
    [0, 100],
    [0, 300],
    [1, 50],
    [1, 200],
    [0, 310],
    [0, 110],
  ] as const) {
    builder.enhanced(index, 1_700_000_000_000_000n + BigInt(time * 1000), { data: udpFrame(time) });
  }
  const { packets, input } = await readCapture(builder.bytes());
  // The last goes back by 200 ms on its own interface.
  expect(numbersOf(packets)).toEqual([1, 4, 2, 5, 3, 6, 7]);
  expect(input.damage.notes).toHaveLength(2);
});

test('all move with the offset once, those that are read already included', async () => {
  const times = [0, 2000, 1000, 600 * MILLISECOND, 601 * MILLISECOND];
  const opened = await openBytes(new ChunkSource(Readable.from([pcapOf(times)])), 'test', 0, {
    addresses: new AddressTable(),
  });
  const { source } = opened as { source: PacketSource };
  // oxlint-disable-next-line no-await-in-loop -- one read after another
  while (source.next() === 'more') await source.fill();
  source.offset = 5e9;
  const read = [source.packet.time, ...(await readPackets(source)).map(({ time }) => time)];
  expect(read).toEqual([0, 1000, 2000, 600 * MILLISECOND, 601 * MILLISECOND].map((time) => time + 5e9));
  expect(source.input).toMatchObject({ startsAt: 5e9, endsAt: 5e9 + 601 * MILLISECOND });
});

describe('whatever the size of the chunks', () => {
  const jitters = fc.array(fc.nat(40), { minLength: 1, maxLength: 600 });

  test('packets within the bounds are in order, and those of one time in the order of the file', async () => {
    await fc.assert(
      fc.asyncProperty(jitters, fc.integer({ min: 1, max: 4000 }), async (late, size) => {
        // Each is written so many places late, so none waits for more than the first look ahead.
        const written = late
          .map((places, index) => ({ time: Math.floor(index / 2) * 1000, place: index + places }))
          .toSorted((one, other) => one.place - other.place)
          .map(({ time }) => time);
        const { packets } = await readCapture(pcapOf(written, 40), size);
        const sorted = written.map((time, index) => ({ time, number: index + 1 }));
        sorted.sort((one, other) => one.time - other.time || one.number - other.number);
        expect(numbersOf(packets)).toEqual(sorted.map(({ number }) => number));
        expect(timesOf(packets, written[0] as number)).toEqual(sorted.map(({ time }) => time));
        for (const { number, data } of packets) {
          const mark = number - 1;
          expect(data).toBe(Buffer.from(udpFrame(mark, Buffer.alloc(40, mark))).toString('hex'));
        }
      }),
      { numRuns: 60 },
    );
  });

  test('any times at all lose and repeat no packet', async () => {
    const times = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 700 });
    await fc.assert(
      fc.asyncProperty(times, fc.integer({ min: 1, max: 4000 }), async (written, size) => {
        const bytes = pcapOf(written.map((time) => time * MILLISECOND));
        const { packets } = await readCapture(bytes, size);
        expect(numbersOf(packets).toSorted((one, other) => one - other)).toEqual(written.map((_, index) => index + 1));
        for (const { number, data } of packets) {
          const mark = number - 1;
          expect(data).toBe(Buffer.from(udpFrame(mark, Buffer.alloc(8, mark))).toString('hex'));
        }
      }),
      { numRuns: 60 },
    );
  });
});

const queue = (from: number): number[] => Array.from({ length: 1000 }, (_, index) => from + index * 10_000);

test('far more wait once one was late', async () => {
  // A thousand of one queue, then a thousand of the other, twice.
  const { packets } = await readCapture(
    pcapOf([0, 2000, 1000, ...queue(10_000), ...queue(15_000), ...queue(11e6), ...queue(11.005e6)]),
  );
  const times = timesOf(packets, 0);
  expect(times).toEqual(times.toSorted((one, other) => one - other));
});

/** What was read and the largest buffer that it took. */
async function readMeasured(bytes: Uint8Array): Promise<{ packets: number; bytes: number }> {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let start = 0; start < bytes.length; start += 1 << 18) yield bytes.subarray(start, start + (1 << 18));
  }
  const opened = await openBytes(new ChunkSource(chunks()), 'test', 0, { addresses: new AddressTable() });
  const { source } = opened as { source: PacketSource };
  const read = { packets: 0, bytes: 0 };
  for (;;) {
    const state = source.next();
    if (state === 'end') return read;
    // oxlint-disable-next-line no-await-in-loop -- one read after another
    if (state === 'more') await source.fill();
    else {
      read.packets++;
      read.bytes = Math.max(read.bytes, source.packet.bytes.length);
    }
  }
}

test('a packet that is early by less than a clock is set keeps no capture in memory', async () => {
  const times = [0, 1000, 500, 100 * MILLISECOND, ...Array.from({ length: 12_000 }, (_, index) => 2000 + index)];
  const read = await readMeasured(pcapOf(times, 1000));
  expect(read.packets).toBe(times.length);
  expect(read.bytes).toBeLessThanOrEqual(4 << 20);
});

test('what a pipe gives is not held back for what does not come', async () => {
  const bytes = pcapOf([0, 2000, 1000]);
  const pipe = new EventEmitter();
  const ended = once(pipe, 'end');
  async function* live(): AsyncGenerator<Uint8Array> {
    yield bytes;
    await ended;
  }
  const opened = await openBytes(new ChunkSource(live()), 'test', 0, { addresses: new AddressTable() });
  const { source } = opened as { source: PacketSource };
  const numbers: number[] = [];
  while (numbers.length < 3) {
    if (source.next() === 'packet') numbers.push(source.packet.number);
    // oxlint-disable-next-line no-await-in-loop -- one read after another
    else await source.fill();
  }
  expect(numbers).toEqual([1, 3, 2]);
  pipe.emit('end');
  expect(await readPackets(source)).toEqual([]);
});
