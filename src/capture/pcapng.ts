import { formatCount } from '../base/text.ts';
import { at } from '../base/time.ts';
import type { Input } from '../model/input.ts';
import type { SourceState } from '../model/source.ts';
import type { ByteWindow } from './byte-window.ts';
import { MAX_BLOCK_BYTES, MAX_INTERFACES, MAX_PACKET_BYTES, RESYNC_BYTES } from './limits.ts';
import { addLinkType } from './link-types.ts';
import { atByte, note } from './notes.ts';
import {
  absoluteNanoseconds,
  createInterface,
  forEachOption,
  readInterface,
  type CaptureInterface,
} from './pcapng-interface.ts';
import { PacketSourceBase } from './source-base.ts';

const BLOCK = {
  section: 0x0a0d0d0a,
  interface: 1,
  packet: 2,
  simplePacket: 3,
  statistics: 5,
  enhancedPacket: 6,
  journal: 9,
  secrets: 10,
  systemCall: 0x204,
  systemCallWithFlags: 0x208,
} as const;
// Blocks that are no packets, but which Wireshark gives a frame number.
const NUMBERED: ReadonlySet<number> = new Set([BLOCK.journal, BLOCK.systemCall, BLOCK.systemCallWithFlags]);
const KNOWN: ReadonlySet<number> = new Set([BLOCK.section, 1, 2, 3, 4, 5, 6, 9, 10]);

// The kind of secrets: `TLSK` (draft-ietf-opsawg-pcapng section 4.7).
const TLS_KEY_LOG = 0x544c534b;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const SMALLEST_BLOCK = 12;
const UNKNOWN_DROPS = 0xffff;
const OPTION = { endTime: 3, interfaceDropped: 5, systemDropped: 7, packetDropped: 4 } as const;
// A statistics block says when the capture ended, which may be long after the last packet; a day
// after is a clock that jumped or a number that lies.
const MOST_SILENCE_AT_END = 86_400e9;

/** pcapng: sections in either byte order, several interfaces, each with its own clock. */
export class PcapngSource extends PacketSourceBase {
  #little = true;
  #interfaces: CaptureInterface[] = [];
  #interfacesBefore = 0;
  #number = 0;
  #lastTime = 0;
  #lostAt = -1;
  readonly #onSecrets: (keyLog: Uint8Array) => void;

  /** @param onSecrets takes TLS key logs; valid during the call */
  constructor(window: ByteWindow, input: Input, onSecrets: (keyLog: Uint8Array) => void = () => {}) {
    super(window, input);
    this.#onSecrets = onSecrets;
  }

  override next(): SourceState {
    const { window } = this;
    for (;;) {
      if (this.#lostAt >= 0 && !this.#findBlock()) return window.ended ? this.starved() : 'more';
      const { start } = window;
      if (start + SMALLEST_BLOCK > window.end) return this.starved();
      const { view } = window;
      let type = view.getUint32(start, this.#little);
      if (type === BLOCK.section && !this.#readByteOrder(view, start + 8)) type = -1;
      const length = view.getUint32(start + 4, this.#little);
      if (type < 0 || length < SMALLEST_BLOCK || length > MAX_BLOCK_BYTES || length % 4 !== 0) {
        this.#lose();
        continue;
      }
      const end = start + length;
      if (end > window.end) return this.starved();
      if (view.getUint32(end - 4, this.#little) !== length) {
        // One of the two lengths lies; the next block tells which.
        if (end + SMALLEST_BLOCK > window.end && !window.ended) return 'more';
        if (!this.#isBlockAt(end)) {
          this.#lose();
          continue;
        }
      }
      window.start = end;
      if (this.#readBlock(type, start + 8, end - 4)) return 'packet';
    }
  }

  /** @returns whether it was a packet */
  #readBlock(type: number, start: number, end: number): boolean {
    switch (type) {
      case BLOCK.enhancedPacket:
        return this.#enhancedPacket(start, end);
      case BLOCK.packet:
        return this.#obsoletePacket(start, end);
      case BLOCK.simplePacket:
        return this.#simplePacket(start, end);
      case BLOCK.section:
        this.#interfacesBefore += this.#interfaces.length;
        this.#interfaces = [];
        return false;
      case BLOCK.interface:
        this.#interface(start, end);
        return false;
      case BLOCK.statistics:
        this.#statistics(start, end);
        return false;
      case BLOCK.secrets:
        this.#secrets(start, end);
        return false;
      default:
        if (NUMBERED.has(type)) this.#number++;
        return false;
    }
  }

  #enhancedPacket(start: number, end: number): boolean {
    if (end - start < 20) return this.#damaged(start);
    const { view } = this.window;
    const little = this.#little;
    const from = this.#interfaces[view.getUint32(start, little)];
    if (from === undefined) return this.#damaged(start);
    const time = this.#time(from, view.getUint32(start + 4, little), view.getUint32(start + 8, little));
    const captured = view.getUint32(start + 12, little);
    this.#emit(from, time, start + 20, end, captured, view.getUint32(start + 16, little));
    const options = start + 20 + ((captured + 3) & ~3);
    if (captured <= end - start && options < end) this.#packetDrops(options, end);
    return true;
  }

  #obsoletePacket(start: number, end: number): boolean {
    if (end - start < 20) return this.#damaged(start);
    const { view } = this.window;
    const little = this.#little;
    const from = this.#interfaces[view.getUint16(start, little)];
    if (from === undefined) return this.#damaged(start);
    const drops = view.getUint16(start + 2, little);
    if (drops !== UNKNOWN_DROPS) this.input.damage.droppedByCapture += drops;
    const time = this.#time(from, view.getUint32(start + 4, little), view.getUint32(start + 8, little));
    this.#emit(from, time, start + 20, end, view.getUint32(start + 12, little), view.getUint32(start + 16, little));
    return true;
  }

  /** Carries no time: it gets the one of the packet before. */
  #simplePacket(start: number, end: number): boolean {
    const from = this.#interfaces[0];
    if (end - start < 4 || from === undefined) return this.#damaged(start);
    const wireLength = this.window.view.getUint32(start, this.#little);
    const captured = Math.min(wireLength, from.snapLength || wireLength);
    this.#emit(from, this.#lastTime, start + 4, end, Math.min(captured, end - start - 4), wireLength);
    return true;
  }

  #emit(from: CaptureInterface, time: number, start: number, end: number, captured: number, wireLength: number): void {
    const { packet, input } = this;
    let dataEnd = start + captured;
    if (captured > MAX_PACKET_BYTES || dataEnd > end) {
      dataEnd = Math.min(end, start + MAX_PACKET_BYTES);
      input.damage.undecodable++;
      note(input.damage, `a packet claims ${formatCount(captured)} bytes, more than its block holds`);
    }
    this.#lastTime = time;
    const shifted = time + this.shift;
    input.packets++;
    packet.number = ++this.#number;
    packet.time = at(shifted);
    packet.bytes = this.window.bytes;
    packet.start = start;
    packet.end = dataEnd;
    packet.wireLength = wireLength;
    packet.linkType = from.linkType;
    packet.interface = from.index;
    if (dataEnd - start < wireLength) input.damage.cut++;
    if (shifted > input.endsAt) input.endsAt = packet.time;
  }

  /** Nanoseconds since the input's first packet. No bigint for the usual resolutions, save the first. */
  #time(from: CaptureInterface, high: number, low: number): number {
    if (from.unit !== 0 && from.started) {
      return ((high - from.baseHigh) * 2 ** 32 + (low - from.baseLow)) * from.unit + from.baseTime;
    }
    const absolute = absoluteNanoseconds(high, low, from);
    if (!this.started) this.begin(absolute);
    const time = Number(absolute - (this.origin as bigint));
    from.started = true;
    from.baseHigh = high;
    from.baseLow = low;
    from.baseTime = time;
    return time;
  }

  #interface(start: number, end: number): void {
    const { input, window } = this;
    const index = this.#interfacesBefore + this.#interfaces.length;
    if (index >= MAX_INTERFACES) {
      note(input.damage, `more than ${formatCount(MAX_INTERFACES)} interfaces: the rest is passed over`);
      return;
    }
    const whole = end - start >= 8;
    if (!whole) this.#damaged(start);
    const described = whole ? readInterface(index, window.view, start, end, this.#little) : createInterface(index);
    this.#interfaces.push(described);
    addLinkType(input.linkTypes, described.linkType);
    if (described.snapLength > 0) input.snapLength = Math.min(input.snapLength ?? Infinity, described.snapLength);
  }

  #statistics(start: number, end: number): void {
    if (end - start < 12) return;
    const { view } = this.window;
    const little = this.#little;
    const from = this.#interfaces[view.getUint32(start, little)];
    if (from === undefined) return;
    let dropped = 0;
    forEachOption(view, start + 12, end, little, (code, valueStart, length) => {
      if (length !== 8) return;
      const first = view.getUint32(valueStart, little);
      const second = view.getUint32(valueStart + 4, little);
      // Times are two words, high before low in either byte order; counts are whole 64-bit numbers.
      if (code === OPTION.endTime) this.#endsAt(from, first, second);
      else if (code === OPTION.interfaceDropped || code === OPTION.systemDropped) {
        dropped += little ? second * 2 ** 32 + first : first * 2 ** 32 + second;
      }
    });
    // Cumulative: a later block of the same interface replaces an earlier one.
    this.input.damage.droppedByCapture += dropped - from.dropped;
    from.dropped = dropped;
  }

  #endsAt(from: CaptureInterface, high: number, low: number): void {
    const { input } = this;
    if (!this.started) return;
    const end = Number(absoluteNanoseconds(high, low, from) - (this.origin as bigint)) + this.shift;
    if (end > input.endsAt && end - input.endsAt <= MOST_SILENCE_AT_END) input.endsAt = at(end);
  }

  /** Secrets of other protocols (WireGuard, Zigbee) are passed over. */
  #secrets(start: number, end: number): void {
    if (end - start < 8) return void this.#damaged(start);
    const { view, bytes } = this.window;
    if (view.getUint32(start, this.#little) !== TLS_KEY_LOG) return;
    const length = Math.min(view.getUint32(start + 4, this.#little), end - start - 8);
    this.#onSecrets(bytes.subarray(start + 8, start + 8 + length));
  }

  #packetDrops(start: number, end: number): void {
    const { view } = this.window;
    const little = this.#little;
    forEachOption(view, start, end, little, (code, valueStart, length) => {
      if (code !== OPTION.packetDropped || length !== 8) return;
      const low = view.getUint32(little ? valueStart : valueStart + 4, little);
      this.input.damage.droppedByCapture += low;
    });
  }

  #damaged(start: number): false {
    const { damage } = this.input;
    damage.undecodable++;
    const offset = this.window.offset - (this.window.start - start) - 8;
    note(damage, `a block that cannot be read ${atByte(offset)}`);
    return false;
  }

  #readByteOrder(view: DataView, start: number): boolean {
    const little = view.getUint32(start, true) === BYTE_ORDER_MAGIC;
    if (!little && view.getUint32(start) !== BYTE_ORDER_MAGIC) return false;
    this.#little = little;
    return true;
  }

  #lose(): void {
    this.#lostAt = this.window.offset;
    this.input.damage.undecodable++;
    this.window.start++;
  }

  /** Looks for the next block whose two lengths agree. @returns false where more bytes are needed */
  #findBlock(): boolean {
    const { window } = this;
    const last = window.end - SMALLEST_BLOCK;
    for (; window.start <= last; window.start++) {
      const length = this.#plausibleLength(window.start);
      if (length < 0) continue;
      const end = window.start + length;
      if (end > window.end && !window.ended) return false;
      if (end <= window.end && window.view.getUint32(end - 4, this.#little) === length) break;
    }
    if (window.start > last) {
      if (!window.ended) return false;
      window.start = window.end;
    }
    const { damage } = this.input;
    note(damage, `no block can be read from byte ${formatCount(this.#lostAt)} to ${formatCount(window.offset)}`);
    this.#lostAt = -1;
    return true;
  }

  /** The length of what looks like a block of this section; -1 where nothing does. */
  #plausibleLength(start: number): number {
    const { view } = this.window;
    if (!KNOWN.has(view.getUint32(start, this.#little))) return -1;
    const length = view.getUint32(start + 4, this.#little);
    return length < SMALLEST_BLOCK || length > RESYNC_BYTES || length % 4 !== 0 ? -1 : length;
  }

  #isBlockAt(start: number): boolean {
    if (start === this.window.end) return true;
    return start + SMALLEST_BLOCK <= this.window.end && this.#plausibleLength(start) >= 0;
  }
}
