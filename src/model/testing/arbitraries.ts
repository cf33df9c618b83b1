import * as fc from 'fast-check';
import { at, nanoseconds } from '../../base/time.ts';
import { packetId } from '../packet.ts';

/** What rows are made of, for property tests. */

// 97 days: up to 2^23 seconds two doubles are less than a nanosecond apart.
const MAX_EXACT = 2 ** 23 * 1e9 - 1;

const EARLIEST = -1e9;

/** A little before the first packet, too. Any two are near enough to be told apart to the nanosecond. */
export const timestamp = fc.integer({ min: EARLIEST, max: MAX_EXACT + EARLIEST }).map(at);
export const lasted = fc.integer({ min: 0, max: MAX_EXACT }).map(nanoseconds);
export const packet = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 1e12 - 1 }))
  .map(([input, number]) => packetId(input, number));
export const port = fc.integer({ min: 0, max: 0xffff });
export const count = fc.nat({ max: 2 ** 31 - 1 });
export const text = fc.string({ maxLength: 300, unit: 'binary' });

/** NaN stands for what was not seen. */
export const orNever = <Time extends number>(value: fc.Arbitrary<Time>): fc.Arbitrary<Time> =>
  fc.oneof(value, fc.constant(Number.NaN as Time));

/** The row with one value of it, at any depth, replaced by another. */
export function tampered(row: unknown): fc.Arbitrary<unknown> {
  const junk = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constant(undefined),
    fc.constantFrom(-1, 1e300, 0.5, 2 ** 53, '', '9999999999:1', '2023-13-45T00:00:00Z', 'TYPE99999', [], {}),
  );
  return fc.tuple(fc.constantFrom(...pathsOf(row)), junk).map(([path, value]) => replaced(row, path, value));
}

type Path = (string | number)[];

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Object.entries(value).flatMap(([key, child]) => pathsOf(child, [...path, key]));
  return path.length === 0 ? inner : [path, ...inner];
}

function replaced(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}
