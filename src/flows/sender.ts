import type { Timestamp } from '../base/time.ts';
import type { Side } from '../model/connection.ts';
import { packetId, type Layers, type PacketId } from '../model/packet.ts';
import type { Host } from './hosts.ts';
import { RoundTrip } from './round-trip.ts';
import { SentSegments, type SegmentRoom } from './sent-segments.ts';
import type { OpenStall } from './stall-list.ts';

// The least that every IPv6 path carries (RFC 8200: 1280), without headers: a segment that is
// larger than all seen so far and than this may be a full one.
const USUAL_SEGMENT = 1220;
// Timestamps with their padding (RFC 7323 appendix A).
const TIMESTAMP_OPTION = 12;
// A buffer of which half is full, and stays so, is filled faster than it is read.
const SHRUNK = 1 / 2;
// Identifications count packets on Linux; so many in a row are no chance.
const FEWEST_STEPS = 3;
// A jump further than this is no count of packets that were lost.
const LONGEST_STEP = 64;
// Losses are few; where jumps are many something else counts as well, or the capture leaves packets out.
const STEPS_FOR_A_JUMP = 4;
// Linux sends with hop limit 64; Windows (128) and routers (255) count for all their connections together.
const LARGEST_HOP_LIMIT = 64;

/** What was lost of one direction, from the first sending that shows it until all is repaired. */
export interface Loss {
  readonly stall: OpenStall;
  isListed: boolean;
  /** All is repaired when the other side has everything before this number. */
  to: number;
  /** Segments that were sent again, and those of them that had arrived before. */
  resends: number;
  spurious: number;
  /** Something was never seen before it was sent again (or is missing still). */
  isMissing: boolean;
  /** A resend filled such a hole. */
  isFilled: boolean;
  /** The last resend; NaN before. */
  repairedAt: number;
  /** The first resend's timestamp. */
  stamp: number;
  /** The packet that showed the hole. */
  readonly shownAt: Timestamp;
  readonly shownId: number;
  readonly shownStamp: number;
}

/** How one side's data goes, one segment after another. Times in nanoseconds. */
export interface Pace {
  /** NaN outside of a message of several segments. */
  since: number;
  packets: number;
  /** Of these, those that are no full segments. */
  partial: number;
  bytes: number;
  /** Time since the packet before, of whatever connection of the receiver: the way to it was busy with this one. */
  busy: number;
  /** Of that, in gaps that are no pace. */
  gaps: number;
  /** Time in which nothing waited for an acknowledgment, and in which the receiver's window was too small. */
  free: number;
  held: number;
  /** Once it is told. */
  stall: OpenStall | null;
}

/** How far one side's data uses up the window of the other one, round trip by round trip. */
export interface WindowRounds {
  /** NaN outside of a message that lasts. */
  since: number;
  /** When the edge was announced that data is to be compared with, and which. */
  at: number;
  edge: number;
  asks: boolean;
  /** There was no room for the next segment. */
  wasHeld: boolean;
  /** Round trips in which nothing was left, and in which something was. */
  full: number;
  short: number;
  /** Once it is told. */
  stall: OpenStall | null;
}

/** How one side's program writes what it sends. Times in nanoseconds. */
export interface WrittenParts {
  /** NaN outside of a message of several segments. */
  since: number;
  /** Short rests with all acknowledged, and how long they are together. */
  rests: number;
  resting: number;
  /** Of those, the ones behind a segment that is not full. */
  partial: number;
  /** Once it is told. */
  stall: OpenStall | null;
}

/** The last ranges that one side sent again, to find those that the other side had already. */
export interface Resends {
  readonly starts: number[];
  readonly ends: number[];
  readonly counted: boolean[];
  next: number;
}

/**
 * One side of a connection as the sender of its data, and what it announces as a receiver.
 * Sequence numbers are 32-bit signed and compared by difference.
 */
export class Sender {
  readonly side: Side;
  /** Its number is known: it was seen. */
  known = false;
  /** The next new byte's number. */
  highest = 0;
  /** Its FIN was seen, which has the number `highest`. */
  finished = false;
  acknowledgedKnown = false;
  /** What the other side has, up to here. */
  acknowledged = 0;
  /** Since when: NaN before. */
  acknowledgedAt = Number.NaN;
  /** Once it sent one segment after another. */
  pace: Pace | null = null;
  /** Once it rested for a moment in what it sends. */
  parts: WrittenParts | null = null;
  /** Over a way that takes a while. */
  rounds: WindowRounds | null = null;
  /** Acknowledged before it was seen: the capture lost it, or packets of several queues came in another order. */
  unseenStart = 0;
  unseenEnd = 0;
  unseenAt = -Infinity;
  /** How many segments that were at least, since its last packet. */
  unseenPieces = 0;
  /** And of all its time. */
  unseenInAll = 0;
  sent: SentSegments | null = null;
  /** From its data to the other side's acknowledgment, as seen where the capture was taken. */
  readonly roundTrip = new RoundTrip();

  /** Of its SYN. */
  opened = false;
  segmentSize = 0;
  scale = -1;
  timestamps = false;

  /** It announced a window of nothing with its last packet. */
  isShut = false;
  largestWindow = 0;
  /** The least that it announced since its window had no room any more. */
  leastWindow = Infinity;
  /** Its window as announced last, and the widest since it held its peer back last. */
  window = 0;
  widest = 0;
  /** The first number beyond its window; known with the first announcement. */
  edge = 0;
  edgeKnown = false;
  /** Since when its window has no room for the next segment of its peer, and since when it has again; NaN where not. */
  closedAt = Number.NaN;
  closedPacket: PacketId = -1;
  reopenedAt = Number.NaN;
  reopenedPacket: PacketId = -1;
  /** Once the peer was seen to wait for it. */
  windowStall: OpenStall | null = null;
  /** What its window held back last: a reader that takes up a little at a time fills it again at once. */
  heldBack: OpenStall | null = null;

  /** Its last packet with data, new or again: NaN before. */
  lastSentAt = Number.NaN;
  /** Its last new data. */
  lastAt = Number.NaN;
  lastPacket: PacketId = -1;
  lastLength = 0;
  /** When a delayed acknowledgment came for its last data; NaN where none did. */
  delayedAt = Number.NaN;
  delayedPacket: PacketId = -1;
  /** The least time from such an acknowledgment to what left next; NaN before. */
  soonestAfterDelayed = Number.NaN;
  /** How often a small segment left as soon as that came, and how often later. */
  leftAtOnce = 0;
  leftLater = 0;
  largest = 0;

  /** How often the first packet that acknowledged the peer's data carried none of its own, and how often some. */
  acknowledgedAlone = 0;
  acknowledgedWithData = 0;

  loss: Loss | null = null;
  /** It, or who waited for its data, has closed: nobody waits for what is lost still. */
  isGivenUp = false;
  lastLoss: Loss | null = null;
  resends: Resends | null = null;

  /** Packets that it sent before the one at hand and that were not seen, by its identifications. */
  skipped = 0;
  /** Its packet before the one at hand: when it came. */
  packetBeforeAt = Number.NaN;
  packetBefore: PacketId = -1;
  #id = -1;
  #span = 1;
  #packetAt = Number.NaN;
  #packet: PacketId = -1;
  #steps = 0;
  #jumps = 0;

  readonly host: Host;

  constructor(side: Side, host: Host) {
    this.side = side;
    this.host = host;
  }

  /** All that it sent and the capture saw has arrived. */
  get isAllAcknowledged(): boolean {
    return this.acknowledgedKnown && ((this.acknowledged - this.highest) | 0) >= 0;
  }

  /** Bytes that were seen, and the other side has not said to have. */
  get unacknowledged(): number {
    return this.acknowledgedKnown ? Math.max(0, (this.highest - this.acknowledged) | 0) : 0;
  }

  /** The payload of a full segment to that peer. */
  fullSegment(peer: Sender): number {
    if (peer.segmentSize === 0) return Math.max(this.largest, USUAL_SEGMENT);
    return peer.segmentSize - (this.timestamps && peer.timestamps ? TIMESTAMP_OPTION : 0);
  }

  segments(room: SegmentRoom): SentSegments {
    return (this.sent ??= new SentSegments(room));
  }

  /** Though its window is used up, it announces as much as ever: its program takes what comes. */
  get keepsUp(): boolean {
    return this.leastWindow > SHRUNK * this.largestWindow;
  }

  /** Its window has no room now for the next segment of its peer. */
  get isClosed(): boolean {
    return !Number.isNaN(this.closedAt) && Number.isNaN(this.reopenedAt);
  }

  /** The other side has more of it than the capture saw. */
  skipTo(acknowledgment: number, time: Timestamp, fullSegment: number): void {
    const pieces = Math.ceil(((acknowledgment - this.highest) | 0) / fullSegment);
    this.unseenInAll += pieces;
    this.unseenPieces = pieces + (this.unseenAt > this.#packetAt ? this.unseenPieces : 0);
    this.unseenStart = this.highest;
    this.unseenEnd = acknowledgment;
    this.unseenAt = time;
    this.highest = acknowledgment;
  }

  /** A position that no window reaches: another connection's. */
  jump(sequence: number): void {
    this.highest = sequence;
    this.acknowledgedKnown = false;
    this.finished = false;
    this.sent?.clear();
    this.loss = null;
    this.lastLoss = null;
  }

  /** Takes each of its packets, to count those between that were not seen. */
  identify(layers: Layers, peer: Sender): void {
    this.packetBeforeAt = this.#packetAt;
    this.packetBefore = this.#packet;
    this.#packetAt = layers.time;
    this.#packet = packetId(layers.input, layers.number);
    this.skipped = 0;
    const id = layers.ipId;
    if (id <= 0) return;
    if (this.#id > 0) {
      const step = (id - this.#id) & 0xffff;
      // It was overtaken on its way.
      if (step > 0xffff - LONGEST_STEP) return;
      if (step === this.#span && layers.hopLimit <= LARGEST_HOP_LIMIT) {
        this.#steps++;
        this.host.steps++;
      } else {
        this.#jumps++;
        this.host.jumps++;
      }
      if (step > this.#span && step <= LONGEST_STEP) this.skipped = step - this.#span;
    }
    this.#id = id;
    // A segment that the sender's hardware cuts, or the receiver's put together, counts as its pieces.
    const full = this.fullSegment(peer);
    this.#span = layers.payloadLength > full ? Math.ceil(layers.payloadLength / full) : 1;
  }

  /** Its identifications count its packets: Linux does so for each connection. */
  get isCounting(): boolean {
    if (this.#steps >= FEWEST_STEPS && this.#steps >= STEPS_FOR_A_JUMP * this.#jumps) return true;
    // The first jump of a new connection may be the very loss that is asked for.
    return this.#jumps <= 1 && this.host.areCounting;
  }
}

/** There and back between both sides of a connection, the least that was seen; 0 where nothing was. */
export const wholeWay = (one: Sender, other: Sender): number => one.roundTrip.shortest + other.roundTrip.shortest;
