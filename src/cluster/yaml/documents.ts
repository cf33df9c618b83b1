/** One document of a file: its text stands from `start` to `end`. */
export interface DocumentSpan {
  start: number;
  end: number;
  /** What Helm writes above it: the chart's file. */
  source: string | null;
}

const MARK = /^(?:---(?=[ \t\r\n]|$)|\.\.\.(?=[ \t\r\n]|$))/gm;
/** As well: JSON values one after the other, as jq writes them and kubectl takes them. */
const JSON_MARK = new RegExp(`${MARK.source}|^(?=\\{(?!\\{))(?<=\\}\\s*)`, 'gm');
const SOURCE = /^# Source: ([^\r\n]+)/m;

/**
 * The documents of a text. `---` at the start of a line ends one wherever it stands: YAML forbids it
 * inside of any text (YAML 1.2, 9.1.2), so they can be told apart without reading them.
 */
export function* documentsOf(text: string): Generator<DocumentSpan> {
  let start = text.startsWith('\ufeff') ? 1 : 0;
  const isJson = /^\s*\{/.test(text.slice(start, start + HEAD_LENGTH));
  const mark = new RegExp(isJson ? JSON_MARK : MARK);
  for (;;) {
    const found = mark.exec(text);
    const end = found?.index ?? text.length;
    if (end > start) yield { start, end, source: sourceOf(text, start, end) };
    if (found === null) return;
    // What stands behind `---` on its line belongs to the document.
    start = found.index + found[0].length;
    if (found[0] === '') mark.lastIndex++;
  }
}

// Helm writes it first.
const HEAD_LENGTH = 512;

const sourceOf = (text: string, start: number, end: number): string | null =>
  SOURCE.exec(text.slice(start, Math.min(end, start + HEAD_LENGTH)))?.[1]?.trim() ?? null;
