import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AddressTable } from '../src/base/addresses.ts';
import { at } from '../src/base/time.ts';
import { createDecoder } from '../src/decode/decoder.ts';
import { createDamage } from '../src/model/input.ts';
import { createLayers, createPacket, FRAGMENT, IP_PROTOCOL, type Layers } from '../src/model/packet.ts';
import { pcapRecords } from './support/pcap-records.ts';

const folder = new URL('corpora/oracles/decode/', import.meta.url);
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.pcap'))
  .map((name) => name.slice(0, -5));

interface Reading {
  source?: string;
  destination?: string;
  ports?: string;
  length?: number;
  sequence?: string;
  id?: number;
  hopLimit?: number;
}

/** What tshark says of the innermost packet that is no quote of an ICMP error. */
function tsharkReading(line: string): [number, Reading] {
  const columns = line.split('\t').map((column) => (column === '' ? [] : column.split('|')));
  const [number, protocols, v4Source, v4Destination, v6Source, v6Destination, ...transport] = columns as string[][];
  const [udpSource, udpDestination, udpLength, tcpSource, tcpDestination, sequence, acknowledgment, flags, length] =
    transport as string[][];
  const [id, hopLimit] = transport.slice(9) as string[][];
  const chain = protocols![0]!.split(':');
  const quote = chain.findIndex((protocol) => protocol.startsWith('icmp'));
  const own = quote < 0 ? chain : chain.slice(0, quote);
  const count = (protocol: string): number => own.filter((one) => one === protocol).length - 1;
  const isV4 = own.lastIndexOf('ip') > own.lastIndexOf('ipv6');
  const reading: Reading = {};
  if (isV4) {
    reading.source = v4Source![count('ip')]!;
    reading.destination = v4Destination![count('ip')]!;
    reading.id = Number(id![count('ip')]);
    reading.hopLimit = Number(hopLimit![count('ip')]);
  } else if (own.includes('ipv6')) {
    reading.source = v6Source![count('ipv6')]!;
    reading.destination = v6Destination![count('ipv6')]!;
  }
  const inner = own.slice(Math.max(own.lastIndexOf('ip'), own.lastIndexOf('ipv6')));
  if (inner.includes('udp')) {
    reading.ports = `${udpSource![count('udp')]} ${udpDestination![count('udp')]}`;
    reading.length = Number(udpLength![count('udp')]) - 8;
  } else if (inner.includes('tcp')) {
    reading.ports = `${tcpSource![count('tcp')]} ${tcpDestination![count('tcp')]}`;
    reading.length = Number(length![count('tcp')]);
    reading.sequence = [sequence, acknowledgment, flags].map((values) => Number(values![count('tcp')])).join(' ');
  }
  return [Number(number![0]), reading];
}

function ownReading(layers: Layers, addresses: AddressTable): Reading {
  if (layers.version === 0) return {};
  const reading: Reading = { source: addresses.text(layers.source), destination: addresses.text(layers.destination) };
  if (layers.version === 4) {
    reading.id = layers.ipId;
    reading.hopLimit = layers.hopLimit;
  }
  if (layers.protocol === IP_PROTOCOL.udp || layers.protocol === IP_PROTOCOL.tcp) {
    reading.ports = `${layers.sourcePort} ${layers.destinationPort}`;
    reading.length = layers.payloadLength;
  }
  if (layers.protocol === IP_PROTOCOL.tcp) {
    reading.sequence = [layers.sequence, layers.acknowledgment, layers.tcpFlags].join(' ');
  }
  return reading;
}

/** Where the two readings may differ, and why. */
const EXPLAINED: Readonly<Record<string, string>> = {
  'ip6-vxlan 1': 'the packet was cut and its wire length rewritten: tshark believes that, the decoder the IP header',
  'GrePackets 6': 'PPTP, a dial-in VPN of old (GRE version 1 with PPP), is not opened',
  'MplsPackets 2': 'an Ethernet pseudowire: tshark guesses it from the bytes, which a decoder should not',
};

describe('decoding, beside tshark', () => {
  it('has captures to compare', () => expect(names.length).toBeGreaterThan(20));

  it.each(names)('%s', (name) => {
    const bytes = new Uint8Array(readFileSync(new URL(`${name}.pcap`, folder)));
    const expected = new Map(
      readFileSync(new URL(`${name}.tsv`, folder), 'utf8')
        .trimEnd()
        .split('\n')
        .map(tsharkReading),
    );
    const addresses = new AddressTable();
    const decoder = createDecoder({ addresses }, createDamage());
    const packet = createPacket(0);
    const layers = createLayers();
    const differences: unknown[] = [];
    let compared = 0;
    for (const record of pcapRecords(bytes)) {
      Object.assign(packet, record, { bytes, time: at(record.time) });
      decoder.decode(packet, layers);
      // tshark names the transport of a datagram only where it is complete; the decoder hands on a first fragment.
      if (layers.fragment === FRAGMENT.first) continue;
      const theirs = expected.get(record.number);
      const ours = ownReading(layers, addresses);
      compared++;
      if (EXPLAINED[`${name} ${record.number}`] !== undefined) continue;
      if (JSON.stringify(sorted(ours)) !== JSON.stringify(sorted(theirs ?? {}))) {
        differences.push({ packet: record.number, ours, theirs });
      }
    }
    expect(differences).toEqual([]);
    expect(compared).toBeGreaterThan(0);
  });
});

const sorted = (reading: Reading): unknown => Object.entries(reading).sort(([a], [b]) => (a < b ? -1 : 1));
