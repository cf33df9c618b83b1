import type { Packet } from '../../src/model/packet.ts';

/** A whole number from 0 to below the limit. */
export type Below = (limit: number) => number;

export interface Damage<Thing> {
  name: string;
  harm(thing: Thing, below: Below): Thing;
}

// As many as make a decoder go astray, few enough that most of the capture is still read.
const MAX_FLIPS = 60;
const MAX_HOLE = 2_000;
const MAX_PACKETS = 8;
// A packet that overtakes others does so by a few.
const MAX_OVERTAKEN = 20;

function some(below: Below, most: number, act: () => void): void {
  for (let left = 1 + below(most); left > 0; left--) act();
}

/** What happens to files. */
export const OF_BYTES: readonly Damage<Uint8Array>[] = [
  { name: 'cut', harm: (bytes, below) => bytes.slice(0, below(bytes.length)) },
  {
    name: 'flipped bytes',
    harm(bytes, below) {
      const flipped = bytes.slice();
      some(below, MAX_FLIPS, () => (flipped[below(flipped.length)] = below(256)));
      return flipped;
    },
  },
  {
    name: 'hole',
    harm(bytes, below) {
      const from = below(bytes.length);
      return new Uint8Array(Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + below(MAX_HOLE))]));
    },
  },
  {
    name: 'repeated stretch',
    harm(bytes, below) {
      const from = below(bytes.length);
      return new Uint8Array(Buffer.concat([bytes.subarray(0, from + below(MAX_HOLE)), bytes.subarray(from)]));
    },
  },
];

/** What happens to packets on their way, or to a capture that can't keep up. */
export const OF_PACKETS: readonly Damage<Packet[]>[] = [
  {
    name: 'dropped packets',
    harm(packets, below) {
      const left = [...packets];
      some(below, MAX_PACKETS, () => left.splice(below(left.length), 1));
      return left;
    },
  },
  {
    name: 'packets seen twice',
    harm(packets, below) {
      const more = [...packets];
      some(below, MAX_PACKETS, () => {
        const from = below(more.length);
        more.splice(from + below(MAX_OVERTAKEN), 0, more[from] as Packet);
      });
      return more;
    },
  },
  {
    name: 'packets out of order',
    harm(packets, below) {
      const moved = [...packets];
      some(below, MAX_PACKETS, () => {
        const from = below(moved.length);
        const [packet] = moved.splice(from, 1);
        moved.splice(from + below(MAX_OVERTAKEN), 0, packet as Packet);
      });
      return moved;
    },
  },
  {
    name: 'overtaken on the way',
    // The order changes and the clock does not run backwards: each place keeps its time.
    harm(packets, below) {
      const moved = [...packets];
      some(below, MAX_PACKETS, () => {
        const from = below(moved.length);
        const to = Math.min(moved.length - 1, from + below(MAX_OVERTAKEN));
        const [one, other] = [moved[from] as Packet, moved[to] as Packet];
        moved[from] = { ...other, time: one.time };
        moved[to] = { ...one, time: other.time };
      });
      return moved;
    },
  },
  {
    name: 'flipped bytes in packets',
    harm(packets, below) {
      const harmed = [...packets];
      some(below, MAX_FLIPS, () => {
        const which = below(harmed.length);
        const packet = harmed[which] as Packet;
        const bytes = packet.bytes.slice();
        if (bytes.length > 0) bytes[below(bytes.length)] = below(256);
        harmed[which] = { ...packet, bytes };
      });
      return harmed;
    },
  },
];
