import { describe, expect, it } from 'vitest';
import { AddressTable } from '../base/addresses.ts';
import { at } from '../base/time.ts';
import { createLayers, IP_PROTOCOL } from '../model/packet.ts';
import type { Vantage } from '../model/input.ts';
import { createVantage } from './vantage.ts';

const POD = '10.244.1.17';
const DNS = '10.96.0.10';
const COREDNS = '10.244.0.2';
const IN = 0;
const OUT = 4;

interface Seen {
  from: string;
  to: string;
  /** Cooked direction; left out for Ethernet. */
  way?: number;
  hops?: number;
  interface?: number;
}

/** Each step is one packet on its way: the same payload and identification wherever it is seen. */
function vantageOf(journeys: readonly (readonly Seen[])[], packets = 20): Vantage {
  const addresses = new AddressTable();
  const vantage = createVantage(addresses);
  const layers = createLayers();
  for (let number = 1; number <= packets; number++) {
    for (const [index, journey] of journeys.entries()) {
      layers.bytes = Uint8Array.of(number, index, 1, 0, 9);
      for (const [step, seen] of journey.entries()) {
        const isQuery = index % 2 === 0;
        Object.assign(layers, {
          number,
          time: at(number * 1e8 + index * 1e6 + step * 10_000),
          version: seen.from.includes(':') ? 6 : 4,
          protocol: IP_PROTOCOL.udp,
          source: addresses.internText(seen.from),
          destination: addresses.internText(seen.to),
          sourcePort: isQuery ? 41_200 : 53,
          destinationPort: isQuery ? 53 : 41_200,
          payloadEnd: 5,
          payloadLength: 5,
          ipId: number * 10 + index,
          hopLimit: seen.hops ?? 64,
          cookedType: seen.way ?? -1,
          interface: seen.interface ?? 0,
        });
        vantage.push(layers);
      }
    }
  }
  return vantage.finish();
}

describe('the vantage', () => {
  it('is a pod where one address sends and receives all', () => {
    const vantage = vantageOf([[{ from: POD, to: DNS, way: OUT }], [{ from: DNS, to: POD, way: IN, hops: 62 }]]);
    expect(vantage).toMatchObject({ kind: 'pod', addresses: [POD] });
    expect(vantage.because).toContain(POD);
    expect(vantage.sees).toEqual({ dns: false, tcp: false, http: false, bothDirections: true });
  });

  it('is a pod with an address of each family', () => {
    const vantage = vantageOf([
      [{ from: POD, to: DNS, way: OUT }],
      [{ from: DNS, to: POD, way: IN, hops: 62 }],
      [{ from: 'fd00::17', to: 'fd00::a', way: OUT }],
      [{ from: 'fd00::a', to: 'fd00::17', way: IN, hops: 62 }],
    ]);
    expect(vantage).toMatchObject({ kind: 'pod', addresses: [POD, 'fd00::17'] });
  });

  it('is a pod without a cooked direction where it asks several, or where the far end was routed', () => {
    expect(vantageOf([[{ from: POD, to: DNS }], [{ from: COREDNS, to: POD }]])).toMatchObject({
      kind: 'pod',
      addresses: [POD],
    });
    expect(vantageOf([[{ from: POD, to: DNS }], [{ from: DNS, to: POD, hops: 62 }]])).toMatchObject({
      kind: 'pod',
      addresses: [POD],
    });
  });

  it('stays a pod where a bridge floods it with copies for others', () => {
    const flood: Seen = { from: POD, to: '10.244.0.99', way: 3, hops: 63 };
    const journeys: Seen[][] = Array.from({ length: 40 }, (_, index) => [
      index % 2 === 0 ? { from: POD, to: DNS, way: OUT } : { from: DNS, to: POD, way: IN, hops: 62 },
    ]);
    journeys[0]!.push(flood);
    journeys[2]!.push(flood);
    expect(vantageOf(journeys)).toMatchObject({ kind: 'pod', addresses: [POD] });
  });

  it('is a quiet pod, too, where half of what it sees is flooded from others to others', () => {
    const flood: Seen = { from: '10.244.0.1', to: '10.244.0.99', way: 3 };
    const own: Seen[][] = [[{ from: POD, to: DNS, way: OUT }], [{ from: DNS, to: POD, way: IN, hops: 62 }]];
    expect(vantageOf([...own, [flood], [flood]])).toMatchObject({ kind: 'pod', addresses: [POD] });
    // A mirrored port has nothing else.
    expect(vantageOf([[flood], [{ from: POD, to: DNS, way: 3 }]]).kind).not.toBe('pod');
  });

  it('is a node where what comes to it is for others, though it speaks to most of its pods itself', () => {
    const own: Seen[][] = Array.from({ length: 38 }, (_, index) => [
      index % 2 === 0 ? { from: '10.244.0.1', to: POD, way: OUT } : { from: POD, to: '10.244.0.1', way: IN },
    ]);
    const routed: Seen[] = [
      { from: '10.244.0.50', to: '10.96.101.223', way: 3, interface: 52 },
      { from: '10.244.0.50', to: '10.96.101.223', way: IN, interface: 3 },
    ];
    expect(vantageOf([...own, routed])).toMatchObject({ kind: 'node' });
    expect(vantageOf([...own, routed.slice(0, 1)])).toMatchObject({ kind: 'pod', addresses: ['10.244.0.1'] });
  });

  it('is a node where packets are seen before and behind a DNAT', () => {
    const vantage = vantageOf([
      [
        { from: POD, to: DNS, way: IN, interface: 7 },
        { from: POD, to: COREDNS, way: OUT, hops: 63, interface: 8 },
      ],
      [
        { from: COREDNS, to: POD, way: IN, interface: 8 },
        { from: DNS, to: POD, way: OUT, hops: 63, interface: 7 },
      ],
    ]);
    expect(vantage).toMatchObject({ kind: 'node', addresses: [POD, COREDNS] });
    expect(vantage.because).toContain('DNAT');
  });

  it('is a node where packets of pods pass through it', () => {
    const vantage = vantageOf([
      [
        { from: POD, to: '10.0.0.8', way: IN, interface: 7 },
        { from: POD, to: '10.0.0.8', way: OUT, hops: 63, interface: 2 },
      ],
      [
        { from: '10.0.0.8', to: POD, way: IN, hops: 60, interface: 2 },
        { from: '10.0.0.8', to: POD, way: OUT, hops: 59, interface: 7 },
      ],
    ]);
    expect(vantage).toMatchObject({ kind: 'node', addresses: [POD] });
  });

  it('is a gateway where all that passes has been routed before', () => {
    const vantage = vantageOf([
      [
        { from: '10.1.0.1', to: '10.2.0.1', hops: 61, interface: 1 },
        { from: '10.1.0.1', to: '10.2.0.1', hops: 60, interface: 2 },
      ],
      [
        { from: '10.2.0.1', to: '10.1.0.1', hops: 59, interface: 2 },
        { from: '10.2.0.1', to: '10.1.0.1', hops: 58, interface: 1 },
      ],
    ]);
    expect(vantage).toMatchObject({ kind: 'gateway', addresses: [] });
  });

  it.each<[string, Seen[][], number]>([
    ['two ends that look alike', [[{ from: POD, to: DNS }], [{ from: DNS, to: POD }]], 20],
    ['too few packets', [[{ from: POD, to: DNS, way: OUT }]], 3],
    ['loopback only', [[{ from: '127.0.0.1', to: '127.0.0.53', way: IN }]], 20],
    ['multicast only', [[{ from: POD, to: '224.0.0.251' }]], 20],
    ['nothing', [], 0],
  ])('stays unknown: %s', (_, journeys, packets) => {
    const vantage = vantageOf(journeys, packets);
    expect(vantage).toMatchObject({ kind: 'unknown', addresses: [] });
    expect(vantage.because).not.toBe('');
  });

  it('says that only one direction was seen', () => {
    expect(vantageOf([[{ from: POD, to: DNS, way: OUT }]]).sees.bothDirections).toBe(false);
  });

  it('is told of DNS', () => {
    const addresses = new AddressTable();
    const vantage = createVantage(addresses);
    vantage.sawDns(true, false);
    expect(vantage.finish().sees).toMatchObject({ dns: true, bothDirections: false });
    vantage.sawDns(false, true);
    expect(vantage.finish().sees).toMatchObject({ dns: true, bothDirections: true });
  });
});
