import { describe, expect, it } from 'vitest';
import { AddressTable } from '../../base/addresses.ts';
import { at, milliseconds } from '../../base/time.ts';
import { createLayers, IP_PROTOCOL } from '../../model/packet.ts';
import { createDns } from './dns.ts';

/*
 * A pod asks 10.96.0.10:53, behind which 10.244.2.53 listens, and that asks 10.9.0.2 at a port of its own.
 */
const POD = '10.244.2.11';
const SERVICE = '10.96.0.10';
const COREDNS = '10.244.2.53';
const UPSTREAM = '10.9.0.2';

interface Said {
  readonly id?: number;
  readonly name?: string;
  readonly flags?: number;
  readonly ms?: number;
  readonly type?: number;
  readonly ipId?: number;
}

/** A question for an address, or with 0x8180 as flags its answer without one. */
function messageOf({ id = 7, name = 'a.example.com', flags = 0x0100, type = 1 }: Said): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(flags, 2);
  header.writeUInt16BE(1, 4);
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, type, 0, 1])]);
}

const ANSWER = 0x8180;

function scenario() {
  const addresses = new AddressTable();
  const told: string[] = [];
  const dns = createDns({
    addresses,
    ports: [53],
    sink: {
      sent: ({ client, server, serverPort }) => void told.push(`${client} asks ${server}:${serverPort}`),
      resent: ({ client, server }) => void told.push(`${client} asks ${server} again`),
      replied: ({ client, server, serverPort }) => void told.push(`${server}:${serverPort} answers ${client}`),
      unreachable: () => {},
    },
  });
  const says = (from: string, sourcePort: number, to: string, destinationPort: number, said: Said = {}): number => {
    const bytes = messageOf(said);
    return dns.datagram({
      ...createLayers(),
      time: at(milliseconds(said.ms ?? 0)),
      source: addresses.internText(from),
      sourcePort,
      destination: addresses.internText(to),
      destinationPort,
      protocol: IP_PROTOCOL.udp,
      ipId: said.ipId ?? 1,
      bytes,
      payloadStart: 0,
      payloadEnd: bytes.length,
      payloadLength: bytes.length,
    });
  };
  return { told, says };
}

describe('a DNS server on a port of its own', () => {
  it('is told by the server that was asked the same and asks it meanwhile', () => {
    const { told, says } = scenario();
    says(POD, 40_000, COREDNS, 53);
    expect(says(COREDNS, 50_000, UPSTREAM, 5353, { id: 9, ms: 1 })).toBe(1);
    expect(says(UPSTREAM, 5353, COREDNS, 50_000, { id: 9, ms: 300, flags: ANSWER })).toBe(2);
    says(COREDNS, 53, POD, 40_000, { ms: 301, flags: ANSWER });
    // From then on each question to it counts, who asked for it or not.
    expect(says(COREDNS, 50_001, UPSTREAM, 5353, { id: 10, ms: 400, name: 'b.example.com' })).toBe(1);
    expect(told).toEqual([
      `${POD} asks ${COREDNS}:53`,
      `${COREDNS} asks ${UPSTREAM}:5353`,
      `${UPSTREAM}:5353 answers ${COREDNS}`,
      `${COREDNS}:53 answers ${POD}`,
      `${COREDNS} asks ${UPSTREAM}:5353`,
    ]);
  });

  it('is told behind a Service, too, and where that leads to another port', () => {
    const { told, says } = scenario();
    says(POD, 40_000, SERVICE, 53, { ipId: 77 });
    expect(says(POD, 40_000, COREDNS, 5353, { ipId: 77 })).toBe(1);
    expect(says(COREDNS, 50_000, UPSTREAM, 1053, { id: 9, ms: 1 })).toBe(1);
    // The same datagram behind the DNAT is no question of its own.
    expect(told).toEqual([`${POD} asks ${SERVICE}:53`, `${COREDNS} asks ${UPSTREAM}:1053`]);
  });

  it('is told by its first answer, with what it was asked until then', () => {
    const { told, says } = scenario();
    expect(says(POD, 40_000, COREDNS, 5353, { id: 7, ms: -7000 })).toBe(0);
    expect(says(POD, 40_001, COREDNS, 5353, { id: 8 })).toBe(0);
    expect(says('10.244.2.12', 40_001, COREDNS, 5353, { id: 9, ms: 1, name: 'b.example.com' })).toBe(0);
    expect(says(POD, 40_002, '10.244.2.54', 5353, { id: 10, ms: 1, name: 'c.example.com' })).toBe(0);
    expect(says(COREDNS, 5353, POD, 40_001, { id: 8, ms: 2, flags: ANSWER })).toBe(2);
    // What was asked longer ago than anybody waits is told of no more.
    expect(told).toEqual([
      `${POD} asks ${COREDNS}:5353`,
      `10.244.2.12 asks ${COREDNS}:5353`,
      `${COREDNS}:5353 answers ${POD}`,
    ]);
    expect(says(COREDNS, 5353, '10.244.2.12', 40_001, { id: 9, ms: 3, name: 'b.example.com', flags: ANSWER })).toBe(2);
  });

  it('is nobody who says something like an answer', () => {
    const { told, says } = scenario();
    says(POD, 40_000, COREDNS, 5353);
    expect(says(COREDNS, 5353, POD, 40_000, { id: 8, flags: ANSWER })).toBe(0);
    expect(says(COREDNS, 5353, POD, 40_001, { flags: ANSWER })).toBe(0);
    expect(says(COREDNS, 5354, POD, 40_000, { flags: ANSWER })).toBe(0);
    expect(says(COREDNS, 5353, POD, 40_000, { name: 'b.example.com', flags: ANSWER })).toBe(0);
    expect(says(COREDNS, 5353, POD, 40_000, { type: 28, flags: ANSWER })).toBe(0);
    expect(says(COREDNS, 5353, POD, 40_000, { ms: 7000, flags: ANSWER })).toBe(0);
    expect(says(POD, 40_000, COREDNS, 5354, { ms: 7001 })).toBe(0);
    // NetBIOS asks so for hosts of a local network.
    says(POD, 137, COREDNS, 137, { id: 9, type: 32, flags: 0x0110, ms: 8000 });
    expect(says(COREDNS, 137, POD, 137, { id: 9, type: 32, flags: 0x8580, ms: 8001 })).toBe(0);
    expect(told).toEqual([]);
  });

  it('is nobody whom something else is said to', () => {
    const { told, says } = scenario();
    // Nobody asked yet.
    expect(says(COREDNS, 50_000, UPSTREAM, 5353, { id: 9 })).toBe(0);
    says(POD, 40_000, COREDNS, 53);
    // Another name, another host's question, multicast DNS (no recursion desired), an answer.
    expect(says(COREDNS, 50_000, UPSTREAM, 5353, { name: 'b.example.com' })).toBe(0);
    expect(says('10.244.2.99', 50_000, UPSTREAM, 5353, { id: 8, ipId: 2 })).toBe(0);
    expect(says(COREDNS, 5353, '224.0.0.251', 5353, { flags: 0 })).toBe(0);
    expect(says(COREDNS, 5353, UPSTREAM, 50_000, { flags: ANSWER })).toBe(0);
    // Its own port at another host.
    says(COREDNS, 50_000, UPSTREAM, 5353, { id: 9, ms: 1 });
    expect(says(POD, 40_001, '10.9.0.3', 5353, { id: 11, ms: 2, name: 'c.example.com' })).toBe(0);
    // Answered, and so nothing that anybody waits for.
    says(COREDNS, 53, POD, 40_000, { ms: 3, flags: ANSWER });
    expect(says(COREDNS, 50_002, '10.9.0.3', 1053, { id: 12, ms: 4 })).toBe(0);
    // Asked long ago.
    says(POD, 40_000, COREDNS, 53, { id: 13, name: 'd.example.com', ms: 1000 });
    expect(says(COREDNS, 50_003, '10.9.0.3', 1053, { id: 14, name: 'd.example.com', ms: 9000 })).toBe(0);
    expect(told).toHaveLength(4);
  });
});
