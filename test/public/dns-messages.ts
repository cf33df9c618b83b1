import { AddressTable } from '../../src/base/addresses.ts';
import { openInput } from '../../src/capture/open.ts';
import { createDecoder } from '../../src/decode/decoder.ts';
import { createExtract } from '../../src/extract.ts';
import { createTcpStreams } from '../../src/flows/tcp-streams.ts';
import { createDnsMessage } from '../../src/model/dns-message.ts';
import { createDamage } from '../../src/model/input.ts';
import { copyLookup, type Lookup } from '../../src/model/lookup.ts';
import { createLayers, IP_PROTOCOL, type Layers } from '../../src/model/packet.ts';
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
  questions: number;
  name: string;
  type: number;
  answers: number;
}

export interface Reading {
  messages: Message[];
  /** Datagrams and framed messages from or to a DNS port that are none. */
  malformed: number;
  /** What the program itself made of the same packets. */
  lookups: Lookup[];
  counts: { queries: number; replies: number; duplicates: number; orphanReplies: number; malformed: number };
}

type Place = Pick<
  Layers,
  'number' | 'time' | 'protocol' | 'source' | 'sourcePort' | 'destination' | 'destinationPort'
>;

/**
 * Reads a capture twice at once: message by message, for oracles that speak of packets, and
 * through the program's own first half, for its rows and counts.
 * @throws UserError where it is no capture
 */
export async function readDns(path: string, ports: readonly number[] = [53]): Promise<Reading> {
  const addresses = new AddressTable();
  const opened = await openInput(path, 0, { addresses });
  if (opened.kind !== 'packets') throw new Error(`${path} is ${opened.kind}`);
  const { source } = opened;
  const reading: Reading = {
    messages: [],
    malformed: 0,
    lookups: [],
    counts: { queries: 0, replies: 0, duplicates: 0, orphanReplies: 0, malformed: 0 },
  };
  const isDns = (port: number): boolean => ports.includes(port);
  const parser = createDnsParser(addresses);
  const message = createDnsMessage();
  const layers = createLayers();
  const decoder = createDecoder({ addresses }, createDamage());

  function take(place: Place, bytes: Uint8Array, start: number, end: number): void {
    if (!parser.parse(bytes, start, end, message)) {
      reading.malformed++;
      return;
    }
    if (!isDns(message.response ? place.sourcePort : place.destinationPort)) return;
    const { id, response, opcode, rcode, questions, name, type, answerCount } = message;
    reading.messages.push({
      number: place.number,
      time: (source.input.firstPacketAt ?? 0n) + BigInt(place.time),
      transport: place.protocol === IP_PROTOCOL.tcp ? 'tcp' : 'udp',
      source: addresses.text(place.source),
      sourcePort: place.sourcePort,
      destination: addresses.text(place.destination),
      destinationPort: place.destinationPort,
      ...{ id, response, opcode, rcode, questions, name, type, answers: answerCount },
    });
  }

  const framers = new Map<number, { place: Place; framer: ReturnType<typeof createDnsFramer> }>();
  const streams = createTcpStreams({
    wants: (_source, sourcePort, _destination, destinationPort) => isDns(sourcePort) || isDns(destinationPort),
    onData(stream, bytes, start, end, { number, time }) {
      const place = { ...stream, number, time, protocol: IP_PROTOCOL.tcp };
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

  const extract = createExtract({
    addresses,
    dnsPorts: ports,
    emit: (lookup) => void reading.lookups.push(copyLookup(lookup)),
  });
  extract.begin(source.input);
  for (;;) {
    const state = source.next();
    if (state === 'end') break;
    if (state === 'more') {
      // oxlint-disable-next-line no-await-in-loop -- one read after another
      await source.fill();
      continue;
    }
    extract.packet(source.packet);
    if (!decoder.decode(source.packet, layers)) continue;
    if (layers.protocol === IP_PROTOCOL.tcp) streams.push(layers);
    else if (layers.protocol === IP_PROTOCOL.udp && (isDns(layers.sourcePort) || isDns(layers.destinationPort))) {
      take(layers, layers.bytes, layers.payloadStart, layers.payloadEnd);
    }
  }
  streams.finish();
  extract.finish([source.input]);
  const { queries, replies, duplicates, orphanReplies, malformed } = extract.counts;
  reading.counts = { queries, replies, duplicates: duplicates[0] ?? 0, orphanReplies, malformed };
  return reading;
}
