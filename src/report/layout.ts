import type { Style } from './style.ts';

/** Characters that the text takes on a terminal; it is clean and not painted yet. */
export const widthOf = (text: string): number => [...text].length;

export const padEnd = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)));
export const padStart = (text: string, width: number): string => ' '.repeat(Math.max(0, width - widthOf(text))) + text;

/**
 * Breaks at spaces. A word longer than the line stands alone and whole: a name that was cut
 * can't be searched for.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line === '') line = word;
    else if (widthOf(line) + 1 + widthOf(word) <= width) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  lines.push(line);
  return lines;
}

const MARGIN = '  ';
const LABEL_WIDTH = 15;

/** Columns that are left for text beside a label. */
export const roomBeside = (style: Style): number => style.width - MARGIN.length - LABEL_WIDTH;

/** `  label          text`, the text wrapped beside its label. Text is clean and not painted. */
export function labelled(
  style: Style,
  label: string,
  text: string,
  paint: (line: string) => string = (line) => line,
): string[] {
  return labelledLines(style, label, wrap(text, roomBeside(style)).map(paint));
}

/** The same for lines that are laid out already. */
export function labelledLines(style: Style, label: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => {
    const head = index === 0 ? style.paint.dim(padEnd(label, LABEL_WIDTH)) : ' '.repeat(LABEL_WIDTH);
    // A label that fills its column still needs a gap.
    const gap = index === 0 && widthOf(label) >= LABEL_WIDTH ? ' ' : '';
    return `${MARGIN}${head}${gap}${line}`.trimEnd();
  });
}

/** Four columns in, wrapped: where the packets of an example stand. */
export const indented = (style: Style, text: string, paint = (line: string): string => line): string[] =>
  wrap(style.clean(text), style.width - 4).map((line) => `    ${paint(line)}`);
