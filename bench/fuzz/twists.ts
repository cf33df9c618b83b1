import { AddressTable } from '../../src/base/addresses.ts';
import { at } from '../../src/base/time.ts';
import { createDecoder } from '../../src/decode/decoder.ts';
import { createDamage } from '../../src/model/input.ts';
import { createLayers, type Packet } from '../../src/model/packet.ts';
import type { Below, Damage } from './damage.ts';

// What tcpdump -s 96 leaves of a packet.
const SHORT_SNAP_LENGTH = 96;
// A copy on the next interface of its way comes a few microseconds later.
const ON_ITS_WAY = 5_000;
// Queues of a network card are emptied in turn, so many nanoseconds apart at most.
const MOST_OUT_OF_ORDER = 1_000_000;
const MOST_COPIES = 20;

/** Only what goes to the lower port, which is the server's, or what comes from it. */
export function half(packets: readonly Packet[], towards: 'server' | 'client'): Packet[] {
  const decoder = createDecoder({ addresses: new AddressTable() }, createDamage());
  const layers = createLayers();
  return packets.filter((packet) => {
    const isPlaced = decoder.decode(packet, layers) && layers.sourcePort !== layers.destinationPort;
    return !isPlaced || layers.sourcePort > layers.destinationPort === (towards === 'server');
  });
}

/** Each packet twice, as on two interfaces of its way. */
export const doubled = (packets: readonly Packet[]): Packet[] =>
  packets
    .flatMap((packet) => [packet, { ...packet, time: at(packet.time + ON_ITS_WAY), interface: 1 }])
    .toSorted((one, other) => one.time - other.time);

const shortened = (packets: readonly Packet[]): Packet[] =>
  packets.map((packet) => ({ ...packet, end: Math.min(packet.end, packet.start + SHORT_SNAP_LENGTH) }));

const withoutOne = (packets: readonly Packet[], below: Below): Packet[] => packets.toSpliced(below(packets.length), 1);

const withoutHead = (packets: readonly Packet[], below: Below): Packet[] => packets.slice(below(packets.length));

/** How people take captures of healthy and of sick traffic. What a capture is told to be must not hang on it. */
export const TWISTS: readonly Damage<readonly Packet[]>[] = [
  { name: 'whole', harm: (packets) => packets },
  { name: 'without one packet', harm: withoutOne },
  {
    name: 'some packets twice',
    harm(packets, below) {
      const copied = new Set(Array.from({ length: MOST_COPIES }, () => below(packets.length)));
      return packets.flatMap((packet, index) =>
        copied.has(index) ? [packet, { ...packet, time: at(packet.time + ON_ITS_WAY) }] : [packet],
      );
    },
  },
  { name: 'each packet twice', harm: doubled },
  { name: 'head cut', harm: withoutHead },
  { name: 'tail cut', harm: (packets, below) => packets.slice(0, 1 + below(packets.length)) },
  { name: 'towards the server', harm: (packets) => half(packets, 'server') },
  { name: 'towards the client', harm: (packets) => half(packets, 'client') },
  {
    name: 'out of order',
    harm: (packets, below) =>
      packets
        .map((packet) => ({ packet, place: packet.time + below(MOST_OUT_OF_ORDER) }))
        .toSorted((one, other) => one.place - other.place)
        .map(({ packet }) => packet),
  },
  { name: 'snap length 96', harm: shortened },
  { name: 'snap length 96, head cut', harm: (packets, below) => shortened(withoutHead(packets, below)) },
  { name: 'snap length 96, towards the server', harm: (packets) => shortened(half(packets, 'server')) },
  { name: 'snap length 96, towards the client', harm: (packets) => shortened(half(packets, 'client')) },
];
