import { plainValue } from '../cluster/yaml/scalar.ts';
import type { ScalarNode } from '../cluster/yaml/node.ts';

/** What a change puts into a manifest. */
export type Value = string | number | boolean | object;

/** Text that stands plain in YAML everywhere, also inside `{ … }`, and reads as the same text. */
function isPlain(text: string): boolean {
  return (
    /^[A-Za-z0-9_./$-][A-Za-z0-9_./$@=+%:()-]*(?: [A-Za-z0-9_./$@=+%()-]+)*$/.test(text) &&
    !/^-(?:$|[ -])|: |:$|^---|^\.\.\.$/.test(text.replace(/^--(?=[a-z])/, '')) &&
    typeof plainValue(text) === 'string' &&
    // What YAML 1.1, which kubectl reads, takes for something else: yes, off, 1:30, 1_000, dates.
    !/^(?:y|n|yes|no|on|off)$/i.test(text) &&
    !/^[-+.\d][\d_.:eExX+-]*$/.test(text)
  );
}

/** A value as it is written where nothing stands yet. */
export function scalarText(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  return isPlain(value) ? value : JSON.stringify(value);
}

/** A value written as the one that it replaces, or follows, is written. */
export function scalarLike(like: ScalarNode, value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  if (like.style === 'double') return JSON.stringify(value);
  if (like.style === 'single' && !/[\n\r\t]/.test(value)) return `'${value.replaceAll("'", "''")}'`;
  return scalarText(value);
}

/** A value in `{ … }` and `[ … ]`. */
export function flowText(value: object, json: boolean): string {
  if (json) return jsonText(value);
  const of = (one: unknown): string =>
    typeof one === 'object' && one !== null ? flowText(one, false) : scalarText(one as string);
  if (Array.isArray(value)) return `[${value.map(of).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, one]) => `${scalarText(key)}: ${of(one)}`)
    .join(', ')}}`;
}

function jsonText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, one]) => `${JSON.stringify(key)}: ${jsonText(one)}`)
    .join(', ')}}`;
}

const STEP = 2;

/**
 * A value in lines, without line ends.
 * @param offset how far dashes stand behind the key of their list
 */
export function blockLines(value: object, indent: number, offset: number): string[] {
  const margin = ' '.repeat(indent);
  if (Array.isArray(value)) {
    return value.flatMap((item: Value) => {
      if (typeof item !== 'object') return [`${margin}- ${scalarText(item)}`];
      const [first = '', ...rest] = blockLines(item, indent + STEP, offset);
      return [`${margin}- ${first.slice(indent + STEP)}`, ...rest];
    });
  }
  return Object.entries(value as Record<string, Value>).flatMap(([key, one]) => {
    if (typeof one === 'string' && one.includes('\n')) {
      return [
        `${margin}${scalarText(key)}: |-`,
        ...one.split('\n').map((line) => `${margin}${' '.repeat(STEP)}${line}`),
      ];
    }
    if (typeof one !== 'object') return [`${margin}${scalarText(key)}: ${scalarText(one)}`];
    const inner = Array.isArray(one)
      ? blockLines(one, indent + offset, offset)
      : blockLines(one, indent + STEP, offset);
    return [`${margin}${scalarText(key)}:`, ...inner];
  });
}
