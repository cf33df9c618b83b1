import { signed32 } from '../base/network-order.ts';
import { milliseconds } from '../base/time.ts';
import { IP_PROTOCOL, type Layers } from '../model/packet.ts';

// Powers of two: the last packets, by a hash of what copies share.
const SLOTS = 1 << 12;
// From one interface to the next takes microseconds; a resend takes far longer.
export const COPY_WINDOW = milliseconds(20);

export interface CopyWatch {
  push(layers: Layers): void;
  /** Packets seen again on their way, to the same address. */
  forwarded(): number;
  /** Packets seen again with another destination (or, of replies, another source): both faces of a DNAT. */
  translated(): number;
}

/** Counts packets that are seen more than once on their way through the machine. Of fixed size. */
export function createCopyWatch(): CopyWatch {
  const keys = new Int32Array(SLOTS);
  const sources = new Int32Array(SLOTS);
  const destinations = new Int32Array(SLOTS);
  const places = new Int32Array(SLOTS);
  const times = new Float64Array(SLOTS).fill(-Infinity);
  let forwarded = 0;
  let translated = 0;

  function push(layers: Layers): void {
    const key = keyOf(layers);
    if (key === 0) return;
    const slot = key & (SLOTS - 1);
    const { source, destination, time } = layers;
    // Where it was seen: on the same interface in the same direction it is no copy on its way.
    const place = (layers.interface << 12) ^ (layers.cookedType << 8) ^ layers.hopLimit;
    const isAgain = keys[slot] === key && Math.abs(time - (times[slot] as number)) <= COPY_WINDOW;
    if (isAgain && places[slot] !== place) {
      const sameSource = sources[slot] === source;
      const sameDestination = destinations[slot] === destination;
      if (sameSource && sameDestination) forwarded++;
      else if (sameSource || sameDestination) translated++;
    }
    keys[slot] = key;
    sources[slot] = source;
    destinations[slot] = destination;
    places[slot] = place;
    times[slot] = time;
  }

  return { push, forwarded: () => forwarded, translated: () => translated };
}

/** What a packet keeps on its way: all but hop limit, and one address and port of a DNAT; 0 where that is too little. */
function keyOf(layers: Layers): number {
  const { protocol, payloadStart, bytes } = layers;
  let own: number;
  if (protocol === IP_PROTOCOL.tcp)
    own = Math.imul(layers.sequence, 31) ^ layers.acknowledgment ^ (layers.tcpFlags << 24);
  else if (protocol === IP_PROTOCOL.udp && layers.payloadEnd - payloadStart >= 4) {
    own = signed32(bytes, payloadStart);
  } else return 0;
  let key = Math.imul(own, 0x9e3779b1) ^ Math.imul(layers.ipId, 0x85ebca6b);
  key ^= Math.imul(layers.payloadLength, 0xc2b2ae35) ^ Math.imul(protocol, 0x27d4eb2f);
  key ^= key >>> 15;
  return key;
}
