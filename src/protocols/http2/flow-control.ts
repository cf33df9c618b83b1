import { at, between, milliseconds, nanoseconds, type Duration, type Timestamp } from '../../base/time.ts';
import type { Side, Stall } from '../../model/connection.ts';
import { packetId, type PacketId } from '../../model/packet.ts';
import type { Arrival } from '../../model/tracked-connection.ts';

/** RFC 9113 section 6.9.2: of the connection and of each stream, before anybody says otherwise. */
const INITIAL_WINDOW = 65_535;
/** What a window may be at most (section 6.9.1). */
const MAX_WINDOW = 2 ** 31 - 1;
// Shorter waits are the network's own: an update and what it permits take a round trip.
const MIN_STALL = milliseconds(1);
// As many as a side sends ahead of its need: more at once say that the window is wide.
const MAX_GRANTS = 64;
// Data that was held back goes out as soon as it may: within a round trip, as seen from the capture,
// doubled because the round trip varies, and with what a busy sender takes to wake up.
const WAKING = milliseconds(5);

/** A window that was used up, from when on, and when it was opened again. */
interface Blockage {
  startedAt: Timestamp;
  packet: PacketId;
  /** When that could show in data, seen from the capture; NaN while it lasts. */
  reopenedAt: Timestamp;
  reopenPacket: PacketId;
}

/** An update that no data is known to need yet. */
interface Grant {
  readonly size: number;
  readonly time: Timestamp;
  readonly packet: PacketId;
}

/** What may be sent of a stream, or of all together. */
interface Window {
  /** What was granted beyond the initial window and is drawn on, less what was sent; NaN where it is not known. */
  credit: number;
  /** In the order in which they came. */
  grants: Grant[] | null;
  blockage: Blockage | null;
}

/** The part of a stream's side that flow control needs. */
export interface Flow extends Window {
  /** The connection's blockage that was already told of this stream. */
  told: Blockage | null;
}

/** What one side may send, as the other side's updates say. Nothing is said where an update may be missing. */
export class SendWindow {
  readonly #from: Side;
  readonly #all: Window = { credit: 0, grants: null, blockage: null };
  #initial = INITIAL_WINDOW;
  #widest = INITIAL_WINDOW;
  #isKnown: boolean;

  constructor(from: Side, isKnown: boolean) {
    this.#from = from;
    this.#isKnown = isKnown;
  }

  /** Updates or data may be missing from now on: no window of this side is known any more. */
  forget(): void {
    this.#isKnown = false;
    this.#all.blockage = null;
    this.#all.grants = null;
  }

  /** SETTINGS_INITIAL_WINDOW_SIZE: of all streams, those that are open, too. */
  setInitial(size: number): void {
    if (size <= MAX_WINDOW) this.#initial = size;
    else this.forget();
  }

  grantConnection(size: number, arrival: Arrival): void {
    if (this.#isKnown) grant(this.#all, size, arrival);
  }

  grantStream(flow: Flow, size: number, arrival: Arrival): void {
    if (this.#isKnown) grant(flow, size, arrival);
  }

  /**
   * A DATA frame was sent.
   * @param length of its payload, padding and all
   * @param begunAt when this side began to send on the stream
   * @param roundTrip between the capture and the server
   * @returns the wait that it had, where one is proven
   */
  send(
    flow: Flow,
    length: number,
    isLast: boolean,
    begunAt: Timestamp,
    arrival: Arrival,
    roundTrip: Duration,
  ): Stall | null {
    if (!this.#isKnown || length === 0) return null;
    // An update has to get to the server before what it permits can come back.
    const way = this.#from === 'server' && roundTrip > 0 ? roundTrip : 0;
    drawOn(flow, this.#initial, length, way);
    drawOn(this.#all, INITIAL_WINDOW, length, way);
    this.#widest = Math.max(this.#widest, INITIAL_WINDOW + this.#all.credit);
    const stall = this.#wait(flow, begunAt, arrival, roundTrip);
    flow.blockage = null;
    this.#all.credit -= length;
    flow.credit -= length;
    // Nobody sends more than it may: an update is missing, and what else was thought is wrong.
    const leftOfAll = INITIAL_WINDOW + this.#all.credit;
    if (leftOfAll < 0) this.forget();
    const left = this.#initial + flow.credit;
    if (left < 0) flow.credit = Number.NaN;
    if (!this.#isKnown || isLast) return stall;
    // Who has more to send fills it to the last byte.
    if (left === 0) flow.blockage = blocked(arrival);
    if (leftOfAll === 0) this.#all.blockage = blocked(arrival);
    return stall;
  }

  /** The stall of a stream whose window was never opened again. */
  unrepaired(flow: Flow, arrival: Arrival): Stall | null {
    const { blockage, grants } = flow;
    const isOpened = grants !== null && grants.length > 0;
    if (!this.#isKnown || isOpened || blockage === null || !Number.isNaN(blockage.reopenedAt)) return null;
    const duration = between(blockage.startedAt, arrival.time);
    if (duration < MIN_STALL) return null;
    return this.#stall(blockage.startedAt, duration, this.#initial, false, [blockage.packet]);
  }

  #wait(flow: Flow, begunAt: Timestamp, arrival: Arrival, roundTrip: Duration): Stall | null {
    const own = flow.blockage;
    const shared = this.#all.blockage;
    if (own !== null && isProven(own, arrival, roundTrip)) {
      if (shared !== null) flow.told = shared;
      return this.#repaired(own, this.#initial, arrival);
    }
    if (shared === null || shared === flow.told || !(begunAt <= shared.startedAt)) return null;
    if (!isProven(shared, arrival, roundTrip)) return null;
    flow.told = shared;
    return this.#repaired(shared, this.#widest, arrival);
  }

  #repaired({ startedAt, packet, reopenPacket }: Blockage, window: number, arrival: Arrival): Stall {
    const packets = [packet, reopenPacket, packetId(arrival.input, arrival.number)];
    return this.#stall(startedAt, between(startedAt, arrival.time), window, true, packets);
  }

  #stall(startedAt: Timestamp, duration: Duration, window: number, repaired: boolean, packets: PacketId[]): Stall {
    return {
      reason: 'flow-control',
      from: this.#from,
      startedAt,
      duration: nanoseconds(duration),
      bytes: window,
      resends: 0,
      repaired,
      packets: [...new Set(packets)],
    };
  }
}

/** It is drawn on when data needs it: until then nobody can tell whether it was on its way when the window was used up. */
function grant(window: Window, size: number, { input, number, time }: Arrival): void {
  const grants = (window.grants ??= []);
  grants.push({ size, time, packet: packetId(input, number) });
  // Much that nobody needs: the window is wider than what is sent.
  if (grants.length > MAX_GRANTS) window.credit += (grants.shift() as Grant).size;
}

/** @param way from an update to the data that it permits, seen from the capture */
function drawOn(window: Window, initial: number, length: number, way: number): void {
  const { grants, blockage } = window;
  if (grants === null) return;
  while (initial + window.credit < length) {
    const next = grants.shift();
    if (next === undefined) return;
    window.credit += next.size;
    if (blockage === null || !Number.isNaN(blockage.reopenedAt)) continue;
    blockage.reopenedAt = at(next.time + way);
    blockage.reopenPacket = next.packet;
  }
}

const blocked = ({ input, number, time }: Arrival): Blockage => ({
  startedAt: time,
  packet: packetId(input, number),
  reopenedAt: at(Number.NaN),
  reopenPacket: -1,
});

/** Whether data waited for nothing but this: it came as soon as it was let, and not before. */
function isProven({ startedAt, reopenedAt }: Blockage, { time }: Arrival, roundTrip: Duration): boolean {
  if (!(reopenedAt > startedAt) || between(startedAt, time) < MIN_STALL) return false;
  const usual = Number.isNaN(roundTrip) ? 0 : 2 * roundTrip;
  return between(reopenedAt, time) <= usual + WAKING;
}
