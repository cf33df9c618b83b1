import { describe, expect, it } from 'vitest';
import { createBench } from './testing/decode-one.ts';
import { ethernet, ipv4, ipv6, nflog, pktap, text, udp } from './testing/frames.ts';

const query = udp(41200, 53, text('query'));
const packet = ipv4({ protocol: 17 }, query);
const packet6 = ipv6(17, query);
const EXPECTED = 'udp 10.0.3.7:41200 > 10.96.0.10:53 query';
const EXPECTED_6 = 'udp fd00::7:41200 > fd00::a:53 query';

describe('PPP, PKTAP and NFLOG', () => {
  it.each<[string, number, number[], string]>([
    ['PPP', 9, [0xff, 3, 0, 0x21, ...packet], EXPECTED],
    ['PPP without address and control', 9, [0, 0x57, ...packet6], EXPECTED_6],
    ['PPP with a protocol of one byte', 50, [0xff, 3, 0x21, ...packet], EXPECTED],
    ['PPP of pppd', 166, [1, 3, 0, 0x21, ...packet], EXPECTED],
    ['PPPoE alone', 51, [0x11, 0, 0, 1, 0, 0, 0, 0x57, ...packet6], EXPECTED_6],
    ['PKTAP, Ethernet in it', 258, pktap({ linkType: 1 }, ethernet(0x0800, packet)), EXPECTED],
    ['PKTAP, a tunnel of Darwin', 258, pktap({ linkType: 0 }, [30, 0, 0, 0, ...packet6]), EXPECTED_6],
    ['PKTAP of OS X 10.9', 149, pktap({ linkType: 12, length: 40 }, packet), EXPECTED],
    ['NFLOG', 239, nflog(false, packet), EXPECTED],
    ['NFLOG, big-endian', 239, nflog(true, packet6), EXPECTED_6],
  ])('%s', (_, linkType, bytes, expected) => {
    const bench = createBench();
    expect(bench.decode(bytes, { linkType })).toBe(true);
    expect(bench.summary()).toBe(expected);
    expect(bench.layers.payloadLength).toBe(5);
    expect(bench.damage.undecodable).toBe(0);
  });

  it('tells the direction and the interface', () => {
    const bench = createBench();
    bench.decode(pktap({ linkType: 12, flags: 2 }, packet), { linkType: 258 });
    expect(bench.layers).toMatchObject({ cookedType: 4, interface: (6 << 16) | 3 });
    bench.decode(pktap({ linkType: 12, flags: 1, length: 40 }, packet), { linkType: 258 });
    expect(bench.layers).toMatchObject({ cookedType: 0, interface: 0 });
    bench.decode([1, 3, 0, 0x21, ...packet], { linkType: 166 });
    expect(bench.layers.cookedType).toBe(4);
    bench.decode([0, 3, 0, 0x21, ...packet], { linkType: 166 });
    expect(bench.layers.cookedType).toBe(0);
  });

  it.each<[string, number, number[], number]>([
    ['PKTAP that ends before its packet', 258, pktap({ linkType: 12 }, []).slice(0, 60), 1],
    ['PKTAP without a packet', 258, pktap({ linkType: 12, next: 0 }, packet), 0],
    ['PKTAP in PKTAP', 258, pktap({ linkType: 258 }, pktap({ linkType: 12 }, packet)), 0],
    ['PKTAP around a link type that is not read', 258, pktap({ linkType: 105 }, packet), 0],
    ['NFLOG without a payload', 239, nflog(false, packet).slice(0, 12), 1],
    ['PPP that carries its own control', 9, [0xff, 3, 0xc0, 0x21, 1, 1, 0, 4], 0],
    ['PPP cut', 9, [0xff, 3, 0], 1],
  ])('reads nothing from %s', (_, linkType, bytes, undecodable) => {
    const bench = createBench();
    expect(bench.decode(bytes, { linkType })).toBe(false);
    expect(bench.damage.undecodable).toBe(undecodable);
  });
});
