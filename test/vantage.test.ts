import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AddressTable } from '../src/base/addresses.ts';
import { at } from '../src/base/time.ts';
import { createDecoder } from '../src/decode/decoder.ts';
import { createTcpStreams } from '../src/flows/tcp-streams.ts';
import { createVantage } from '../src/flows/vantage.ts';
import { createDamage } from '../src/model/input.ts';
import { createLayers, createPacket } from '../src/model/packet.ts';
import { pcapRecords } from './support/pcap-records.ts';

const captures = new URL('../../shared/captures/', import.meta.url);
const cluster = new URL('cluster/', captures);
const net = new URL('net/', captures);
const isThere = existsSync(cluster) && existsSync(net);

function read(file: URL): { kind: string; addresses: string[]; tcp: string; gaps: number } {
  const bytes = new Uint8Array(readFileSync(file));
  const addresses = new AddressTable();
  const decoder = createDecoder({ addresses }, createDamage());
  const vantage = createVantage(addresses);
  const sizes = new Map<string, number>();
  const streams = createTcpStreams({
    addresses,
    onData(stream, _, start, end) {
      const key = `${stream.connection.clientPort} ${stream.fromClient}`;
      sizes.set(key, (sizes.get(key) ?? 0) + end - start);
    },
    onGap: () => {},
  });
  const packet = createPacket(0);
  const layers = createLayers();
  for (const record of pcapRecords(bytes)) {
    Object.assign(packet, record, { bytes, time: at(record.time) });
    if (!decoder.decode(packet, layers)) continue;
    vantage.push(layers);
    streams.push(layers);
  }
  streams.finish();
  const { kind, addresses: named } = vantage.finish();
  const tcp = [...sizes]
    .map(([key, size]) => `${key} ${size}`)
    .sort()
    .join('\n');
  return { kind, addresses: named, tcp, gaps: streams.counters.gaps };
}

// Without the shared captures there is nothing to read.
describe.skipIf(!isThere)('captures of a real cluster', () => {
  const cases = isThere ? readdirSync(cluster).filter((name) => existsSync(new URL(`${name}/pod.pcap`, cluster))) : [];

  it.each(cases)('%s: the pod side and the node side are told, and no byte of TCP is lost', (name) => {
    const pod = read(new URL(`${name}/pod.pcap`, cluster));
    expect(pod.kind).toBe('pod');
    expect(pod.addresses).toHaveLength(1);
    const node = read(new URL(`${name}/node.pcap`, cluster));
    expect(node.kind).toBe('node');
    expect([pod.gaps, node.gaps]).toEqual([0, 0]);
  });
});

describe.skipIf(!isThere)('captures of real programs', () => {
  const both = isThere
    ? readdirSync(net)
        .filter((name) => name.endsWith('.node.pcap'))
        .map((name) => name.slice(0, -'.node.pcap'.length))
        // There the node has what is too large for the way to the pod, and never arrives.
        .filter((name) => name !== 'mtu-blackhole')
    : [];

  // The node sees each packet before and behind the DNAT: once is enough, and must be enough.
  it.each(both)('%s: the node hands on the bytes that the pod saw', (name) => {
    const pod = read(new URL(`${name}.pcap`, net));
    const node = read(new URL(`${name}.node.pcap`, net));
    expect([pod.kind, node.kind]).toEqual(['pod', 'node']);
    expect(pod.addresses).toEqual(['10.244.1.17']);
    expect(node.addresses).toContain('10.244.1.17');
    expect(node.tcp).toBe(pod.tcp);
  });
});
