/**
 * Time as the whole tool sees it: nanoseconds since the origin, the first packet of the first
 * input, as a branded number. All inputs that carry dates share that axis. A double is exact to 2^53 ns = 104 days, and costs no allocation per packet where a
 * bigint would. The absolute time of the first packet is kept once, as a bigint.
 */
declare const timestamp: unique symbol;
declare const duration: unique symbol;

/** Nanoseconds since the origin; negative when packets are out of order. */
export type Timestamp = number & { readonly [timestamp]: true };
/** Nanoseconds. */
export type Duration = number & { readonly [duration]: true };

export const NANOSECONDS_PER_SECOND = 1e9;

export const at = (nanoseconds: number): Timestamp => nanoseconds as Timestamp;
export const nanoseconds = (count: number): Duration => count as Duration;
export const microseconds = (count: number): Duration => (count * 1e3) as Duration;
export const milliseconds = (count: number): Duration => (count * 1e6) as Duration;
export const seconds = (count: number): Duration => (count * 1e9) as Duration;

/**
 * No time. Also what fields of time begin with: V8 keeps a field that began with a small integer as
 * one, and throws away all code that it compiled for the object when a larger number comes.
 */
export const NEVER = Number.NaN as Timestamp;

export const between = (start: Timestamp, end: Timestamp): Duration => (end - start) as Duration;
export const plus = (start: Timestamp, by: Duration): Timestamp => (start + by) as Timestamp;

/** NaN, where nothing was seen, takes no time. */
export const orZero = (value: number): number => (value >= 0 ? value : 0);

/** When something was over that began and lasted so long. */
export const endOf = (span: { startedAt: Timestamp; duration: Duration }): Timestamp =>
  plus(span.startedAt, span.duration);

/** Full precision: 9 decimal places survive the way through JSON and back. */
export const toSeconds = (value: Duration | Timestamp): number => value / NANOSECONDS_PER_SECOND;
export const fromSeconds = (value: number): number => Math.round(value * NANOSECONDS_PER_SECOND);

/**
 * RFC 3339 with nanoseconds, UTC.
 * @param base nanoseconds since 1970 of the origin
 */
export function toRfc3339(base: bigint, offset: Timestamp): string {
  const total = base + BigInt(Math.round(offset));
  const billion = 1_000_000_000n;
  const fraction = ((total % billion) + billion) % billion;
  const wholeSeconds = Number((total - fraction) / billion);
  const date = new Date(wholeSeconds * 1000);
  if (Number.isNaN(date.getTime())) return `${total}ns`;
  // Without its `.000Z`: a year beyond 9999, which only a forged capture has, is longer than 4 digits.
  return `${date.toISOString().slice(0, -5)}.${fraction.toString().padStart(9, '0')}Z`;
}

/** The inverse of {@link toRfc3339}: nanoseconds since 1970, or null where the text is no such time. */
export function fromRfc3339(text: string): bigint | null {
  const match = /^(\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text);
  if (match === null) return null;
  const wholeSeconds = Date.parse(`${match[1]}Z`);
  if (Number.isNaN(wholeSeconds)) return null;
  return BigInt(wholeSeconds) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
}
