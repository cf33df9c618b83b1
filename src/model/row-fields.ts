import { at, fromRfc3339, nanoseconds, type Duration, type Timestamp } from '../base/time.ts';
import type { Sighting } from './connection.ts';
import { packetFromReference, packetInput, type PacketId } from './packet.ts';

/**
 * Reading fields of rows that may come from anywhere: each gives null where the value is not what
 * it must be, and lets nothing in that is longer or larger than a real row's.
 */

// A name of 255 octets is 1,020 characters where each is written \ddd; reasons are sentences, and a
// path may be 4,096 bytes long on Linux (PATH_MAX).
export const MAX_TEXT = 4096;
export const MAX_INPUT = 9999;
export const MAX_PORT = 0xffff;
// 272 years: a pcap's clock has 32 bits of seconds, and two packets of it may lie 136 years apart.
export const MAX_SECONDS = 2 ** 33;

/** A row's input, and where its first packet stands on the common axis. */
export interface RowPlace {
  input: number;
  startsAt: Timestamp;
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isList = (value: unknown, most: number): value is unknown[] =>
  Array.isArray(value) && value.length <= most;

export const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= MAX_TEXT;

export const isTextOrNull = (value: unknown): value is string | null => value === null || isText(value);

/** '' for null, which stands for what was not seen. */
export const textOrUnseen = (value: unknown): string | null => (value === null ? '' : isText(value) ? value : null);

export const isTexts = (value: unknown, most: number): value is string[] => isList(value, most) && value.every(isText);

/** RFC 3339, or null where the input has no date. */
export const isAbsoluteTime = (value: unknown): value is string | null =>
  value === null || (typeof value === 'string' && fromRfc3339(value) !== null);

export const integer = (value: unknown, most: number = Number.MAX_SAFE_INTEGER): number | null =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most ? value : null;

/** -1 for null, which stands for what was not seen. */
export const integerOrUnseen = (value: unknown, most?: number): number | null =>
  value === null ? -1 : integer(value, most);

export const oneOf = <const Value extends string>(values: readonly Value[], value: unknown): Value | null =>
  values.find((known) => known === value) ?? null;

/** Seconds to nanoseconds, below zero too; null where it is no time of a capture. */
export const time = (value: unknown): Duration | null =>
  typeof value === 'number' && Math.abs(value) <= MAX_SECONDS ? exactNanoseconds(value) : null;

/** Seconds that something lasted. */
export const span = (value: unknown): Duration | null => {
  const duration = time(value);
  return duration === null || duration < 0 ? null : duration;
};

/** NaN for null, which stands for what was not seen. */
export const spanOrUnseen = (value: unknown): Duration | null =>
  value === null ? nanoseconds(Number.NaN) : span(value);

/** Seconds since the input's first packet. */
export const instant = (value: unknown, { startsAt }: RowPlace): Timestamp | null => {
  const since = time(value);
  return since === null ? null : at(startsAt + since);
};

/** NaN for null, which stands for what was not seen. */
export const instantOrUnseen = (value: unknown, place: RowPlace): Timestamp | null =>
  value === null ? at(Number.NaN) : instant(value, place);

export function packetFrom(value: unknown, { input }: RowPlace): PacketId | null {
  const packet = packetFromReference(value, input);
  return packet === null || packetInput(packet) > MAX_INPUT ? null : packet;
}

/** The list with each of its values read; null where one is none, or there are more than `most`. */
export function listFrom<Item>(
  values: unknown,
  most: number,
  read: (value: unknown, place: RowPlace) => Item | null,
  place: RowPlace,
): Item[] | null {
  if (!isList(values, most)) return null;
  const items: Item[] = [];
  for (const value of values) {
    const item = read(value, place);
    if (item === null) return null;
    items.push(item);
  }
  return items;
}

/** `{ at, atSeconds, packet }`: when a packet came, and which. */
export function sightingFrom(row: unknown, place: RowPlace): Sighting | null {
  if (!isRecord(row) || !isAbsoluteTime(row['at'])) return null;
  const since = instant(row['atSeconds'], place);
  const packet = packetFrom(row['packet'], place);
  return since === null || packet === null ? null : { at: since, packet };
}

/**
 * The whole nanoseconds whose `toSeconds` is the value. Multiplying alone may be off by one
 * beyond 26 days, where division and multiplication both round. Exact to 2^23 s = 97 days, where
 * seconds as a double are less than a nanosecond apart.
 */
export function exactNanoseconds(value: number): Duration {
  const near = Math.round(value * 1e9);
  const exact = [near, near - 1, near + 1].find((candidate) => candidate / 1e9 === value);
  // Without it a zero may come out as -0, which is another number to who compares.
  return nanoseconds((exact ?? near) + 0);
}
