import type { Layers } from '../model/packet.ts';

/** Where a packet was seen: a copy has another interface, direction, hop limit, address, tunnel or capture. */
export function placeOf(layers: Layers): number {
  const { interface: index, cookedType, hopLimit, input, tunnels } = layers;
  const ends = Math.imul(layers.source, 31) ^ Math.imul(layers.destination, 0x9e3779b1);
  return (index << 12) ^ (cookedType << 8) ^ hopLimit ^ (input << 24) ^ (tunnels << 20) ^ ends;
}
