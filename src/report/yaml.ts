/**
 * YAML of plain data in block style, as a person writes a manifest. For patches only: maps,
 * lists, strings, numbers, booleans and null; what is none of these is left out, as in JSON.
 */
export function toYaml(value: unknown): string {
  return blockOf(value).join('\n');
}

const INDENT = '  ';

function blockOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.length === 0 ? ['[]'] : value.flatMap(itemOf);
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, inner]) => isData(inner));
    return entries.length === 0 ? ['{}'] : entries.flatMap(entryOf);
  }
  return [scalarOf(value)];
}

function itemOf(value: unknown): string[] {
  const [first = '', ...rest] = blockOf(value);
  return [`- ${first}`, ...rest.map((line) => INDENT + line)];
}

function entryOf([key, value]: [string, unknown]): string[] {
  const name = scalarOf(key);
  if (!isNested(value)) return [`${name}: ${blockOf(value).join('')}`];
  return [`${name}:`, ...blockOf(value).map((line) => INDENT + line)];
}

const isData = (value: unknown): boolean =>
  value !== undefined && typeof value !== 'function' && typeof value !== 'symbol';

const isNested = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && (Array.isArray(value) ? value : Object.keys(value)).length > 0;

// Words that YAML 1.1 or 1.2 reads as something else than text.
const RESERVED = /^(?:true|false|yes|no|on|off|y|n|null|nan|inf|e\d+)$/i;
// Begins with a letter, and holds nothing that has a meaning anywhere in YAML.
const PLAIN = /^[A-Za-z][\w./-]*(?: [\w./-]+)*$/;

function scalarOf(value: unknown): string {
  if (typeof value === 'string') return PLAIN.test(value) && !RESERVED.test(value) ? value : quoted(value);
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'boolean' ? String(value) : 'null';
}

/** JSON's strings are YAML's double-quoted ones; what neither prints is escaped as well. */
const quoted = (text: string): string =>
  JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
