import { describe, expect, it } from 'vitest';
import { createBench } from './testing/decode-one.ts';
import { ethernet, ipv4, ipv6, udp, type Bytes } from './testing/frames.ts';
import { encryptionOf } from './encryption.ts';

const filled = (count: number): number[] => Array.from({ length: count }, (_, index) => (index * 37 + 11) & 255);

function told(packet: Bytes, etherType = 0x0800): ReturnType<typeof encryptionOf> {
  const bench = createBench();
  bench.decode(ethernet(etherType, packet));
  return encryptionOf(bench.layers);
}

const datagram = (from: number, to: number, payload: Bytes): number[] => ipv4({ protocol: 17 }, udp(from, to, payload));

describe('what encrypts all of a packet', () => {
  it.each<[string, number[], string]>([
    ['WireGuard’s data', datagram(51_871, 51_871, [4, 0, 0, 0, ...filled(124)]), 'WireGuard'],
    ['WireGuard’s keepalive, on a port of its own', datagram(40_000, 12_000, [4, 0, 0, 0, ...filled(28)]), 'WireGuard'],
    ['WireGuard’s first message', datagram(51_820, 51_820, [1, 0, 0, 0, ...filled(144)]), 'WireGuard'],
    ['WireGuard’s answer to it', datagram(51_820, 51_820, [2, 0, 0, 0, ...filled(88)]), 'WireGuard'],
    ['ESP', ipv4({ protocol: 50 }, [0, 0xc0, 0xff, 0xee, 0, 0, 0, 1, ...filled(60)]), 'IPsec'],
    ['ESP within UDP', datagram(4500, 4500, [0, 0xc0, 0xff, 0xee, 0, 0, 0, 1, ...filled(60)]), 'IPsec'],
    ['QUIC’s first packet, on a port of its own', datagram(40_000, 8443, [0xc3, 0, 0, 0, 1, ...filled(90)]), 'QUIC'],
    ['QUIC’s later packets', datagram(443, 40_000, [0x43, ...filled(30)]), 'QUIC'],
  ])('is told of %s', (_, packet, by) => {
    expect(told(packet)).toBe(by);
  });

  it('is told over IPv6', () => {
    expect(told(ipv6(50, filled(60)), 0x86dd)).toBe('IPsec');
  });

  it.each<[string, number[]]>([
    ['a counter for statsd', datagram(40_000, 8125, [...Buffer.from('req.count:1|c')])],
    ['data of no length that WireGuard has', datagram(51_820, 51_820, [4, 0, 0, 0, ...filled(125)])],
    ['a message of another kind', datagram(51_820, 51_820, [5, 0, 0, 0, ...filled(124)])],
    ['IKE', datagram(4500, 4500, [0, 0, 0, 0, ...filled(60)])],
    ['a keepalive of a NAT', datagram(4500, 4500, [0xff])],
    ['STUN on port 443', datagram(40_000, 443, [0, 1, 0, 0, ...filled(16)])],
    ['nothing', datagram(40_000, 443, [])],
    ['a routing protocol', ipv4({ protocol: 89 }, filled(60))],
  ])('is nothing of %s', (_, packet) => {
    expect(told(packet)).toBeNull();
  });
});
