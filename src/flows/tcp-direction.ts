import { at, milliseconds, seconds, type Timestamp } from '../base/time.ts';
import type { Layers } from '../model/packet.ts';
import type { Arrival } from '../model/tracked-connection.ts';
import { awareAt, type Segment } from './segment.ts';
import type { SharedBy, TcpEnd, TcpStream } from './tcp-stream.ts';

/** The widest window there is (RFC 7323: 2^30): what lies further off belongs to another connection. */
export const WIDEST_WINDOW = 1 << 30;
// `-i any` delivers packets of several queues, a little out of order: data that was acknowledged
// before it was seen may still come.
const ACKNOWLEDGED_PATIENCE = milliseconds(10);
// Where the other side can't be seen nothing is acknowledged. Three timeouts of the first kind
// (RFC 6298: 1 s) without a retransmission: it was not lost on its way, but by the capture.
const ONE_SIDED_PATIENCE = seconds(3);
// Segments of a window at the smallest usual size; each costs an object.
const MAX_SEGMENTS = 4096;
// Nearly no direction has segments that wait: this stands for none, and nothing is ever put in.
const NONE: Segment[] = [];

/** What a direction knows of its position: nothing; a guess from the other side or from an empty segment; all. */
type State = 'unknown' | 'guessed' | 'open' | 'ended';

export type Shared = SharedBy<Direction>;

/**
 * One direction of a connection: puts segments in order and hands each byte on once. Sequence
 * numbers are 32-bit signed and compared by difference, so they may wrap (RFC 9293 section 3.4).
 */
export class Direction {
  state: State = 'unknown';
  /** The next byte's sequence number. */
  next = 0;
  /** The first position known: of the SYN's successor, or where the capture came in. */
  origin = 0;
  /** The SYN's own number was seen. */
  opened = false;
  /** Data was handed on. */
  delivered = false;
  /** This side sent a packet that was seen. */
  seen = false;
  /** What the other side of the connection sends. */
  peer: Direction | null = null;
  readonly stream: TcpStream;
  readonly #shared: Shared;
  #end = 0;
  #endKnown = false;
  #endArrival: Arrival | null = null;
  #acknowledged = 0;
  #acknowledgedKnown = false;
  /** Where it stands is known from a packet of its own, without data. */
  #hasSaid = false;
  #pending = NONE;
  #pendingBytes = 0;
  #holeDeadline = at(Infinity);
  #holeArrival: Arrival | null = null;

  constructor(stream: TcpStream, shared: Shared) {
    this.stream = stream;
    this.#shared = shared;
  }

  /** @param initial the SYN's sequence number */
  open(initial: number): void {
    this.opened = true;
    this.start(initial + 1, 'open');
  }

  start(sequence: number, state: 'guessed' | 'open'): void {
    this.state = state;
    this.next = sequence | 0;
    this.origin = this.next;
  }

  /** Whether a sequence number can belong to what this direction sends about now. */
  isNear(sequence: number, distance: number): boolean {
    return this.state !== 'unknown' && Math.abs((sequence - this.next) | 0) <= distance;
  }

  /** @param sequence of the payload's first byte, signed */
  receive(sequence: number, layers: Layers, peerSeen: boolean): void {
    const length = layers.payloadLength;
    if (length === 0) {
      if (this.state === 'unknown') this.start(sequence, 'guessed');
      if (this.state === 'guessed') this.#hasSaid ||= sequence === this.next;
      return;
    }
    if (this.state === 'ended') return;
    this.#settle(sequence, length);
    const ahead = (sequence - this.next) | 0;
    if (ahead > WIDEST_WINDOW || ahead < -WIDEST_WINDOW) {
      this.#jump(sequence, layers);
    } else if (ahead > 0 || (-ahead < length && this.peer?.isBehind === true)) {
      this.#keep(sequence, layers, peerSeen);
    } else if (-ahead < length) {
      this.#deliver(sequence, layers.bytes, layers.payloadStart, layers.payloadEnd, length, layers);
      this.#drain(layers, 'filled');
      this.#endWhereKnown(layers);
      this.#letGo();
    }
  }

  /**
   * Bytes that this side sent are missing, and the other side has them: what that one sends may
   * answer them, so it waits until they come or are given up, and both sides stay in order.
   */
  get isBehind(): boolean {
    return this.seen && this.state !== 'ended' && this.#behind() > 0;
  }

  /** Nothing is missing, or no more: the other side goes on, as far as this one has been handed on. */
  #letGo(): void {
    if (this.isBehind) return;
    this.peer?.release(this.#pending[0]?.arrival.time ?? at(Infinity));
  }

  /** What the other side sent at that time may answer bytes of this one that are missing. */
  #holdsBack(time: Timestamp): boolean {
    return this.#holeArrival !== null && this.#holeArrival.time <= time && this.isBehind;
  }

  /** Hands on what only waited for the other side, as far as it was sent before that time. */
  release(before: Timestamp): void {
    if (this.state === 'ended') return;
    if (this.#pending.length > 0) this.#drain(null, 'release', before);
    const last = this.#endArrival;
    if (last !== null && last.time < before) this.#endWhereKnown(last);
  }

  /** The other side says that it has everything before `acknowledgment`. */
  acknowledge(acknowledgment: number, layers: Layers): void {
    if (this.state === 'ended') return;
    // Of what came before the capture nothing can be told: start where the other side stands. Of one that
    // began within it the first acknowledgment tells where.
    const isBegun = this.delivered || this.#pending.length > 0 || this.peer?.opened === true;
    const fresh = this.state === 'guessed' && !isBegun;
    const ahead = (acknowledgment - this.next) | 0;
    // What this side sent beyond where it said to stand, it sent within the capture; a keepalive stands one below.
    const isBefore = ahead > 0 && (!this.#hasSaid || ahead === 1 || ahead > WIDEST_WINDOW);
    if (this.state === 'unknown' || (fresh && isBefore)) {
      this.start(acknowledgment, 'guessed');
    }
    this.#acknowledged = acknowledgment | 0;
    this.#acknowledgedKnown = true;
    if (this.#behind() > 0) this.#noteHole(at(layers.time + ACKNOWLEDGED_PATIENCE), layers);
  }

  /** Bytes that the other side has and the capture has not (yet). */
  #behind(): number {
    if (!this.#acknowledgedKnown) return 0;
    const reached = this.#pending.length === 0 ? this.next : this.#reached();
    const behind = (this.#acknowledged - reached) | 0;
    // The FIN takes a number of its own: its acknowledgment is one beyond the last byte.
    const missing = this.#endKnown ? Math.min(behind, (this.#end - reached) | 0) : behind;
    return missing > 0 && missing <= WIDEST_WINDOW ? missing : 0;
  }

  /** The next byte that the capture has not, behind those that only wait for the other side. */
  #reached(): number {
    let reached = this.next;
    for (const { sequence, length } of this.#pending) {
      if (((sequence - reached) | 0) > 0) break;
      const end = (sequence + length) | 0;
      if (((end - reached) | 0) > 0) reached = end;
    }
    return reached;
  }

  /** @param sequence of the FIN itself */
  finish(sequence: number, layers: Arrival): void {
    if (this.state === 'ended') return;
    if (this.state === 'unknown' || (this.state === 'guessed' && !this.delivered && this.#pending.length === 0)) {
      this.start(sequence, 'open');
    }
    if (!this.#endKnown && this.isNear(sequence, WIDEST_WINDOW)) {
      this.#end = sequence | 0;
      this.#endKnown = true;
      this.#endArrival = { input: layers.input, number: layers.number, time: layers.time };
    }
    this.#endWhereKnown(layers);
  }

  /** Gives up all holes, hands on what waits, and ends. */
  close(arrival: Arrival, because: TcpEnd): void {
    if (this.state === 'ended') return;
    while (this.#pending.length > 0) this.#skipTo((this.#pending[0] as Segment).sequence, null);
    if (this.#endKnown && this.next === this.#end) this.#finishWith(arrival, 'fin');
    else this.#finishWith(arrival, because);
  }

  /** Gives up holes whose time has come. */
  expire(time: Timestamp): void {
    const arrival = this.#holeArrival;
    if (time < this.#holeDeadline || arrival === null) return;
    this.#holeDeadline = at(Infinity);
    this.#holeArrival = null;
    const behind = this.#behind();
    const next = this.#pending[0];
    // What only waits for the other side is let go by that one.
    if (behind === 0 && next !== undefined && ((next.sequence - this.next) | 0) <= 0) return;
    if (behind === 0) this.skipHole();
    else this.#skipAcknowledged((this.#reached() + behind) | 0, arrival);
    const first = this.#pending[0];
    if (first === undefined) this.#closeHole();
    else if (behind === 0) this.#noteHole(at(first.arrival.time + ONE_SIDED_PATIENCE), first.arrival);
    this.#endWhereKnown(arrival);
    this.#letGo();
  }

  /** Gives up a hole that the other side has filled: the connection ends. */
  giveUp(): void {
    if (this.isBehind) this.expire(this.#holeDeadline);
  }

  /** Goes on to what the other side has, and hands on what is there of it. */
  #skipAcknowledged(target: number, arrival: Arrival): void {
    while (((target - this.next) | 0) > 0) {
      const { next } = this;
      const first = this.#pending[0];
      const isFirst = first !== undefined && ((first.sequence - next) | 0) <= 0;
      const isBefore = first !== undefined && ((first.sequence - target) | 0) < 0;
      this.#skipTo(isBefore ? first.sequence : target, arrival, 'expire');
      // Waits for a hole of the other side, which will be given up as well: then for this one again.
      if (isFirst && this.next === next) {
        this.#noteHole(at(arrival.time + 2 * ACKNOWLEDGED_PATIENCE), arrival);
        return;
      }
    }
  }

  get holeDeadline(): Timestamp {
    return this.#holeDeadline;
  }

  /** Gives up the hole at hand for want of room. */
  skipHole(): void {
    const first = this.#pending[0];
    if (first === undefined) this.#closeHole();
    else this.#skipTo(first.sequence, null);
  }

  /** The first data fixes a position that was unknown or only guessed. */
  #settle(sequence: number, length: number): void {
    if (this.state === 'open' || this.delivered) return;
    if (this.state === 'unknown') {
      this.start(sequence, 'open');
      return;
    }
    const ahead = (sequence - this.next) | 0;
    // A keepalive stands one below the next byte, with no byte or one (RFC 1122 section 4.2.3.6).
    if (ahead === 1 || ahead > WIDEST_WINDOW || ahead < -WIDEST_WINDOW) this.start(sequence, 'open');
    else if (ahead <= 0 && length + ahead > 0) this.state = 'open';
  }

  #keep(sequence: number, layers: Layers, peerSeen: boolean): void {
    if (this.#pending === NONE) this.#pending = [];
    const pending = this.#pending;
    let low = 0;
    let high = pending.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((((pending[middle] as Segment).sequence - sequence) | 0) < 0) low = middle + 1;
      else high = middle;
    }
    const same = pending[low];
    if (same !== undefined && same.sequence === sequence && same.length >= layers.payloadLength) return;
    const { limits } = this.#shared;
    const bytes = layers.bytes.slice(layers.payloadStart, layers.payloadEnd);
    pending.splice(low, 0, {
      sequence,
      bytes,
      length: layers.payloadLength,
      acknowledgment: layers.acknowledgment | 0,
      arrival: { input: layers.input, number: layers.number, time: layers.time },
    });
    this.#pendingBytes += bytes.length;
    this.#shared.bytes += bytes.length;
    // The other side, where it is seen, will say when it has what is missing here.
    if (peerSeen) this.#shared.holes.add(this);
    else this.#noteHole(at(layers.time + ONE_SIDED_PATIENCE), layers);
    while (this.#pendingBytes > limits.bytesPerDirection || this.#pending.length > MAX_SEGMENTS) this.skipHole();
    while (this.#shared.bytes > limits.bytes) {
      const oldest = this.#shared.holes.values().next().value;
      if (oldest === undefined) break;
      oldest.skipHole();
    }
  }

  #noteHole(deadline: Timestamp, arrival: Arrival): void {
    this.#shared.holes.add(this);
    if (deadline >= this.#holeDeadline) return;
    this.#holeDeadline = deadline;
    this.#holeArrival = { input: arrival.input, number: arrival.number, time: arrival.time };
    if (deadline < this.#shared.deadline) this.#shared.deadline = deadline;
  }

  #closeHole(): void {
    this.#holeDeadline = at(Infinity);
    this.#holeArrival = null;
    if (this.#pending.length === 0) this.#shared.holes.delete(this);
  }

  /** A position that no window reaches: the capture missed the start of a new connection. */
  #jump(sequence: number, layers: Layers): void {
    while (this.#pending.length > 0) this.#skipTo((this.#pending[0] as Segment).sequence, null);
    this.#shared.counters.gaps++;
    this.next = sequence;
    this.#shared.handlers.onGap(this.stream, Infinity, layers, false);
    this.#deliver(sequence, layers.bytes, layers.payloadStart, layers.payloadEnd, layers.payloadLength, layers);
  }

  #skipTo(sequence: number, arrival: Arrival | null, because: 'expire' | 'room' = 'room'): void {
    const first = this.#pending[0];
    const said = first !== undefined && first.sequence === sequence ? first.arrival : arrival;
    // What the other side sent before it had what is missing here comes before the hole.
    if (because === 'expire' && said !== null) this.peer?.release(awareAt(this.peer.#pending, this.next, said.time));
    const missing = (sequence - this.next) | 0;
    if (missing > 0 && said !== null) {
      this.#shared.counters.gaps++;
      this.#shared.counters.missingBytes += missing;
      this.next = sequence;
      this.#shared.handlers.onGap(this.stream, missing, said, false);
    }
    this.#drain(null, because);
  }

  #deliver(sequence: number, bytes: Uint8Array, start: number, end: number, length: number, arrival: Arrival): void {
    const from = start + ((this.next - sequence) | 0);
    this.next = (sequence + length) | 0;
    this.delivered = true;
    this.state = 'open';
    if (from < end) this.#shared.handlers.onData(this.stream, bytes, from, end, arrival);
    if (end - start < length) {
      const missing = start + length - Math.max(from, end);
      this.#shared.counters.gaps++;
      this.#shared.counters.missingBytes += missing;
      this.#shared.handlers.onGap(this.stream, missing, arrival, true);
    }
  }

  /**
   * Hands on what no hole holds back any more.
   * @param arrival the packet that filled the hole; null: each its own
   * @param because a hole was filled, or given up in its time: in order with the other side; for
   * want of room: at any rate; the other side asks for what was sent before some time
   */
  #drain(arrival: Arrival | null, because: 'filled' | 'expire' | 'room' | 'release', before = at(Infinity)): void {
    const isInOrder = because === 'expire' || because === 'filled';
    for (;;) {
      const segment = this.#pending[0];
      if (segment === undefined) break;
      const ahead = (segment.sequence - this.next) | 0;
      if (ahead > 0 || segment.arrival.time >= before) break;
      if (because === 'expire') this.peer?.release(segment.arrival.time);
      // What the other side was handed may have released this one's in turn.
      if (this.#pending[0] !== segment) continue;
      if (isInOrder && this.peer !== null && this.peer.#holdsBack(segment.arrival.time)) break;
      this.#pending.shift();
      this.#pendingBytes -= segment.bytes.length;
      this.#shared.bytes -= segment.bytes.length;
      if (-((segment.sequence - this.next) | 0) >= segment.length) continue;
      this.#deliver(
        segment.sequence,
        segment.bytes,
        0,
        segment.bytes.length,
        segment.length,
        arrival ?? segment.arrival,
      );
    }
    // Where the other side is not seen, nobody says that a hole is filled.
    const isFilled = this.#pending.length === 0 || this.peer?.seen === true;
    if (isFilled && this.#behind() === 0 && this.#shared.holes.has(this)) this.#closeHole();
  }

  /** @param arrival the packet that let the last byte be known, or the FIN where that came later */
  #endWhereKnown(arrival: Arrival): void {
    if (!this.#endKnown || this.state === 'ended' || ((this.#end - this.next) | 0) > 0) return;
    const last = this.#endArrival;
    // What the other side sent before it was held back by the same hole.
    if (last !== null) this.peer?.release(last.time);
    this.#finishWith(last !== null && last.time > arrival.time ? last : arrival, 'fin');
  }

  #finishWith(arrival: Arrival, because: TcpEnd): void {
    this.state = 'ended';
    this.#shared.bytes -= this.#pendingBytes;
    this.#pending = NONE;
    this.#pendingBytes = 0;
    this.#closeHole();
    this.#shared.handlers.onEnd?.(this.stream, arrival, because);
  }
}
