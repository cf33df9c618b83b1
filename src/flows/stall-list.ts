import { at, nanoseconds, type Timestamp } from '../base/time.ts';
import { MAX_STALL_PACKETS, MAX_STALLS, type Side, type Stall, type StallReason } from '../model/connection.ts';
import { packetId, type Layers, type PacketId } from '../model/packet.ts';
import type { TrackedRow } from './tracked-row.ts';

// Exchanges ask for the stalls of the last while: these stay whatever the others cost.
const RECENT = 16;

/** A stall that may still last. */
export interface OpenStall extends Stall {
  packets: PacketId[];
}

export const openStall = (reason: StallReason, from: Side, startedAt: number, bytes: number): OpenStall => ({
  reason,
  from,
  startedAt: at(startedAt),
  duration: nanoseconds(0),
  bytes,
  resends: 0,
  repaired: false,
  packets: [],
});

/** One more packet that proves it: the first ones and the last are kept. */
export function addProof(stall: OpenStall, packet: PacketId): void {
  const { packets } = stall;
  if (packets.includes(packet)) return;
  if (packets.length < MAX_STALL_PACKETS) packets.push(packet);
  else packets[MAX_STALL_PACKETS - 1] = packet;
}

/** What goes on for a while, and is told as it does. */
interface Told {
  readonly since: number;
  /** Null before it is told. */
  stall: OpenStall | null;
}

/** It lasts until now: the packet before it and the last one prove it. */
export function goesOn(
  row: TrackedRow,
  told: Told,
  reason: StallReason,
  sender: { readonly side: Side; readonly lastPacket: PacketId },
  { input, number, time }: Layers,
): OpenStall {
  let { stall } = told;
  if (stall === null) {
    stall = openStall(reason, sender.side, told.since, 0);
    stall.repaired = true;
    addProof(stall, sender.lastPacket);
    listStall(row, stall);
    told.stall = stall;
  }
  stall.packets[1] = packetId(input, number);
  lastUntil(stall, time);
  return stall;
}

/** Nothing lasts less than nothing, though merged inputs may be a little out of order. */
export function lastUntil(stall: OpenStall, time: Timestamp): void {
  stall.duration = nanoseconds(Math.max(0, time - stall.startedAt));
}

/**
 * Puts a stall in its place among the connection's. Where there are too many, a short one of long
 * ago goes, and only its time is kept.
 */
export function listStall(row: TrackedRow, stall: Stall): void {
  const { stalls } = row;
  row.stallCount++;
  let index = stalls.length;
  while (index > 0 && (stalls[index - 1] as Stall).startedAt > stall.startedAt) index--;
  stalls.splice(index, 0, stall);
  if (stalls.length <= MAX_STALLS) return;
  let shortest = 0;
  for (let other = 1; other < stalls.length - RECENT; other++) {
    if ((stalls[other] as Stall).duration < (stalls[shortest] as Stall).duration) shortest = other;
  }
  row.stallTime = nanoseconds(row.stallTime + (stalls[shortest] as Stall).duration);
  stalls.splice(shortest, 1);
}

/** It was none: takes it out again. */
export function unlistStall(row: TrackedRow, stall: Stall): void {
  row.stallCount--;
  const index = row.stalls.indexOf(stall);
  if (index >= 0) row.stalls.splice(index, 1);
}
