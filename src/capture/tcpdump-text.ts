import type { AddressTable } from '../base/addresses.ts';
import { formatCount, plural, printable } from '../base/text.ts';
import { at, type Timestamp } from '../base/time.ts';
import { createDnsMessage, type DnsMessage } from '../model/dns-message.ts';
import type { Input } from '../model/input.ts';
import { createLayers, type Layers } from '../model/packet.ts';
import type { SourceState, TextSource } from '../model/source.ts';
import type { ByteWindow } from './byte-window.ts';
import { MAX_LINE_BYTES } from './limits.ts';
import { LineReader } from './lines.ts';
import { note } from './notes.ts';
import { SourceBase } from './source-base.ts';
import { chooseClock, TextClock } from './tcpdump-clock.ts';
import { PacketText, type PacketVerdict } from './tcpdump-packet.ts';
import { readStamp, type Stamp } from './tcpdump-stamp.ts';

const DIRECTION = /^(?:(\S{1,64})\s+)?(In|Out|B|M|P)\s+(?:ifindex (\d{1,9}) )?/;
/** sll_pkttype (linux/if_packet.h) by tcpdump's words for it. */
const COOKED_TYPES: Readonly<Record<string, number>> = { In: 0, B: 1, M: 2, P: 3, Out: 4 };
const BANNER = /listening on|link-type|verbose output|dropped privs|^reading from|^\^C|tcpdump|^```/;
const DROPPED = /^\s*(\d{1,15}) packets? dropped by (?:kernel|interface)/;
const TRAILER = /^\s*\d{1,15} packets? (?:captured|received by filter)/;
const LINK_TYPE = /link-type (\S+)/;
const SNAP_LENGTH = /(?:capture size|snapshot length) (\d{1,7})/;
const HEX_DUMP = /^\s*0x[0-9a-f]{4,6}:/;
// With -t there is nothing to measure.
const WITHOUT_TIME = /^(?:[\s>|*`]|- )*(?:\S+\s+(?:In|Out|B|M|P)\s+)?IP6? (?:\(|\S+ > \S+: )/;
// What a packet of tcpdump has behind its time; log lines of other programs have times as well.
const PACKET = / > |^(?:\S+\s+(?:In|Out|B|M|P)\s+)?(?:IP6? \(|ARP\b|arp\b|\(tos )|\bethertype\b|who-has/;
/** What differences and times of day are told apart by. */
const CLOCK_SAMPLE_LINES = 512;
// Text wrapped by a terminal or mail: more lines than this are another program's.
const MAX_CONTINUATIONS = 64;

interface Pending {
  stamp: Stamp;
  number: number;
  time: number;
  parts: string[];
  bytes: number;
  /** Read already; what follows until the next stamp belongs to it and is passed over. */
  done: boolean;
}

/** `tcpdump port 53` as people paste it. */
export class TcpdumpText extends SourceBase implements TextSource {
  readonly layers: Layers = createLayers();
  readonly message: DnsMessage = createDnsMessage();
  isUnreachable = false;
  otherPackets = 0;
  /** Lines with packets but without times (`-t`). */
  timeless = 0;
  readonly #lines: LineReader;
  readonly #packet: PacketText;
  readonly #interfaces = new Map<string, number>();
  #clock: TextClock | null = null;
  #pending: Pending | null = null;
  #foreignLines = 0;
  /** Lines with a time before the first that is tcpdump's beyond doubt. */
  #unproven = 0;
  #lastNumber = 0;
  /** A packet was read to find out whether this is tcpdump's text at all; `next` hands it out. */
  #held = false;

  constructor(window: ByteWindow, input: Input, addresses: AddressTable, ports: ReadonlySet<number>) {
    super(window, input);
    this.#lines = new LineReader(window, MAX_LINE_BYTES);
    this.#packet = new PacketText(addresses, ports, this.layers, this.message);
    this.layers.input = input.input;
  }

  get namesResolved(): boolean {
    return this.#packet.namesSeen;
  }

  /** Reads up to the first packet; `next` still gives it. @returns whether there is one */
  async isTcpdump(): Promise<boolean> {
    for (;;) {
      const state = this.next();
      this.#held = state === 'packet';
      if (this.input.packets > 0) return true;
      if (state === 'end') return false;
      // oxlint-disable-next-line no-await-in-loop -- one read after another
      await this.fill();
    }
  }

  next(): SourceState {
    if (this.#held) {
      this.#held = false;
      return 'packet';
    }
    if (this.#pending !== null && !this.#pending.done && this.#tryPending()) return 'packet';
    for (;;) {
      const line = this.#lines.next();
      if (line === null) {
        if (!this.window.ended) return 'more';
        if (this.#settlePending()) return 'packet';
        return this.starved();
      }
      if (this.#take(line)) return 'packet';
    }
  }

  protected override shiftCurrent(by: number): void {
    this.layers.time = (this.layers.time + by) as Timestamp;
  }

  protected override finish(): void {
    super.finish();
    const { damage } = this.input;
    if (this.#foreignLines > 0) {
      note(
        damage,
        `${plural(this.#foreignLines, 'line')} ${this.#foreignLines === 1 ? 'is' : 'are'} none of tcpdump's`,
      );
    }
    if (this.#lines.overlong > 0) {
      damage.undecodable += this.#lines.overlong;
      note(damage, `${plural(this.#lines.overlong, 'line')} longer than ${formatCount(MAX_LINE_BYTES)} bytes`);
    }
    if (this.#packet.unknownService !== null) {
      const example = printable(this.#packet.unknownService.slice(0, 32));
      note(damage, `ports stand as names (${example}): their numbers here only stand for them`);
    }
  }

  /** @returns whether a DNS message is complete */
  #take(line: string): boolean {
    const stamp = readStamp(line);
    if (stamp !== null && this.#isPacket(stamp)) {
      const settled = this.#settlePending();
      this.#begin(stamp);
      // The packet just begun is looked at in the next call where one before it was waiting for its end.
      return settled || this.#tryPending();
    }
    this.#takeOther(line);
    return false;
  }

  /** Once it is clear whose text this is, every line with a time is a packet, whatever its protocol. */
  #isPacket(stamp: Stamp): boolean {
    if (this.started || PACKET.test(stamp.rest)) return true;
    this.#unproven++;
    return false;
  }

  #begin(stamp: Stamp): void {
    const { input } = this;
    if (this.#clock === null) {
      const mode = chooseClock([stamp, ...this.#stampsAhead()]);
      // A few differences that happen to grow look the same.
      if (mode === 'first') note(input.damage, 'times are taken as counted from the first packet (-ttttt)');
      this.#clock = new TextClock(mode);
    }
    const time = this.#clock.time(stamp);
    if (time === null) {
      this.#foreign();
      return;
    }
    if (!this.started) {
      this.begin(this.#clock.origin);
      if (stamp.kind === 'date') note(input.damage, 'the dates carry no zone: taken as UTC');
      input.packets = this.#unproven;
      input.damage.undecodable -= this.#unproven;
      this.#foreignLines -= this.#unproven;
      this.otherPackets = this.#unproven;
      this.#lastNumber = this.#unproven;
    }
    input.packets++;
    this.#lastNumber = stamp.number > this.#lastNumber ? stamp.number : this.#lastNumber + 1;
    if (time + this.shift > input.endsAt) input.endsAt = at(time + this.shift);
    this.#pending = {
      stamp,
      number: this.#lastNumber,
      time,
      parts: [stamp.rest],
      bytes: stamp.rest.length,
      done: false,
    };
  }

  /** Stamps in what is in memory already. */
  #stampsAhead(): Stamp[] {
    const { bytes, start, end } = this.window;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.min(end - start, MAX_LINE_BYTES)).toString();
    const stamps: Stamp[] = [];
    for (const line of text.split('\n', CLOCK_SAMPLE_LINES)) {
      const stamp = readStamp(line);
      if (stamp !== null && PACKET.test(stamp.rest)) stamps.push(stamp);
    }
    return stamps;
  }

  #takeOther(line: string): void {
    const { input } = this;
    const dropped = DROPPED.exec(line);
    if (dropped !== null) input.damage.droppedByCapture += Number(dropped[1]);
    if (dropped !== null || TRAILER.test(line)) return;
    const pending = this.#pending;
    if (pending !== null) {
      if (pending.done || HEX_DUMP.test(line)) return;
      if (pending.parts.length > MAX_CONTINUATIONS || pending.bytes + line.length > MAX_LINE_BYTES) return;
      pending.parts.push(line.replace(/^[\s>|*`]+/, '').trimEnd());
      pending.bytes += line.length;
      return;
    }
    if (WITHOUT_TIME.test(line)) {
      this.timeless++;
      this.#foreign();
    } else if (BANNER.test(line)) this.#readBanner(line);
    else if (/\S/.test(line)) this.#foreign();
  }

  #foreign(): void {
    this.#foreignLines++;
    this.input.damage.undecodable++;
  }

  #readBanner(line: string): void {
    const linkType = LINK_TYPE.exec(line)?.[1];
    if (linkType !== undefined) {
      const name = linkType
        .replace(/[^\w-]/g, '')
        .replace('EN10MB', 'ethernet')
        .replaceAll('_', '-')
        .toLowerCase();
      if (this.input.linkTypes.length === 0) this.input.linkTypes.push(name);
    }
    const snapLength = SNAP_LENGTH.exec(line)?.[1];
    if (snapLength !== undefined) this.input.snapLength ??= Number(snapLength);
  }

  /** Reads a packet that may be complete with its first line. */
  #tryPending(): boolean {
    const pending = this.#pending;
    if (pending === null || pending.done || !this.#read(pending, pending.stamp.rest)) return false;
    pending.done = true;
    return true;
  }

  /** The packet's last line has come: reads it whole. @returns whether it is about DNS */
  #settlePending(): boolean {
    const pending = this.#pending;
    this.#pending = null;
    if (pending === null || pending.done) return false;
    if (this.#readJoined(pending)) return true;
    if (this.#verdict === 'unreadable') {
      this.input.damage.undecodable++;
      note(this.input.damage, `packet ${formatCount(pending.number)} is DNS that cannot be read from its words`);
    } else this.otherPackets++;
    return false;
  }

  /** Wrapped between words, as -v and mail do, or in the middle of one, as terminals do. */
  #readJoined(pending: Pending): boolean {
    const { parts } = pending;
    const betweenWords = parts.join(' ');
    if (parts.length === 1) return this.#read(pending, betweenWords);
    // A blank within a name is more likely the place where a terminal wrapped it.
    if (this.#read(pending, betweenWords) && (this.isUnreachable || !this.message.name.includes(' '))) return true;
    return this.#read(pending, parts.join('')) || this.#read(pending, betweenWords);
  }

  #verdict: PacketVerdict = 'other';

  #read(pending: Pending, text: string): boolean {
    const { layers } = this;
    const direction = DIRECTION.exec(text);
    const words = direction === null ? text : text.slice(direction[0].length);
    this.#verdict = this.#packet.read(words);
    this.isUnreachable = this.#verdict === 'unreachable';
    if (this.#verdict !== 'dns' && !this.isUnreachable) return false;
    layers.number = pending.number;
    layers.time = at(pending.time + this.shift);
    layers.cookedType = direction === null ? -1 : (COOKED_TYPES[direction[2] as string] as number);
    layers.interface = direction === null ? 0 : this.#interface(direction[1], direction[3]);
    return true;
  }

  #interface(name: string | undefined, index: string | undefined): number {
    if (index !== undefined) return Number(index);
    if (name === undefined) return 0;
    const known = this.#interfaces.get(name);
    if (known !== undefined) return known;
    const next = this.#interfaces.size + 1;
    // Names beyond any machine's interfaces are forged.
    if (next > 4096) return 0;
    this.#interfaces.set(name, next);
    return next;
  }
}
