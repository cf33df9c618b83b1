import { AddressTable } from '../../base/addresses.ts';
import { at } from '../../base/time.ts';
import { createDamage, type Damage } from '../../model/input.ts';
import { createLayers, createPacket, type Layers } from '../../model/packet.ts';
import { createDecoder, type Decoder } from '../decoder.ts';
import type { Bytes } from './frames.ts';

export interface Bench {
  decoder: Decoder;
  layers: Layers;
  damage: Damage;
  addresses: AddressTable;
  /** Decodes one packet, given by its bytes; `wireLength` where it was cut. */
  decode(bytes: Bytes, packet?: { linkType?: number; wireLength?: number; time?: number }): boolean;
  /** What the layers say, in words: `udp 10.0.3.7:41200 > 10.96.0.10:53 payload`. */
  summary(): string;
}

export function createBench(options: { vxlanPorts?: readonly number[] } = {}): Bench {
  const addresses = new AddressTable();
  const damage = createDamage();
  const decoder = createDecoder({ addresses, ...options }, damage);
  const layers = createLayers();
  const packet = createPacket(0);
  const bench: Bench = {
    decoder,
    layers,
    damage,
    addresses,
    decode(bytes, of = {}) {
      packet.number++;
      packet.bytes = Uint8Array.from([0xee, 0xee, 0xee, ...bytes, 0xee, 0xee]);
      packet.start = 3;
      packet.end = 3 + bytes.length;
      packet.wireLength = of.wireLength ?? bytes.length;
      packet.linkType = of.linkType ?? 1;
      packet.time = at(of.time ?? packet.number);
      return decoder.decode(packet, layers);
    },
    summary: () => summaryOf(layers, addresses),
  };
  return bench;
}

export function summaryOf(layers: Layers, addresses: AddressTable): string {
  const names: Record<number, string> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6' };
  const payload = Buffer.from(layers.bytes.subarray(layers.payloadStart, layers.payloadEnd)).toString('latin1');
  const source = `${addresses.text(layers.source)}:${layers.sourcePort}`;
  const destination = `${addresses.text(layers.destination)}:${layers.destinationPort}`;
  return `${names[layers.protocol] ?? layers.protocol} ${source} > ${destination} ${payload}`;
}
