/** Numbers and names as a person reads them. */

/** `412 µs`, `20.5 ms`, `5.01 s`, `2 min 5 s`: three significant digits, never more. */
export function formatDuration(nanoseconds: number): string {
  if (nanoseconds < 0) return `-${formatDuration(-nanoseconds)}`;
  if (nanoseconds < 1) return '0 s';
  if (nanoseconds < 999.5) return `${Math.round(nanoseconds)} ns`;
  if (nanoseconds < 999_500) return `${digits(nanoseconds / 1e3)} µs`;
  if (nanoseconds < 999.5e6) return `${digits(nanoseconds / 1e6)} ms`;
  if (nanoseconds < 119.95e9) return `${digits(nanoseconds / 1e9)} s`;
  const wholeSeconds = Math.round(nanoseconds / 1e9);
  if (wholeSeconds < 7200) return `${Math.floor(wholeSeconds / 60)} min ${wholeSeconds % 60} s`;
  return `${Math.floor(wholeSeconds / 3600)} h ${Math.floor((wholeSeconds % 3600) / 60)} min`;
}

const digits = (value: number): string =>
  String(Number(value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2)));

/** `312 B`, `1.2 kB`, `20.5 MB`: three significant digits, in thousands. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  if (bytes < 999_500) return `${digits(bytes / 1e3)} kB`;
  return bytes < 999.5e6 ? `${digits(bytes / 1e6)} MB` : `${digits(bytes / 1e9)} GB`;
}

/** With commas between thousands; `toLocaleString` would load a locale's data for it. */
export const formatCount = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',');

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

// More are no help in one line.
const MAX_NAMED = 2;

/** `10.0.9.5:5672 and 10.0.9.6:4222`; `others` where they are more. */
export const fewNames = (names: readonly string[]): string =>
  names.length > MAX_NAMED ? 'others' : names.join(' and ');

export const formatShare = (share: number): string =>
  share > 0 && share < 0.01 ? '<1 %' : `${Math.round(share * 100)} %`;

/**
 * Text from a capture made harmless: control bytes, escape sequences and characters that turn
 * the reading direction become `\x1b`-like escapes, so that no name can drive a terminal.
 */
export function printable(text: string): string {
  return text.replace(
    // oxlint-disable-next-line no-control-regex
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (character) => {
      const code = character.charCodeAt(0);
      return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
    },
  );
}

/**
 * Fills a message: `{name}` the value itself, `{wait:duration}` nanoseconds as a duration,
 * `{part:share}` a share as per cent, `{count:count}` with thousands separators,
 * `{count:lookup}` a count with its noun in the right number. A placeholder without a value throws.
 */
export function fillMessage(message: string, data: Readonly<Record<string, string | number>>): string {
  return message.replace(/\{(\w+)(?::([\w ]+))?\}/g, (_, name: string, kind: string | undefined) => {
    const value = data[name];
    if (value === undefined) throw new Error(`message '${message}' has no value for {${name}}`);
    if (kind === undefined) return typeof value === 'number' ? formatCount(value) : printable(value);
    if (kind === 'duration') return formatDuration(Number(value));
    if (kind === 'share') return formatShare(Number(value));
    if (kind === 'count') return formatCount(Number(value));
    return kind.endsWith('y') ? plural(Number(value), kind, `${kind.slice(0, -1)}ies`) : plural(Number(value), kind);
  });
}
