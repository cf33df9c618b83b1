import { formatCount } from '../base/text.ts';
import { at } from '../base/time.ts';
import type { Input } from '../model/input.ts';
import type { SourceState } from '../model/source.ts';
import type { ByteWindow } from './byte-window.ts';
import { MAX_PACKET_BYTES, RESYNC_BYTES } from './limits.ts';
import { addLinkType } from './link-types.ts';
import { atByte, note } from './notes.ts';
import { findRecords, type RecordShape } from './pcap-resync.ts';
import { recognise } from './recognise.ts';
import { PacketSourceBase } from './source-base.ts';

/** Length of the file header (draft-ietf-opsawg-pcap). */
export const PCAP_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const MODIFIED_RECORD_HEADER_BYTES = 24;
// The upper bits of the link type say how long the frame check sequence is.
const LINK_TYPE_MASK = 0x03ffffff;
// Up to version 2.3 the two lengths of a record might stand the other way round (libpcap, sf-pcap.c).
const LAST_MINOR_WITH_SWAPPED_LENGTHS = 3;

export interface PcapHeader extends RecordShape {
  linkType: number;
  snapLength: number | null;
  lengthsMaySwap: boolean;
}

/** Reads a file header; null where the bytes at `start` are none. */
export function readPcapHeader(bytes: Uint8Array, start: number, end: number): PcapHeader | null {
  if (end - start < PCAP_HEADER_BYTES) return null;
  const format = recognise(bytes.subarray(start, end), true);
  if (format?.kind !== 'pcap') return null;
  const { little, nanoseconds, modified } = format;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, PCAP_HEADER_BYTES);
  const minor = view.getUint16(6, little);
  return {
    little,
    nanoseconds,
    headerLength: modified ? MODIFIED_RECORD_HEADER_BYTES : RECORD_HEADER_BYTES,
    linkType: view.getUint32(20, little) & LINK_TYPE_MASK,
    // 0 from programs that do not know one.
    snapLength: view.getUint32(16, little) || null,
    lengthsMaySwap: minor <= LAST_MINOR_WITH_SWAPPED_LENGTHS,
  };
}

/** The classic capture format, micro- and nanoseconds, both byte orders; records may go bad midway. */
export class PcapSource extends PacketSourceBase {
  #little = true;
  #unit = 1e3;
  #headerLength = RECORD_HEADER_BYTES;
  #lengthsMaySwap = false;
  #linkType = 0;
  // Doubles, as all times: as small integers the first two seconds would be compiled for, and again then.
  #firstSeconds = Number.NaN;
  #firstFraction = Number.NaN;
  /** Where reading lost its place; -1 while it has it. */
  #lostAt = -1;

  constructor(window: ByteWindow, input: Input, header: PcapHeader) {
    super(window, input);
    this.#apply(header);
  }

  override next(): SourceState {
    if (this.#lostAt >= 0) return this.#resume();
    const { window, packet, input } = this;
    const dataStart = window.start + this.#headerLength;
    if (dataStart > window.end) return this.starved();
    const { view, start } = window;
    const little = this.#little;
    const seconds = view.getUint32(start, little);
    const fraction = view.getUint32(start + 4, little);
    let captured = view.getUint32(start + 8, little);
    let wireLength = view.getUint32(start + 12, little);
    if (captured > wireLength) {
      if (this.#lengthsMaySwap) [captured, wireLength] = [wireLength, captured];
    } else if (wireLength === 0) {
      if (window.length < PCAP_HEADER_BYTES && !window.ended) return 'more';
      if (this.#appendedCapture()) return this.next();
      if (seconds === 0) return this.#lose();
    }
    if (captured > MAX_PACKET_BYTES) return this.#lose();
    const dataEnd = dataStart + captured;
    if (dataEnd > window.end) return this.starved();
    window.start = dataEnd;
    if (!this.started) this.#begin(seconds, fraction);
    const time = (seconds - this.#firstSeconds) * 1e9 + (fraction - this.#firstFraction) * this.#unit + this.shift;
    packet.number = ++input.packets;
    packet.time = at(time);
    packet.bytes = window.bytes;
    packet.start = dataStart;
    packet.end = dataEnd;
    packet.wireLength = wireLength;
    packet.linkType = this.#linkType;
    if (captured < wireLength) input.damage.cut++;
    if (time > input.endsAt) input.endsAt = packet.time;
    return 'packet';
  }

  #apply(header: PcapHeader): void {
    const { input } = this;
    this.#little = header.little;
    this.#unit = header.nanoseconds ? 1 : 1e3;
    this.#headerLength = header.headerLength;
    this.#lengthsMaySwap = header.lengthsMaySwap;
    this.#linkType = header.linkType;
    addLinkType(input.linkTypes, header.linkType);
    if (header.snapLength !== null) input.snapLength = Math.min(input.snapLength ?? Infinity, header.snapLength);
  }

  #begin(seconds: number, fraction: number): void {
    this.#firstSeconds = seconds;
    this.#firstFraction = fraction;
    this.begin(BigInt(seconds) * 1_000_000_000n + BigInt(fraction * this.#unit));
  }

  /**
   * An empty packet may be the file header of another capture that was appended with `cat`: its
   * zone and accuracy, both zero, stand where the lengths of a record do. Takes all that follow
   * one another.
   */
  #appendedCapture(): boolean {
    const { window } = this;
    let taken = false;
    for (;;) {
      const header = readPcapHeader(window.bytes, window.start, window.end);
      if (header === null) return taken;
      note(this.input.damage, `another capture begins ${atByte(window.offset)}`);
      window.start += PCAP_HEADER_BYTES;
      // The first packet's time stays the origin, in the unit that now counts.
      if (header.nanoseconds !== (this.#unit === 1)) this.#firstFraction *= header.nanoseconds ? 1e3 : 1e-3;
      this.#apply(header);
      taken = true;
    }
  }

  #lose(): SourceState {
    this.#lostAt = this.window.offset;
    this.input.damage.undecodable++;
    // The header that cannot be one is the first byte to leave.
    this.window.start++;
    return this.#resume();
  }

  #resume(): SourceState {
    const { window, input } = this;
    const shape = { little: this.#little, nanoseconds: this.#unit === 1, headerLength: this.#headerLength };
    for (;;) {
      const found = findRecords(window.view, window.start, window.end, window.ended, [shape]);
      if (found === 'more') return 'more';
      const searched = Math.min(window.end, window.start + RESYNC_BYTES);
      window.start = found === null ? Math.max(window.start, searched - RECORD_HEADER_BYTES + 1) : found.start;
      if (found !== null) break;
      if (searched < window.end) continue;
      if (!window.ended) return 'more';
      window.start = window.end;
      break;
    }
    note(input.damage, `no record can be read from byte ${formatCount(this.#lostAt)} to ${formatCount(window.offset)}`);
    this.#lostAt = -1;
    return this.next();
  }
}
