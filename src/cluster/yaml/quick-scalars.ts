import type { ScalarNode } from './node.ts';
import { plainValue } from './scalar.ts';

/** Thrown inside the quick reader and caught at its door: what it does not know, the package `yaml` reads. */
export class Unsure extends Error {
  override readonly name = 'Unsure';
}

const RETURN = 13;
export const SPACE = 32;
export const TAB = 9;

/** The text of one document and how far it goes. */
export interface Span {
  readonly text: string;
  readonly end: number;
}

/** The end of the line that `from` stands in: where its newline is, or the end of all. */
export function lineEnd({ text, end }: Span, from: number): number {
  const found = text.indexOf('\n', from);
  return found < 0 || found > end ? end : found;
}

export const isBlank = (code: number): boolean => code === SPACE || code === TAB || code === RETURN;

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0', a: '\u0007', b: '\b', t: '\t', '\t': '\t', n: '\n', v: '\u000b', f: '\f', r: '\r', e: '\u001b',
  ' ': ' ', '"': '"', '/': '/', '\\': '\\', N: '\u0085', _: '\u00a0', L: '\u2028', P: '\u2029',
}; // prettier-ignore

const HEX: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** A quoted scalar, on one line or more. */
export function readQuoted(span: Span, start: number): ScalarNode {
  const { text, end } = span;
  const style = text.charCodeAt(start) === 39 ? 'single' : 'double';
  const close = style === 'single' ? closeOfSingle(span, start) : closeOfDouble(span, start);
  if (close < 0 || close >= end) throw new Unsure();
  const raw = text.slice(start + 1, close);
  const folded = raw.includes('\n') ? foldQuoted(raw, style === 'double') : raw;
  let value = folded;
  if (style === 'single') value = folded.replaceAll("''", "'");
  else if (folded.includes('\\')) value = unescape(folded);
  return { type: 'scalar', value, text: value, style, start, end: close + 1, shared: false };
}

function closeOfSingle({ text }: Span, start: number): number {
  let close = text.indexOf("'", start + 1);
  while (close >= 0 && text[close + 1] === "'") close = text.indexOf("'", close + 2);
  return close;
}

function closeOfDouble({ text, end }: Span, start: number): number {
  for (let at = start + 1; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) return at;
    if (code === 92) at++;
  }
  return -1;
}

/** Line ends inside quotes: one is a space, each further one stands for itself (YAML 1.2, 7.3.3). */
function foldQuoted(raw: string, escapes: boolean): string {
  const lines = raw.split('\n');
  let value = '';
  let blanks = -1;
  for (const [index, line] of lines.entries()) {
    const last = index === lines.length - 1;
    const from = index === 0 ? line : line.replace(/^[ \t]+/, '');
    const trimmed = last ? from : from.replace(/[ \t\r]+$/, '');
    const backslashes = /\\*$/.exec(trimmed)?.[0].length ?? 0;
    const joins = escapes && !last && backslashes % 2 === 1;
    // An escaped blank at the end of a line, or a document's mark inside quotes.
    if (joins && !/\\\r?$/.test(from)) throw new Unsure();
    if (index > 0 && /^(?:---|\.\.\.)(?:[ \t\r]|$)/.test(line)) throw new Unsure();
    if (index > 0 && trimmed === '' && !last) {
      blanks++;
      continue;
    }
    if (index > 0 && blanks > -2) value += blanks > 0 ? '\n'.repeat(blanks) : ' ';
    value += joins ? trimmed.slice(0, -1) : trimmed;
    blanks = joins ? -2 : 0;
    // What follows a joined line is rare with blank lines between.
    if (joins && /^[ \t\r]*$/.test(lines[index + 1] ?? 'x')) throw new Unsure();
  }
  return value;
}

function unescape(raw: string): string {
  let value = '';
  for (let at = 0; at < raw.length; at++) {
    const character = raw[at] as string;
    if (character !== '\\') {
      value += character;
      continue;
    }
    const kind = raw[++at] as string;
    const digits = HEX[kind];
    if (digits === undefined) {
      const meant = ESCAPES[kind];
      if (meant === undefined) throw new Unsure();
      value += meant;
      continue;
    }
    const code = raw.slice(at + 1, at + 1 + digits);
    const point = /^[0-9a-fA-F]+$/.test(code) && code.length === digits ? Number.parseInt(code, 16) : -1;
    if (point < 0 || point > 0x10ffff) throw new Unsure();
    value += String.fromCodePoint(point);
    at += digits;
  }
  return value;
}

export const plainNode = (text: string, start: number, end: number): ScalarNode => {
  const raw = text.slice(start, end);
  return { type: 'scalar', value: plainValue(raw), text: raw, style: 'plain', start, end, shared: false };
};

/** `|` or `>`, with what follows it on its line. */
export function readBlock(span: Span, start: number, parent: number): { node: ScalarNode; next: number } {
  const { text, end } = span;
  const headEnd = lineEnd(span, start);
  const head = /^[|>]([-+]?)([1-9]?)([-+]?)[ \t]*(?:[ \t]#[^\n]*)?\r?$/.exec(text.slice(start, headEnd));
  if (head === null || head[2] !== '') throw new Unsure();
  const chomp = `${head[1] as string}${head[3] as string}`;
  if (chomp.length > 1) throw new Unsure();
  let indent = -1;
  let at = Math.min(headEnd + 1, end);
  let contentEnd = at;
  const lines: string[] = [];
  // Blank lines count only where another line, or `+`, follows.
  let blanks = 0;
  while (at < end) {
    const stop = lineEnd(span, at);
    let first = at;
    while (first < stop && text.charCodeAt(first) === SPACE) first++;
    const lastContent = text.charCodeAt(stop - 1) === RETURN && stop > at ? stop - 1 : stop;
    const blank = first >= lastContent;
    if (blank && indent < 0 && first - at > parent + 1) throw new Unsure();
    if (!blank && indent < 0) {
      if (first - at <= parent) break;
      if (text.charCodeAt(first) === TAB) throw new Unsure();
      indent = first - at;
    }
    if (blank && (indent < 0 || first - at <= indent)) {
      blanks++;
    } else {
      if (!blank && first - at < indent) break;
      for (; blanks > 0; blanks--) lines.push('');
      lines.push(text.slice(at + indent, lastContent));
      contentEnd = stop;
    }
    at = stop + 1;
  }
  // Whether a last line without an end has one to keep, readers say differently, by what stands in it.
  if (chomp === '+' || contentEnd >= text.length) throw new Unsure();
  const content = text[start] === '>' ? foldBlock(lines) : lines.join('\n');
  const value = lines.length === 0 ? '' : content + (chomp === '-' ? '' : '\n');
  const node: ScalarNode = {
    type: 'scalar',
    value,
    text: value,
    style: 'block',
    start,
    end: contentEnd,
    shared: false,
  };
  return { node, next: Math.min(at, end) };
}

/** Line ends in folded text: one is a space, each blank line one; before and behind what is indented further all stay (YAML 1.2, 8.1.3). */
function foldBlock(lines: readonly string[]): string {
  let value = '';
  let blanks = 0;
  let before: string | null = null;
  for (const line of lines) {
    if (line === '') {
      blanks++;
      continue;
    }
    const stays = isFurther(line) || (before !== null && isFurther(before));
    if (before === null) value += '\n'.repeat(blanks);
    else if (stays) value += '\n'.repeat(blanks + 1);
    else value += blanks === 0 ? ' ' : '\n'.repeat(blanks);
    value += line;
    blanks = 0;
    before = line;
  }
  return value;
}

const isFurther = (line: string): boolean => line.startsWith(' ') || line.startsWith('\t');
