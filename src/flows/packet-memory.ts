import { signed32 } from '../base/network-order.ts';
import { milliseconds, seconds, type Duration, type Timestamp } from '../base/time.ts';
import { TCP_FLAG, type Layers } from '../model/packet.ts';
import { placeOf } from './place.ts';

// Packets remembered of all connections, a power of two: a copy follows within microseconds, or
// within a path's delay where the capture has both ends of it.
const SLOTS = 1 << 16;
// A slot's words of 32 bits: four, so that none lies in two cache lines.
const STRIDE = 4;
const KEY = 0;
const CHECK = 1;
const PLACE = 2;
// Whole microseconds, of which so many fit 32 bits as pass in 71 minutes.
const TIME = 3;
// A copy passes the next interface within microseconds; a retransmission takes 200 ms on Linux.
const COPY_WINDOW = toMicroseconds(milliseconds(5));
// The very same packet seen elsewhere: the longest delay of a path between two interfaces.
const LONGEST_WAY = toMicroseconds(seconds(2));
const MAXIMUM_SEGMENT_SIZE_OPTION = 2;

/**
 * The last TCP packets, to tell copies (`-i any`, both faces of a DNAT, a mirror port, another
 * capture of the same time) from what was really sent again. Of fixed size.
 */
export class PacketMemory {
  readonly #slots = new Int32Array(SLOTS * STRIDE);

  /**
   * Whether this packet was seen before; else it is remembered.
   * @param direction unique among all directions of all connections
   * @param mayBe false where it goes beyond all that its side has sent or acknowledged: then it is only
   * remembered, and nothing waits for a slot that is seldom in the processor's cache
   */
  isCopy(direction: number, layers: Layers, mayBe: boolean): boolean {
    const { ipId } = layers;
    const time = toMicroseconds(layers.time);
    const options = hashOfOptions(layers);
    const sent = Math.imul(layers.sequence | 0, 0x9e3779b1) ^ Math.imul(layers.acknowledgment | 0, 0x85ebca6b);
    const rest = (layers.tcpFlags << 24) ^ (layers.window << 8) ^ layers.payloadLength;
    let key = sent ^ Math.imul(direction, 0xc2b2ae35) ^ Math.imul(rest, 0x27d4eb2f) ^ options;
    key ^= key >>> 15;
    const check = Math.imul(layers.sequence ^ ipId, 31) ^ Math.imul(options ^ direction, 0x165667b1) ^ rest;
    const place = placeOf(layers);
    const slot = ((key ^ (key >>> 16)) & (SLOTS - 1)) * STRIDE;
    const slots = this.#slots;
    if (mayBe && slots[slot + KEY] === key && slots[slot + CHECK] === check) {
      const age = Math.abs((time - (slots[slot + TIME] as number)) | 0);
      const elsewhere = slots[slot + PLACE] !== place;
      if (elsewhere && age <= LONGEST_WAY) return true;
      // A resend may keep its identification (RFC 1122 section 3.2.1.5), but takes its time. Some stacks
      // send 0 in every packet (RFC 6864 allows it with DF), IPv6 has none: then acknowledgments repeat themselves.
      if (age <= COPY_WINDOW && (ipId > 0 || isMoreThanAcknowledgment(layers))) return true;
    }
    slots[slot + KEY] = key;
    slots[slot + CHECK] = check;
    slots[slot + PLACE] = place;
    slots[slot + TIME] = time;
    return false;
  }
}

const isMoreThanAcknowledgment = ({ payloadLength, tcpFlags }: Layers): boolean =>
  payloadLength > 0 || (tcpFlags & ~(TCP_FLAG.ack | TCP_FLAG.psh)) !== 0;

/** Options are the same in a copy (timestamps tell a resend), but for the segment size that routers lower in a SYN. */
export function hashOfOptions({ bytes, tcpOptions, payloadStart, tcpFlags }: Layers): number {
  let offset = tcpOptions;
  if ((tcpFlags & TCP_FLAG.syn) !== 0 && bytes[offset] === MAXIMUM_SEGMENT_SIZE_OPTION) offset += 4;
  let hash = payloadStart - tcpOptions;
  // Options fill whole words (RFC 9293 section 3.1), which are far fewer than bytes.
  for (; offset < payloadStart; offset += 4)
    hash = Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) ^ signed32(bytes, offset);
  return hash;
}

/** Modulo 2^32. */
function toMicroseconds(time: Timestamp | Duration): number {
  return (time / 1e3) | 0;
}
