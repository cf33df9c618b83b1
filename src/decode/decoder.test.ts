import { describe, expect, it } from 'vitest';
import { createLayers, FRAGMENT } from '../model/packet.ts';
import { createBench, summaryOf } from './testing/decode-one.ts';
import {
  ethernet,
  extension,
  fragment6,
  geneve,
  gre,
  icmp,
  ipv4,
  ipv6,
  sll,
  sll2,
  tcp,
  text,
  udp,
  vlan,
  vxlan,
} from './testing/frames.ts';

const query = udp(41200, 53, text('query'));
const packet = ipv4({ protocol: 17 }, query);
const packet6 = ipv6(17, query);
const EXPECTED = 'udp 10.0.3.7:41200 > 10.96.0.10:53 query';
const EXPECTED_6 = 'udp [fd00::7]:41200 > [fd00::a]:53 query'.replaceAll(/[[\]]/g, '');

describe('link types', () => {
  it.each<[string, number, number[], string]>([
    ['Ethernet', 1, ethernet(0x0800, packet), EXPECTED],
    ['Ethernet with a trailer', 1, [...ethernet(0x0800, packet), 0, 0, 0, 0], EXPECTED],
    ['Ethernet, IPv6', 1, ethernet(0x86dd, packet6), EXPECTED_6],
    ['802.1Q', 1, ethernet(0x8100, vlan(0x0800, packet)), EXPECTED],
    ['802.1ad over 802.1Q', 1, ethernet(0x88a8, vlan(0x8100, vlan(0x86dd, packet6))), EXPECTED_6],
    ['MPLS', 1, ethernet(0x8847, [0, 1, 0, 64, 0, 2, 1, 64, ...packet]), EXPECTED],
    ['PPPoE', 1, ethernet(0x8864, [0x11, 0, 0, 1, 0, 0, 0, 0x21, ...packet]), EXPECTED],
    ['802.3 with SNAP', 1, ethernet(packet.length + 8, [0xaa, 0xaa, 3, 0, 0, 0, 8, 0, ...packet]), EXPECTED],
    ['cooked', 113, sll(0x0800, 4, packet), EXPECTED],
    ['cooked v2', 276, sll2(0x0800, 4, 7, packet), EXPECTED],
    ['cooked v2, tagged', 276, sll2(0x8100, 0, 7, vlan(0x86dd, packet6)), EXPECTED_6],
    ['null, little-endian', 0, [2, 0, 0, 0, ...packet], EXPECTED],
    ['null, big-endian', 0, [0, 0, 0, 2, ...packet], EXPECTED],
    ['null, Darwin IPv6', 0, [30, 0, 0, 0, ...packet6], EXPECTED_6],
    ['null, FreeBSD IPv6', 0, [0, 0, 0, 28, ...packet6], EXPECTED_6],
    ['loop', 108, [0, 0, 0, 24, ...packet6], EXPECTED_6],
    ['raw', 101, packet, EXPECTED],
    ['raw, IPv6', 101, packet6, EXPECTED_6],
    ['raw as BSD numbers it', 12, packet, EXPECTED],
    ['raw as OpenBSD numbers it', 14, packet6, EXPECTED_6],
    ['IPv4', 228, packet, EXPECTED],
    ['IPv6', 229, packet6, EXPECTED_6],
  ])('%s', (_, linkType, bytes, expected) => {
    const bench = createBench();
    expect(bench.decode(bytes, { linkType })).toBe(true);
    expect(bench.summary()).toBe(expected);
    expect(bench.layers.payloadLength).toBe(5);
    expect(bench.damage.undecodable).toBe(0);
  });

  it('tells the direction and the interface of cooked captures', () => {
    const bench = createBench();
    bench.decode(sll2(0x0800, 4, 7, packet), { linkType: 276 });
    expect(bench.layers).toMatchObject({ cookedType: 4, interface: 7 });
    bench.decode(sll(0x0800, 3, packet), { linkType: 113 });
    expect(bench.layers).toMatchObject({ cookedType: 3, interface: 0 });
    bench.decode(ethernet(0x0800, packet));
    expect(bench.layers).toMatchObject({ cookedType: -1, interface: 0 });
  });

  it('counts a link type that it can not read, and names it once', () => {
    const bench = createBench();
    for (let count = 0; count < 5; count++) expect(bench.decode(packet, { linkType: 105 })).toBe(false);
    expect(bench.damage.undecodable).toBe(5);
    expect(bench.damage.notes).toEqual(["packets of link type ieee802.11 (105) can't be read"]);
  });

  it('takes what is no IP for no damage', () => {
    const bench = createBench();
    expect(bench.decode(ethernet(0x0806, [0, 1, 8, 0]))).toBe(false);
    expect(bench.decode(ethernet(38, [0x42, 0x42, 3, 0, 0, 0, 0, 0]))).toBe(false);
    expect(bench.decode([0, 0, 0, 99], { linkType: 0 })).toBe(false);
    expect(bench.damage.undecodable).toBe(0);
  });
});

describe('IP', () => {
  it('reads what copies and routes tell by', () => {
    const bench = createBench();
    bench.decode(ethernet(0x0800, ipv4({ protocol: 17, id: 0x1234, hopLimit: 61 }, query)));
    expect(bench.layers).toMatchObject({ version: 4, ipId: 0x1234, hopLimit: 61, tunnels: 0, fragment: FRAGMENT.none });
    bench.decode(ethernet(0x86dd, packet6));
    expect(bench.layers).toMatchObject({ version: 6, ipId: -1, hopLimit: 63 });
  });

  it('goes over options and extension headers', () => {
    const bench = createBench();
    bench.decode(ethernet(0x0800, ipv4({ protocol: 17, options: [1, 1, 1, 0] }, query)));
    expect(bench.summary()).toBe(EXPECTED);
    const chain = extension(43, extension(60, extension(135, extension(17, query))));
    bench.decode(ethernet(0x86dd, ipv6(0, chain)));
    expect(bench.summary()).toBe(EXPECTED_6);
    // AH counts its length in other units (RFC 4302): 6 - 2 = 4 words more.
    const authenticated = [17, 4, 0, 0, ...Array.from({ length: 20 }, () => 0), ...query];
    bench.decode(ethernet(0x86dd, ipv6(51, authenticated)));
    expect(bench.summary()).toBe(EXPECTED_6);
    bench.decode(ethernet(0x0800, ipv4({ protocol: 51 }, authenticated)));
    expect(bench.summary()).toBe(EXPECTED);
    expect(bench.damage.undecodable).toBe(0);
  });

  it('takes a total length of 0 for what is there: segmentation offload', () => {
    const bench = createBench();
    expect(bench.decode(ethernet(0x0800, ipv4({ protocol: 17, totalLength: 0 }, query)))).toBe(true);
    expect(bench.summary()).toBe(EXPECTED);
    bench.decode(ethernet(0x86dd, ipv6(17, query, 0)));
    expect(bench.summary()).toBe(EXPECTED_6);
    expect(bench.damage.undecodable).toBe(0);
  });

  it('bounds the payload by what was captured, and its length by what was sent', () => {
    const bench = createBench();
    const whole = ethernet(0x0800, packet);
    expect(bench.decode(whole.slice(0, -3), { wireLength: whole.length })).toBe(true);
    expect(bench.summary()).toBe('udp 10.0.3.7:41200 > 10.96.0.10:53 qu');
    expect(bench.layers.payloadLength).toBe(5);
    expect(bench.damage.undecodable).toBe(0);
  });

  it.each<[string, number[]]>([
    ['an Ethernet header cut', ethernet(0x0800, []).slice(0, 10)],
    ['an IPv4 header cut', ethernet(0x0800, packet.slice(0, 19))],
    ['an IPv6 header cut', ethernet(0x86dd, packet6.slice(0, 39))],
    ['an IPv4 header of four words', ethernet(0x0800, [0x44, ...packet.slice(1)])],
    ['version 5', ethernet(0x0800, [0x55, ...packet.slice(1)])],
    ['version 4 as IPv6', ethernet(0x86dd, [...packet, ...packet])],
    ['nothing but tags', ethernet(0x8100, Array.from({ length: 12 }, () => vlan(0x8100, [])).flat())],
  ])('counts %s as undecodable', (_, bytes) => {
    const bench = createBench();
    expect(bench.decode(bytes)).toBe(false);
    expect(bench.damage.undecodable).toBe(1);
  });

  it.each<[string, number[]]>([
    ['a UDP header cut behind its ports', ethernet(0x0800, ipv4({ protocol: 17, totalLength: 28 }, query.slice(0, 6)))],
    ['a TCP header cut', ethernet(0x0800, ipv4({ protocol: 6 }, tcp({}, []).slice(0, 19)))],
    ['a UDP length below its header', ethernet(0x0800, ipv4({ protocol: 17 }, udp(41200, 53, text('query'), 7)))],
    ['a TCP header of four words', ethernet(0x0800, ipv4({ protocol: 6 }, tcp({ dataOffset: 4 }, text('query'))))],
    ['a TCP header beyond its packet', ethernet(0x0800, ipv4({ protocol: 6 }, tcp({ dataOffset: 15 }, text('query'))))],
    ['a UDP length beyond its packet', ethernet(0x0800, ipv4({ protocol: 17 }, udp(41200, 53, [], 300)))],
  ])('keeps addresses and ports of %s, and counts it', (_, bytes) => {
    const bench = createBench();
    expect(bench.decode(bytes)).toBe(true);
    expect(bench.summary()).toMatch(/^(udp|tcp) 10\.0\.3\.7:41200 > 10\.96\.0\.10:53 $/);
    expect(bench.damage.undecodable).toBe(1);
  });
});

describe('TCP', () => {
  it('reads numbers, flags and the payload behind options', () => {
    const bench = createBench();
    const segment = tcp({ sequence: 0xfffffff0, acknowledgment: 5, flags: 0x12, options: [1, 1, 1, 1] }, text('data'));
    bench.decode(ethernet(0x0800, ipv4({ protocol: 6 }, segment)));
    expect(bench.summary()).toBe('tcp 10.0.3.7:41200 > 10.96.0.10:53 data');
    expect(bench.layers).toMatchObject({ sequence: 0xfffffff0, acknowledgment: 5, tcpFlags: 0x12, window: 501 });
    // Nothing of it stays for the next packet.
    bench.decode(ethernet(0x0800, packet));
    expect(bench.layers).toMatchObject({ sequence: 0, acknowledgment: 0, tcpFlags: 0, window: 0 });
  });

  it('knows the length of a payload whose beginning was cut', () => {
    const bench = createBench();
    const whole = ethernet(0x0800, ipv4({ protocol: 6 }, tcp({ options: [1, 1, 1, 1] }, text('data'))));
    bench.decode(whole.slice(0, -6), { wireLength: whole.length });
    expect(bench.layers).toMatchObject({ sequence: 1000, payloadLength: 4 });
    expect(bench.layers.payloadEnd - bench.layers.payloadStart).toBe(0);
    expect(bench.damage.undecodable).toBe(0);
  });
});

const outer = (protocol: number, payload: number[]): number[] =>
  ethernet(0x0800, ipv4({ protocol, source: '192.168.0.1', destination: '192.168.0.2', id: 99, hopLimit: 9 }, payload));

describe('tunnels', () => {
  const inner = ethernet(0x0800, packet);
  it.each<[string, number[]]>([
    ['VXLAN', outer(17, udp(50000, 4789, vxlan(inner)))],
    ['VXLAN on the port of flannel', outer(17, udp(50000, 8472, vxlan(inner)))],
    ['VXLAN with a group policy', outer(17, udp(50000, 4789, [0x88, 0, 0, 5, 0, 0, 1, 0, ...inner]))],
    ['Geneve with options', outer(17, udp(50000, 6081, geneve(0x6558, [1, 2, 3, 1, 0, 0, 0, 0], inner)))],
    ['Geneve of IP', outer(17, udp(50000, 6081, geneve(0x0800, [], packet)))],
    ['GRE', outer(47, gre(0, 0x0800, packet))],
    ['GRE with checksum, key and sequence', outer(47, gre(0xb000, 0x0800, packet))],
    ['GRE of Ethernet', outer(47, gre(0x2000, 0x6558, inner))],
    ['ERSPAN I', outer(47, gre(0, 0x88be, inner))],
    ['ERSPAN II', outer(47, gre(0x1000, 0x88be, [0, 0, 0, 0, 0, 0, 0, 0, ...inner]))],
    ['ERSPAN III', outer(47, gre(0x1000, 0x22eb, [...Array.from({ length: 12 }, () => 0), ...inner]))],
    ['IP in IP', outer(4, packet)],
    ['IPv4 in IPv6', ethernet(0x86dd, ipv6(4, packet))],
  ])('%s', (_, bytes) => {
    const bench = createBench();
    expect(bench.decode(bytes)).toBe(true);
    expect(bench.summary()).toBe(EXPECTED);
    expect(bench.layers).toMatchObject({ tunnels: 1, ipId: 7, hopLimit: 64 });
    expect(bench.damage.undecodable).toBe(0);
  });

  it('opens a tunnel in a tunnel', () => {
    const bench = createBench();
    bench.decode(outer(17, udp(50000, 4789, vxlan(outer(41, packet6)))));
    expect(bench.summary()).toBe(EXPECTED_6);
    expect(bench.layers.tunnels).toBe(2);
  });

  it('ends at a matryoshka', () => {
    const bench = createBench();
    let nested = packet;
    for (let depth = 0; depth < 40; depth++) nested = ipv4({ protocol: 4 }, nested);
    expect(bench.decode(ethernet(0x0800, nested))).toBe(true);
    expect(bench.layers.tunnels).toBeLessThan(20);
  });

  it('leaves UDP that only uses the port what it is', () => {
    const bench = createBench();
    expect(bench.decode(ethernet(0x0800, ipv4({ protocol: 17 }, udp(53, 4789, text('an answer, no tunnel')))))).toBe(
      true,
    );
    expect(bench.summary()).toBe('udp 10.0.3.7:53 > 10.96.0.10:4789 an answer, no tunnel');
    expect(bench.layers.tunnels).toBe(0);
  });

  it('shows the outer packet where the inner is none of ours', () => {
    const bench = createBench();
    expect(bench.decode(outer(17, udp(50000, 4789, vxlan(ethernet(0x0806, [0, 1])))))).toBe(true);
    expect(bench.summary()).toMatch(/^udp 192\.168\.0\.1:50000 > 192\.168\.0\.2:4789 /);
  });

  it('takes the ports that it is told', () => {
    const bench = createBench({ vxlanPorts: [9999] });
    bench.decode(outer(17, udp(50000, 9999, vxlan(inner))));
    expect(bench.summary()).toBe(EXPECTED);
    bench.decode(outer(17, udp(50000, 4789, vxlan(inner))));
    expect(bench.layers.destinationPort).toBe(4789);
  });
});

const long = udp(53, 41200, text('0123456789abcdef'.repeat(8)));
const part6 = (offset: number, until: number, more: boolean): number[] =>
  ethernet(0x86dd, ipv6(44, fragment6(60, offset, more, 5, extension(17, long).slice(offset, until))));

const pieces = (id: number, size: number): number[][] => {
  const list: number[][] = [];
  for (let offset = 0; offset < long.length; offset += size) {
    const more = offset + size < long.length;
    const header = { protocol: 17, id, fragmentOffset: offset, moreFragments: more };
    list.push(ethernet(0x0800, ipv4(header, long.slice(offset, offset + size))));
  }
  return list;
};

describe('fragments', () => {
  it('hands on the first alone where no other was ever seen, as a filter on ports leaves it', () => {
    const bench = createBench();
    expect(bench.decode(pieces(1, 64)[0]!)).toBe(true);
    expect(bench.layers).toMatchObject({ fragment: FRAGMENT.first, sourcePort: 53, payloadLength: 128 });
    expect(bench.layers.payloadEnd - bench.layers.payloadStart).toBe(56);
    expect(bench.damage.undecodable).toBe(0);
  });

  it('puts a datagram together, with the number and time of the packet that came last', () => {
    const bench = createBench();
    const [first, second, third] = pieces(1, 64) as [number[], number[], number[]];
    expect([bench.decode(second), bench.decode(third), bench.decode(first)]).toEqual([false, false, true]);
    expect(bench.layers).toMatchObject({
      fragment: FRAGMENT.reassembled,
      number: 3,
      payloadLength: 128,
      sourcePort: 53,
    });
    expect(bench.summary()).toContain('0123456789abcdef'.repeat(8));
    // Once others are known to pass, a first one waits for them.
    const [again, ...rest] = pieces(2, 64);
    expect(bench.decode(again!)).toBe(false);
    expect(rest.map((piece) => bench.decode(piece))).toEqual([false, true]);
    expect(bench.decoder.fragments.size).toBe(0);
  });

  it('keeps datagrams apart', () => {
    const bench = createBench();
    const one = pieces(1, 64);
    const other = pieces(2, 64);
    expect(bench.decode(one[2]!)).toBe(false);
    expect(bench.decode(other[1]!)).toBe(false);
    expect(bench.decode(one[0]!)).toBe(false);
    expect(bench.decode(other[2]!)).toBe(false);
    expect(bench.decode(one[1]!)).toBe(true);
    expect(bench.decode(other[0]!)).toBe(true);
  });

  it('gives up after 30 s', () => {
    const bench = createBench();
    const [first, second, third] = pieces(1, 64) as [number[], number[], number[]];
    bench.decode(second, { time: 0 });
    bench.decode(third, { time: 1e9 });
    expect(bench.decode(first, { time: 32e9 })).toBe(false);
    expect(bench.decoder.fragments.abandoned).toBe(1);
  });

  it('puts IPv6 together, with what stands behind the fragment header', () => {
    const bench = createBench();
    expect(bench.decode(part6(72, 1000, false))).toBe(false);
    expect(bench.decode(part6(0, 72, true))).toBe(true);
    expect(bench.summary()).toContain('0123456789abcdef'.repeat(8));
    expect(bench.layers).toMatchObject({ sourcePort: 53, destinationPort: 41200, fragment: FRAGMENT.reassembled });
    // An atomic fragment is whole (RFC 6946).
    expect(bench.decode(ethernet(0x86dd, ipv6(44, fragment6(17, 0, false, 6, query))))).toBe(true);
    expect(bench.summary()).toBe(EXPECTED_6);
  });

  it('opens a tunnel whose outer packets were fragmented', () => {
    const bench = createBench();
    const tunnel = udp(50000, 4789, vxlan(ethernet(0x0800, ipv4({ protocol: 17 }, long))));
    bench.decode(ethernet(0x0800, ipv4({ protocol: 17, fragmentOffset: 80 }, tunnel.slice(80))));
    expect(bench.decode(ethernet(0x0800, ipv4({ protocol: 17, moreFragments: true }, tunnel.slice(0, 80))))).toBe(true);
    expect(bench.summary()).toContain('0123456789abcdef'.repeat(8));
    expect(bench.layers.tunnels).toBe(1);
  });
});

describe('ICMP errors', () => {
  const back = { source: '10.96.0.10', destination: '10.0.3.7', protocol: 1 };

  it.each<[string, number[], string]>([
    ['port unreachable', ethernet(0x0800, ipv4(back, icmp(3, 3, packet))), EXPECTED],
    ['eight bytes of a packet', ethernet(0x0800, ipv4(back, icmp(11, 0, packet.slice(0, 28)))), EXPECTED.slice(0, -5)],
    ['ICMPv6', ethernet(0x86dd, ipv6(58, icmp(1, 4, packet6))), EXPECTED_6],
  ])('says whose packet was quoted: %s', (_, bytes, expected) => {
    const bench = createBench();
    expect(bench.decode(bytes)).toBe(true);
    const inner = createLayers();
    expect(bench.decoder.decodeIcmpInner(bench.layers, inner)).toBe(true);
    expect(summaryOf(inner, bench.addresses)).toBe(expected);
    expect(bench.damage.undecodable).toBe(0);
  });

  it('says who sent what of a quote whose IPv6 header a snap length cut', () => {
    const bench = createBench();
    const inner = createLayers();
    const bytes = ethernet(0x86dd, ipv6(58, icmp(1, 0, packet6)));
    const quote = bytes.length - packet6.length;
    bench.decode(bytes.slice(0, 96));
    expect(bench.decoder.decodeIcmpInner(bench.layers, inner)).toBe(true);
    expect(inner).toMatchObject({ version: 6, protocol: 17, destination: 0, sourcePort: 0, destinationPort: 0 });
    expect(bench.addresses.text(inner.source)).toBe('fd00::7');
    bench.decode(bytes.slice(0, quote + 23));
    expect(bench.decoder.decodeIcmpInner(bench.layers, inner)).toBe(false);
  });

  it('quotes nothing where there is nothing to quote', () => {
    const bench = createBench();
    const inner = createLayers();
    bench.decode(ethernet(0x0800, ipv4({ protocol: 1 }, icmp(8, 0, text('ping')))));
    expect(bench.layers).toMatchObject({ icmpType: 8, icmpCode: 0 });
    expect(bench.decoder.decodeIcmpInner(bench.layers, inner)).toBe(false);
    bench.decode(ethernet(0x0800, ipv4({ protocol: 1 }, icmp(3, 3, []))));
    expect(bench.decoder.decodeIcmpInner(bench.layers, inner)).toBe(false);
    bench.decode(ethernet(0x0800, packet));
    expect(bench.decoder.decodeIcmpInner(bench.layers, inner)).toBe(false);
  });
});
