import { AddressTable } from '../../src/base/addresses.ts';
import { openInput } from '../../src/capture/open.ts';
import { createDecoder } from '../../src/decode/decoder.ts';
import { createExtract } from '../../src/extract.ts';
import { endsOf } from '../../src/flows/tcp-stream.ts';
import { createTcpStreams } from '../../src/flows/tcp-streams.ts';
import { createDnsMessage } from '../../src/model/dns-message.ts';
import { copyLookup, type Lookup } from '../../src/model/lookup.ts';
import { createLayers, IP_PROTOCOL, type Layers } from '../../src/model/packet.ts';
import type { PacketSource } from '../../src/model/source.ts';
import { createDnsParser } from '../../src/protocols/dns/message.ts';
import { createDnsFramer } from '../../src/protocols/dns/over-tcp.ts';

/** One DNS message as the program's own rooms decode it. */
export interface Message {
  /** The packet that completed it. */
  number: number;
  /** Nanoseconds since 1970. */
  time: bigint;
  transport: 'udp' | 'tcp';
  source: string;
  sourcePort: number;
  destination: string;
  destinationPort: number;
  id: number;
  response: boolean;
  opcode: number;
  rcode: number;
  name: string;
  type: number;
  answers: number;
}

export interface Reading {
  messages: Message[];
  /** Datagrams and framed messages from or to a DNS port that are none. */
  malformed: number;
  /** What the program says of the capture's damage, in words. */
  notes: readonly string[];
  /** What the program itself makes of the same packets. */
  lookups: Lookup[];
  counts: { queries: number; replies: number; duplicates: number; orphanReplies: number; malformed: number };
}

type Place = Pick<Layers, 'number' | 'time' | 'protocol' | 'source' | 'sourcePort' | 'destination' | 'destinationPort'>;

export interface DnsReader {
  /**
   * Reads a capture message by message, for oracles that speak of packets, and where there is any
   * message once more through the program's own first half, for its rows and counts.
   * @throws UserError where it is no capture
   */
  read(path: string, ports?: readonly number[]): Promise<Reading>;
}

export function createDnsReader(): DnsReader {
  const addresses = new AddressTable();
  const parser = createDnsParser(addresses);
  const message = createDnsMessage();

  async function read(path: string, ports: readonly number[] = [53]): Promise<Reading> {
    const reading: Reading = {
      messages: [],
      malformed: 0,
      notes: [],
      lookups: [],
      counts: { queries: 0, replies: 0, duplicates: 0, orphanReplies: 0, malformed: 0 },
    };
    await readMessages(await open(path, addresses), ports, reading);
    if (reading.messages.length + reading.malformed > 0) await extract(path, ports, reading);
    return reading;
  }

  async function readMessages(source: PacketSource, ports: readonly number[], reading: Reading): Promise<void> {
    const layers = createLayers();
    const decoder = createDecoder({ addresses }, source.input.damage);
    const isDns = (port: number): boolean => ports.includes(port);

    function take(place: Place, bytes: Uint8Array, start: number, end: number): void {
      if (!parser.parse(bytes, start, end, message)) {
        reading.malformed++;
        return;
      }
      if (!isDns(message.response ? place.sourcePort : place.destinationPort)) return;
      const { id, response, opcode, rcode, name, type, answerCount } = message;
      reading.messages.push({
        number: place.number,
        time: (source.input.firstPacketAt ?? 0n) + BigInt(place.time),
        transport: place.protocol === IP_PROTOCOL.tcp ? 'tcp' : 'udp',
        source: addresses.text(place.source),
        sourcePort: place.sourcePort,
        destination: addresses.text(place.destination),
        destinationPort: place.destinationPort,
        id,
        response,
        opcode,
        rcode,
        name,
        type,
        answers: answerCount,
      });
    }

    const framers = new Map<number, { place: Place; framer: ReturnType<typeof createDnsFramer> }>();
    const streams = createTcpStreams({
      addresses,
      onData(stream, bytes, start, end, { number, time }) {
        const ends = endsOf(stream);
        if (!isDns(ends.sourcePort) && !isDns(ends.destinationPort)) return;
        const place = { ...ends, number, time, protocol: IP_PROTOCOL.tcp };
        let own = framers.get(stream.id);
        if (own === undefined) {
          const created = { place, framer: createDnsFramer((...found) => take(created.place, ...found)) };
          framers.set(stream.id, created);
          own = created;
        }
        own.place = place;
        own.framer.push(bytes, start, end);
      },
      onGap: (stream) => framers.get(stream.id)?.framer.gap(),
      onEnd: (stream) => void framers.delete(stream.id),
    });

    await eachPacket(source, () => {
      if (!decoder.decode(source.packet, layers)) return;
      if (layers.protocol === IP_PROTOCOL.tcp) streams.push(layers);
      else if (layers.protocol === IP_PROTOCOL.udp && (isDns(layers.sourcePort) || isDns(layers.destinationPort))) {
        take(layers, layers.bytes, layers.payloadStart, layers.payloadEnd);
      }
    });
    streams.finish();
    reading.notes = source.input.damage.notes;
  }

  return { read };
}

async function extract(path: string, ports: readonly number[], reading: Reading): Promise<void> {
  const addresses = new AddressTable();
  const source = await open(path, addresses);
  const lookup = (found: Lookup): void => void reading.lookups.push(copyLookup(found));
  const observer = { lookup, connection: () => {}, exchange: () => {} };
  const stages = createExtract({ addresses, dnsPorts: ports, observer });
  stages.begin(source.input);
  await eachPacket(source, () => stages.packet(source.packet));
  stages.finish([source.input]);
  const { queries, replies, duplicates, orphanReplies, malformed } = stages.counts;
  reading.counts = { queries, replies, duplicates: duplicates[0] ?? 0, orphanReplies, malformed };
}

async function open(path: string, addresses: AddressTable): Promise<PacketSource> {
  const opened = await openInput(path, 0, { addresses });
  if (opened.kind !== 'packets') throw new Error(`${path} is ${opened.kind}`);
  return opened.source;
}

async function eachPacket(source: PacketSource, visit: () => void): Promise<void> {
  for (;;) {
    const state = source.next();
    if (state === 'end') return;
    if (state === 'packet') visit();
    // oxlint-disable-next-line no-await-in-loop -- one read after another
    else await source.fill();
  }
}
