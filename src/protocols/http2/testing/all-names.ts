import { STATIC_TABLE } from '../static-table.ts';
import type { FieldNames } from '../field-names.ts';
import type { FieldSink } from '../hpack.ts';

/** Names as a test wants them: every one is of interest, and `names[number]` says it. */
export function createAllNames(): FieldNames & { names: string[] } {
  const names = [''];
  const numbers = new Map<string, number>();
  const number = (name: string): number => {
    const known = numbers.get(name) ?? names.length;
    if (known === names.length) {
      names.push(name);
      numbers.set(name, known);
    }
    return known;
  };
  return {
    names,
    find: (bytes, start, end) => number(Buffer.from(bytes.subarray(start, end)).toString('latin1')),
    ofStatic: [0, ...STATIC_TABLE.map(([name]) => number(name))],
  };
}

/** Fields as text, `?` for what can't be told. */
export function collectFields(names: readonly string[]): FieldSink & { fields: [name: string, value: string][] } {
  const fields: [string, string][] = [];
  return {
    fields,
    field: (name, value) => void fields.push(name < 0 ? ['?', ''] : [names[name] as string, value]),
  };
}
