import { between, milliseconds, nanoseconds, type Duration, type Timestamp } from '../../base/time.ts';
import type { Side, Stall } from '../../model/connection.ts';
import { packetId, type PacketId } from '../../model/packet.ts';
import type { Arrival } from '../../model/tracked-connection.ts';

/** RFC 9113 section 6.9.2: of the connection and of each stream, before anybody says otherwise. */
const INITIAL_WINDOW = 65_535;
/** What a window may be at most (section 6.9.1). */
const MAX_WINDOW = 2 ** 31 - 1;
// Shorter waits are the network's own: an update and what it permits take a round trip.
const MIN_STALL = milliseconds(1);
// Data that was held back goes out as soon as it may: within a round trip, as seen from the capture,
// doubled because the round trip varies, and with what a busy sender takes to wake up.
const WAKING = milliseconds(5);

/** A window that was used up, from when on, and when it was opened again. */
export interface Blockage {
  startedAt: Timestamp;
  packet: PacketId;
  /** NaN while it lasts. */
  reopenedAt: Timestamp;
  reopenPacket: PacketId;
}

/** The part of a stream's side that flow control needs. */
export interface Flow {
  /** What was granted beyond the initial window, less what was sent; NaN where it is not known. */
  credit: number;
  blockage: Blockage | null;
  /** The connection's blockage that was already told of this stream. */
  told: Blockage | null;
}

/** What one side may send, as the other side's updates say. Nothing is said where an update may be missing. */
export class SendWindow {
  readonly #from: Side;
  #left = INITIAL_WINDOW;
  #initial = INITIAL_WINDOW;
  #isKnown: boolean;
  #blockage: Blockage | null = null;

  constructor(from: Side, isKnown: boolean) {
    this.#from = from;
    this.#isKnown = isKnown;
  }

  /** Updates or data may be missing from now on: no window of this side is known any more. */
  forget(): void {
    this.#isKnown = false;
    this.#blockage = null;
  }

  /** SETTINGS_INITIAL_WINDOW_SIZE: of all streams, those that are open, too. */
  setInitial(size: number): void {
    if (size <= MAX_WINDOW) this.#initial = size;
    else this.forget();
  }

  grantConnection(size: number, arrival: Arrival): void {
    if (!this.#isKnown) return;
    this.#left += size;
    if (this.#left > 0 && this.#blockage !== null) reopen(this.#blockage, arrival);
  }

  grantStream(flow: Flow, size: number, arrival: Arrival): void {
    if (!this.#isKnown) return;
    flow.credit += size;
    if (flow.blockage !== null && this.#initial + flow.credit > 0) reopen(flow.blockage, arrival);
  }

  /**
   * A DATA frame was sent.
   * @param length of its payload, padding and all
   * @param begunAt when this side began to send on the stream
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
    const stall = this.#wait(flow, length, begunAt, arrival, roundTrip);
    flow.blockage = null;
    this.#left -= length;
    flow.credit -= length;
    // Nobody sends more than it may: an update is missing, and what else was thought is wrong.
    if (this.#left < 0) this.forget();
    const left = this.#initial + flow.credit;
    if (left < 0) flow.credit = Number.NaN;
    if (!this.#isKnown || isLast) return stall;
    if (left === 0) flow.blockage = blocked(arrival);
    if (this.#left === 0) this.#blockage = blocked(arrival);
    return stall;
  }

  /** The stall of a stream whose window was never opened again. */
  unrepaired(flow: Flow, arrival: Arrival): Stall | null {
    const { blockage } = flow;
    if (!this.#isKnown || blockage === null || !Number.isNaN(blockage.reopenedAt)) return null;
    const duration = between(blockage.startedAt, arrival.time);
    if (duration < MIN_STALL) return null;
    return this.#stall(blockage.startedAt, duration, 0, false, [blockage.packet]);
  }

  #wait(flow: Flow, length: number, begunAt: Timestamp, arrival: Arrival, roundTrip: Duration): Stall | null {
    const own = flow.blockage;
    if (own !== null && isProven(own, arrival, roundTrip)) {
      if (this.#blockage !== null) flow.told = this.#blockage;
      return this.#repaired(own, length, arrival);
    }
    const shared = this.#blockage;
    if (shared === null || shared === flow.told || !(begunAt <= shared.startedAt)) return null;
    if (!isProven(shared, arrival, roundTrip)) return null;
    flow.told = shared;
    return this.#repaired(shared, length, arrival);
  }

  #repaired({ startedAt, packet, reopenPacket }: Blockage, length: number, arrival: Arrival): Stall {
    const packets = [packet, reopenPacket, packetId(arrival.input, arrival.number)];
    return this.#stall(startedAt, between(startedAt, arrival.time), length, true, packets);
  }

  #stall(startedAt: Timestamp, duration: Duration, bytes: number, repaired: boolean, packets: PacketId[]): Stall {
    return {
      reason: 'flow-control',
      from: this.#from,
      startedAt,
      duration: nanoseconds(duration),
      bytes,
      resends: 0,
      repaired,
      packets: [...new Set(packets)],
    };
  }
}

const blocked = ({ input, number, time }: Arrival): Blockage => ({
  startedAt: time,
  packet: packetId(input, number),
  reopenedAt: Number.NaN as Timestamp,
  reopenPacket: -1,
});

function reopen(blockage: Blockage, { input, number, time }: Arrival): void {
  if (!Number.isNaN(blockage.reopenedAt)) return;
  blockage.reopenedAt = time;
  blockage.reopenPacket = packetId(input, number);
}

/** Whether data waited for nothing but this: it came as soon as it was let, and not before. */
function isProven({ startedAt, reopenedAt }: Blockage, { time }: Arrival, roundTrip: Duration): boolean {
  if (Number.isNaN(reopenedAt) || between(startedAt, time) < MIN_STALL) return false;
  const usual = Number.isNaN(roundTrip) ? 0 : 2 * roundTrip;
  return between(reopenedAt, time) <= usual + WAKING;
}
