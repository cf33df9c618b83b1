import { at, toRfc3339, toSeconds, type Duration, type Timestamp } from '../base/time.ts';
import type { Input } from './input.ts';
import { packetReference, type PacketId } from './packet.ts';

/** How one input's times and packets are written in its rows. */
export interface RowTimes {
  /** Seconds since the input's first packet. */
  since(time: Timestamp): number;
  /** RFC 3339; null where the input has no date. */
  absolute(time: Timestamp): string | null;
  packet(id: PacketId): number | string;
}

/** @param input the row's own */
export function rowTimes(input: number, inputs: readonly Input[]): RowTimes {
  const home = inputs[input];
  const startsAt = home === undefined ? 0 : home.startsAt;
  const firstPacketAt = home === undefined ? null : home.firstPacketAt;
  return {
    since: (time) => toSeconds(at(time - startsAt)),
    absolute: (time) => (firstPacketAt === null ? null : toRfc3339(firstPacketAt, at(time - startsAt))),
    packet: (id) => packetReference(id, input),
  };
}

/** Seconds, null for what was not seen. */
export const secondsOrNull = (value: Duration): number | null => (Number.isNaN(value) ? null : toSeconds(value));

/** Null for what was not seen. */
export const countOrNull = (value: number): number | null => (value < 0 ? null : value);
