import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLayers, FRAGMENT, type Layers } from '../model/packet.ts';
import { createBench, type Bench } from './testing/decode-one.ts';
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
  type Bytes,
} from './testing/frames.ts';

const LINK_TYPES = [0, 1, 12, 14, 101, 108, 113, 228, 229, 276, 147];
const query = udp(41200, 53, text('a query of some length'));
const segment = tcp({ options: [1, 1, 1, 1] }, text('data'));
const inner = ethernet(0x0800, ipv4({ protocol: 17 }, query));

/** Packets of all kinds that the decoder knows: what is made of them is nearly right, which random bytes never are. */
const seeds: readonly [number, Bytes][] = [
  [1, ethernet(0x0800, ipv4({ protocol: 17 }, query))],
  [1, ethernet(0x0800, ipv4({ protocol: 6, options: [7, 4, 4, 0] }, segment))],
  [1, ethernet(0x8100, vlan(0x8847, [0, 1, 1, 64, ...ipv4({ protocol: 6 }, segment)]))],
  [1, ethernet(0x86dd, ipv6(0, extension(43, extension(60, extension(17, query)))))],
  [1, ethernet(0x86dd, ipv6(44, fragment6(17, 0, true, 5, query)))],
  [1, ethernet(0x0800, ipv4({ protocol: 17, moreFragments: true }, query))],
  [1, ethernet(0x0800, ipv4({ protocol: 17, fragmentOffset: 16 }, query))],
  [1, ethernet(0x0800, ipv4({ protocol: 17 }, udp(5, 4789, vxlan(inner))))],
  [1, ethernet(0x0800, ipv4({ protocol: 17 }, udp(5, 6081, geneve(0x6558, [0, 0, 0, 0], inner))))],
  [1, ethernet(0x0800, ipv4({ protocol: 47 }, gre(0xb000, 0x6558, inner)))],
  [
    1,
    ethernet(0x0800, ipv4({ protocol: 47 }, gre(0x1000, 0x22eb, [...Array.from({ length: 12 }, () => 1), ...inner]))),
  ],
  [1, ethernet(0x0800, ipv4({ protocol: 1 }, icmp(3, 3, ipv4({ protocol: 17 }, query))))],
  [1, ethernet(0x86dd, ipv6(58, icmp(1, 4, ipv6(6, segment))))],
  [113, sll(0x0800, 0, ipv4({ protocol: 4 }, ipv4({ protocol: 6 }, segment)))],
  [276, sll2(0x86dd, 4, 3, ipv6(51, [17, 4, 0, 0, ...Array.from({ length: 20 }, () => 0), ...query]))],
  [0, [30, 0, 0, 0, ...ipv6(41, ipv6(17, query))]],
];

const mutated = fc
  .record({
    seed: fc.nat(seeds.length - 1),
    flips: fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }),
    cut: fc.option(fc.nat(160), { nil: 1000 }),
  })
  .map(({ seed, flips, cut }): [number, Bytes] => {
    const [linkType, whole] = seeds[seed]!;
    const bytes = [...whole];
    for (const [at, value] of flips) if (at < bytes.length) bytes[at] = value;
    return [linkType, bytes.slice(0, cut)];
  });
const random = fc.tuple(
  fc.constantFrom(...LINK_TYPES),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => [...bytes] as Bytes),
);
const packets = fc.array(fc.tuple(fc.oneof(mutated, random), fc.nat(2000), fc.nat(40)), {
  minLength: 1,
  maxLength: 12,
});

/** The bench puts three bytes before the packet and two behind: nothing may reach there. */
function expectBounds(layers: Layers, length: number): void {
  const whole = layers.fragment === FRAGMENT.reassembled;
  expect(layers.payloadStart).toBeGreaterThanOrEqual(whole ? 0 : 3);
  expect(layers.payloadEnd).toBeGreaterThanOrEqual(layers.payloadStart);
  expect(layers.payloadEnd).toBeLessThanOrEqual(whole ? layers.bytes.length : 3 + length);
  expect(layers.payloadLength).toBeGreaterThanOrEqual(0);
  const numbers = Object.values(layers).filter((value) => typeof value === 'number');
  expect(numbers.every(Number.isInteger)).toBe(true);
}

describe('any bytes', () => {
  it('decode without a throw, within the bounds of their packet, with at most one count of damage each', () => {
    fc.assert(
      fc.property(packets, (list) => {
        const bench = createBench();
        const quoted = createLayers();
        for (const [[linkType, bytes], more, seconds] of list) {
          const before = bench.damage.undecodable;
          const pushed = bench.decode(bytes, { linkType, wireLength: bytes.length + more, time: seconds * 1e9 });
          expect(bench.damage.undecodable - before).toBeLessThanOrEqual(1);
          expectBounds(bench.layers, bytes.length);
          expect(pushed ? [4, 6] : [0, 4, 6]).toContain(bench.layers.version);
          if (pushed && bench.decoder.decodeIcmpInner(bench.layers, quoted)) expectBounds(quoted, bytes.length);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

/** What the layers say, with bounds counted from the IP header. */
function told(bench: Bench, link: number): object {
  const { bytes: _, input: _input, number: _number, time: _time, cookedType: _cooked, ...rest } = bench.layers;
  return {
    ...rest,
    interface: 0,
    payloadStart: rest.payloadStart - link,
    payloadEnd: rest.payloadEnd - link,
    tcpOptions: rest.tcpOptions < 0 ? -1 : rest.tcpOptions - link,
    damage: bench.damage.undecodable,
  };
}

describe('the short way for plain packets', () => {
  it('says what the long way says, which raw IP goes', () => {
    // Lengths that lie do so by a little: the edges are where two ways may part.
    const offBy = fc.oneof(
      { weight: 3, arbitrary: fc.constant(0) },
      { weight: 2, arbitrary: fc.integer({ min: -30, max: 9 }) },
    );
    const network = fc
      .record({
        protocol: fc.constantFrom(6, 17, 17, 1),
        destinationPort: fc.constantFrom(53, 4789, 8080),
        payload: fc.uint8Array({ maxLength: 40 }),
        lie: offBy,
        totalLie: offBy,
        dataOffset: fc.option(fc.nat(15), { nil: null, freq: 2 }),
        options: fc.constantFrom([], [1, 1, 1, 0]),
        cut: fc.option(fc.integer({ min: 20, max: 80 }), { nil: 1000, freq: 1 }),
        more: fc.constantFrom(0, 0, 7),
      })
      .map((of) => {
        const payload = [...of.payload];
        const transport =
          of.protocol === 17
            ? udp(9, of.destinationPort, payload, payload.length + 8 + of.lie)
            : tcp(of.dataOffset === null ? {} : { dataOffset: of.dataOffset }, payload);
        const totalLength = Math.max(0, 20 + of.options.length + transport.length + of.totalLie);
        const bytes = ipv4({ protocol: of.protocol, options: of.options, totalLength }, transport);
        return { bytes: bytes.slice(0, of.cut), more: of.more };
      });
    fc.assert(
      fc.property(network, ({ bytes, more }) => {
        const raw = createBench();
        const pushed = raw.decode(bytes, { linkType: 101, wireLength: bytes.length + more });
        for (const [linkType, frame, header] of [
          [1, ethernet(0x0800, bytes), 14],
          [276, sll2(0x0800, 4, 9, bytes), 20],
        ] as const) {
          const bench = createBench();
          const wireLength = frame.length + more;
          expect(bench.decode(frame, { linkType, wireLength })).toBe(pushed);
          expect(told(bench, header)).toEqual(told(raw, 0));
        }
      }),
      { numRuns: 1000 },
    );
  });
});
