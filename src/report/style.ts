import pc from 'picocolors';
import { printable } from '../base/text.ts';

/** How a report may draw. All of it is decided by the caller: reports never look at a terminal. */
export interface RenderOptions {
  color: boolean;
  /** Columns of the terminal. */
  width: number;
  /** False where only ASCII may be written. */
  unicode: boolean;
}

export type Paint = ReturnType<typeof pc.createColors>;

export interface Style {
  readonly paint: Paint;
  readonly width: number;
  /** Text of any origin, made harmless, and in ASCII where it must be. Before measuring and painting. */
  clean(text: string): string;
}

// Narrower than this nothing can be laid out; beyond, lines get hard to read.
const MIN_WIDTH = 40;
const MAX_WIDTH = 120;

export const createStyle = (options: RenderOptions): Style => ({
  paint: pc.createColors(options.color),
  width: Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, Math.floor(options.width) || MIN_WIDTH)),
  clean: (text) => (options.unicode ? printable(text) : ascii(printable(text))),
});

const ASCII: Readonly<Record<string, string>> = {
  '→': '->',
  '←': '<-',
  '·': '-',
  '…': '...',
  µ: 'u',
  μ: 'u',
  '×': 'x',
  '≥': '>=',
  '≤': '<=',
  '–': '-',
  '—': '-',
  '’': "'",
  '‘': "'",
  '“': '"',
  '”': '"',
  '█': '#',
  '─': '-',
  '│': '|',
};

/** Our own signs have a spelling in ASCII; what else the capture or a path holds becomes `?`. */
const ascii = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.replace(/[^\u0000-\u007f]/gu, (character) => ASCII[character] ?? '?');
