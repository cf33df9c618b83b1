import { at, fromRfc3339, toRfc3339, toSeconds, type Duration, type Timestamp } from '../base/time.ts';
import type { Sighting } from './connection.ts';
import type { Input } from './input.ts';
import { packetReference, type PacketId } from './packet.ts';
import { exactNanoseconds } from './row-fields.ts';

/** How one input's times and packets are written in its rows. */
export interface RowTimes {
  /** Seconds since the input's first packet. */
  since(time: Timestamp): number;
  /** RFC 3339; null where the input has no date. */
  absolute(time: Timestamp): string | null;
  packet(id: PacketId): number | string;
  sighting(seen: Sighting): { at: string | null; atSeconds: number; packet: number | string };
}

/** @param input the row's own */
export function rowTimes(input: number, inputs: readonly Input[]): RowTimes {
  const home = inputs[input];
  const startsAt = home === undefined ? 0 : home.startsAt;
  const firstPacketAt = home === undefined ? null : home.firstPacketAt;
  const since = (time: Timestamp): number => toSeconds(at(time - startsAt));
  const absolute = (time: Timestamp): string | null =>
    firstPacketAt === null ? null : toRfc3339(firstPacketAt, at(time - startsAt));
  const packet = (id: PacketId): number | string => packetReference(id, input);
  return {
    since,
    absolute,
    packet,
    sighting: (seen) => ({ at: absolute(seen.at), atSeconds: since(seen.at), packet: packet(seen.packet) }),
  };
}

/** Seconds, null for what was not seen. */
export const secondsOrNull = (value: Duration): number | null => (Number.isNaN(value) ? null : toSeconds(value));

export const sinceOrNull = (time: Timestamp, times: RowTimes): number | null =>
  Number.isNaN(time) ? null : times.since(time);

/** Null for what was not seen. */
export const countOrNull = (value: number): number | null => (value < 0 ? null : value);

export const textOrNull = (value: string): string | null => (value === '' ? null : value);

/** What each row says of its start. */
export interface PlacedRow {
  startedAt: string | null;
  startSeconds: number;
}

/** Nanoseconds since 1970 of the first packet of the row's input; null where the row has no date. */
export function firstPacketAtOf(row: PlacedRow): bigint | null {
  const startedAt = row.startedAt === null ? null : fromRfc3339(row.startedAt);
  return startedAt === null ? null : startedAt - BigInt(exactNanoseconds(row.startSeconds));
}

export const numberOrNull = (value: number): number | null => (Number.isNaN(value) ? null : value);
