import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkSource } from './byte-source.ts';
import { ByteWindow } from './byte-window.ts';
import { TerminalSource } from './terminal.ts';
import { buildPcap, udpFrame } from './testing/build-pcap.ts';
import { readCapture } from './testing/read-all.ts';

/** What a terminal makes of it (ONLCR). */
const throughTerminal = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from([...bytes].flatMap((byte) => (byte === 0x0a ? [0x0d, 0x0a] : [byte])));

/** Packets of 10.… addresses with a payload, of which each second is other bytes. */
const pcapOf = (payload: string) =>
  buildPcap(
    Array.from({ length: 60 }, (_, index) => ({
      seconds: 1_700_000_000 + index,
      nanoseconds: 1000 * index,
      data: udpFrame(index, Buffer.from(index % 2 === 0 ? payload : `${index}\n\r\n${payload}`)),
    })),
  );

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

describe('a terminal on the way', () => {
  it('is undone, whatever the bytes and their chunks', async () => {
    const byte = fc.oneof(fc.constantFrom(0x0a, 0x0d), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(byte, { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), async (list, size) => {
        const bytes = Uint8Array.from(list);
        const source = new TerminalSource(new ByteWindow(new ChunkSource(chunks(throughTerminal(bytes), size)), 4));
        const read = new ByteWindow(source, 8);
        // oxlint-disable-next-line no-await-in-loop -- one read after another
        while (!read.ended) await read.fill();
        expect([...read.bytes.subarray(read.start, read.end)]).toEqual(list);
      }),
    );
  });

  const pcap = pcapOf('a line\nanother\n');

  it('leaves a capture as it was, which says so', async () => {
    const { packets, input } = await readCapture(throughTerminal(pcap));
    const whole = await readCapture(pcap);
    expect(packets).toEqual(whole.packets);
    expect(input.damage.notes.join()).toContain('it came through a terminal');
    expect(whole.input.damage.notes).toEqual([]);
  });

  it('and what tcpdump said there before', async () => {
    const said = Buffer.from('tcpdump: listening on eth0, link-type EN10MB (Ethernet)\n');
    const { packets } = await readCapture(throughTerminal(Buffer.concat([said, pcap])));
    expect(packets).toHaveLength(60);
  });

  it('is not made out of lines that end so of themselves', async () => {
    const own = buildPcap(
      Array.from({ length: 40 }, (_, index) => ({
        seconds: 1_700_000_100,
        nanoseconds: 0,
        data: Buffer.from(`HTTP/1.1 200 OK\r\nAge: ${index}\r\n\r\n`),
      })),
    );
    const { packets, input } = await readCapture(own);
    expect(packets).toHaveLength(40);
    expect(input.damage.notes).toEqual([]);
  });
});
