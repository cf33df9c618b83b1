import { STATIC_TABLE } from './static-table.ts';

/** A field whose values are of no interest: they are not even made to strings. */
export const OTHER_FIELD = 0;
/** A field whose name stood in a part of the table that the capture does not show. */
export const UNKNOWN_FIELD = -1;

/** The names of which a decoder hands on the values, each as a number from 1 up. */
export interface FieldNames {
  /** The name's number, or {@link OTHER_FIELD}. */
  find(bytes: Uint8Array, start: number, end: number): number;
  /** The same of the static table's names, by index. */
  readonly ofStatic: readonly number[];
}

/** @param names the first is number 1 */
export function createFieldNames(names: readonly string[]): FieldNames {
  const byLength: { number: number; octets: Uint8Array }[][] = [];
  for (const [index, name] of names.entries()) {
    (byLength[name.length] ??= []).push({ number: index + 1, octets: Buffer.from(name, 'latin1') });
  }
  return {
    find(bytes, start, end) {
      const candidates = byLength[end - start];
      if (candidates === undefined) return OTHER_FIELD;
      for (const { number, octets } of candidates) {
        if (equals(bytes, start, octets)) return number;
      }
      return OTHER_FIELD;
    },
    ofStatic: [OTHER_FIELD, ...STATIC_TABLE.map(([name]) => names.indexOf(name) + 1)],
  };
}

function equals(bytes: Uint8Array, start: number, octets: Uint8Array): boolean {
  for (let index = 0; index < octets.length; index++) {
    if (bytes[start + index] !== octets[index]) return false;
  }
  return true;
}
