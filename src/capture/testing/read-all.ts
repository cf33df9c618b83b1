import { AddressTable } from '../../base/addresses.ts';
import type { Input } from '../../model/input.ts';
import type { OpenedInput, PacketSource, TextSource } from '../../model/source.ts';
import { ChunkSource } from '../byte-source.ts';
import { openBytes } from '../open.ts';

export interface ReadPacket {
  number: number;
  time: number;
  linkType: number;
  interface: number;
  wireLength: number;
  data: string;
}

/** One DNS message of a text, or what an ICMP error is about, copied. */
export interface ReadMessage {
  isUnreachable: boolean;
  number: number;
  time: number;
  version: number;
  protocol: number;
  source: string;
  sourcePort: number;
  destination: string;
  destinationPort: number;
  payloadLength: number;
  cookedType: number;
  message: TextSource['message'];
}

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

/** Opens bytes in memory as a pipe that gives `size` bytes at a time. */
export const openChunks = (bytes: Uint8Array, size = 1 << 16, addresses = new AddressTable()): Promise<OpenedInput> =>
  openBytes(new ChunkSource(chunksOf(bytes, size)), 'test', 0, { addresses });

export async function openPackets(bytes: Uint8Array, size?: number): Promise<PacketSource> {
  const opened = await openChunks(bytes, size);
  if (opened.kind !== 'packets') throw new Error(`read as ${opened.kind}`);
  return opened.source;
}

/** All packets, copied; with a bound on turns, so that a reader that hangs fails. */
export async function readPackets(source: PacketSource): Promise<ReadPacket[]> {
  const packets: ReadPacket[] = [];
  await drain(source, () => {
    const { number, time, linkType, interface: index, wireLength, bytes, start, end } = source.packet;
    const data = Buffer.from(bytes.subarray(start, end)).toString('hex');
    packets.push({ number, time, linkType, interface: index, wireLength, data });
  });
  return packets;
}

export async function readCapture(bytes: Uint8Array, size?: number): Promise<{ packets: ReadPacket[]; input: Input }> {
  const source = await openPackets(bytes, size);
  return { packets: await readPackets(source), input: source.input };
}

export async function readText(
  text: string | Uint8Array,
  size?: number,
): Promise<{ messages: ReadMessage[]; input: Input; source: TextSource }> {
  const addresses = new AddressTable();
  const opened = await openChunks(typeof text === 'string' ? Buffer.from(text) : text, size, addresses);
  if (opened.kind !== 'text') throw new Error(`read as ${opened.kind}`);
  const { source } = opened;
  const messages: ReadMessage[] = [];
  await drain(source, () => {
    const { layers, message } = source;
    messages.push({
      isUnreachable: source.isUnreachable,
      number: layers.number,
      time: layers.time,
      version: layers.version,
      protocol: layers.protocol,
      source: addresses.text(layers.source),
      sourcePort: layers.sourcePort,
      destination: addresses.text(layers.destination),
      destinationPort: layers.destinationPort,
      payloadLength: layers.payloadLength,
      cookedType: layers.cookedType,
      message: { ...message, addresses: [...message.addresses] },
    });
  });
  return { messages, input: source.input, source };
}

async function drain(source: PacketSource | TextSource, onPacket: () => void): Promise<void> {
  let dryTurns = 0;
  for (;;) {
    const state = source.next();
    if (state === 'end') return;
    if (state === 'packet') {
      dryTurns = 0;
      onPacket();
      continue;
    }
    if (++dryTurns > 10_000_000) throw new Error('no packet, no end');
    // oxlint-disable-next-line no-await-in-loop -- one read after another
    await source.fill();
  }
}
