import { padEnd, padStart, widthOf, wrap } from './layout.ts';
import type { Style } from './style.ts';
import { duration } from './words.ts';

/** One packet, or another moment, of what is drawn. */
export interface Mark {
  atSeconds: number;
  /** What stands between the time and the text, in columns; clean. Each mark has as many. */
  columns: readonly string[];
  /** Clean. */
  text: string;
  /** It cost time or failed. */
  bad: boolean;
}

export interface Timeline {
  /** Times are counted from here; what came before has a minus. */
  zeroSeconds: number;
  /** The bars' scale. */
  startSeconds: number;
  endSeconds: number;
  /** In order of time. */
  marks: readonly Mark[];
  /** What was waited for between two neighbours. @param before the mark that ends the wait; their number for what follows the last */
  waitWords(before: number, fromSeconds: number, toSeconds: number): string;
}

const MAX_SCALE = 40;
// A wait below a twenty-seventh of the whole is not drawn: much would be bars only.
const LEAST_CELLS = 1.5;

/** Each mark with its time, and each wait as a bar to scale at its place in the whole. */
export function timelineLines(style: Style, timeline: Timeline): string[] {
  const { paint } = style;
  const { marks, startSeconds, endSeconds } = timeline;
  const bar = scaleOf(style, startSeconds, endSeconds);
  const times = marks.map(({ atSeconds }) => timeFrom(timeline.zeroSeconds, atSeconds));
  const time = Math.max(0, ...times.map(widthOf));
  const widths = (marks[0]?.columns ?? []).map((_, index) =>
    Math.max(0, ...marks.map(({ columns }) => widthOf(columns[index] ?? ''))),
  );
  const lines: string[] = [];
  let before = startSeconds;
  for (const [index, { atSeconds, columns, text, bad }] of marks.entries()) {
    lines.push(...bar(before, atSeconds, () => timeline.waitWords(index, before, atSeconds)));
    before = Math.max(before, atSeconds);
    const head = [
      padStart(times[index] ?? '', time),
      ...columns.map((column, place) => padEnd(column, widths[place] ?? 0)),
    ].join('  ');
    const indent = 4 + widthOf(head) + 2;
    lines.push(
      ...wrap(text, style.width - indent).map((line, place) => {
        const painted = bad ? paint.red(line) : line;
        return (place === 0 ? `    ${head}  ${painted}` : ' '.repeat(indent) + painted).trimEnd();
      }),
    );
  }
  return [...lines, ...bar(before, endSeconds, () => timeline.waitWords(marks.length, before, endSeconds))];
}

/** A title, and at the end of its line what came of it. Both are clean. */
export function titleLines(style: Style, title: string, outcome: string, failed: boolean): string[] {
  const { paint } = style;
  const room = style.width - 2 - widthOf(title) - widthOf(outcome);
  const painted = failed ? paint.red(outcome) : paint.bold(outcome);
  return room >= 2
    ? [`  ${paint.bold(title)}${' '.repeat(room)}${painted}`]
    : [`  ${paint.bold(title)}`, `  ${painted}`];
}

/** `2023-11-14T22:13:27.113240000Z, 7.113240 s into the capture`. */
export function startWords({ startedAt, startSeconds }: { startedAt: string | null; startSeconds: number }): string {
  const started = `${startSeconds.toFixed(6)} s into the capture`;
  return startedAt === null ? started : `${startedAt}, ${started}`;
}

function timeFrom(zeroSeconds: number, atSeconds: number): string {
  const text = (atSeconds - zeroSeconds).toFixed(6);
  if (Number(text) === 0) return '+0.000000';
  return text.startsWith('-') ? text : `+${text}`;
}

/** Draws waits at their place in the whole. */
function scaleOf(
  style: Style,
  start: number,
  end: number,
): (from: number, to: number, words: () => string) => string[] {
  const cells = Math.min(MAX_SCALE, Math.floor((style.width - 6) / 2));
  const total = end - start;
  const block = style.clean('█');
  return (from, to, words) => {
    if (total <= 0) return [];
    const length = ((to - from) / total) * cells;
    if (length < LEAST_CELLS) return [];
    const offset = Math.min(cells - 1, Math.round(((from - start) / total) * cells));
    const bar = block.repeat(Math.min(cells - offset, Math.max(1, Math.round(length))));
    const label = style.clean(`${duration(to - from)} ${words()}`);
    const beside = style.width - 6 - cells;
    const [first = '', ...rest] = wrap(label, Math.max(20, beside));
    const indent = ' '.repeat(6 + cells);
    return [
      `    ${' '.repeat(offset)}${style.paint.yellow(bar)}${' '.repeat(cells - offset - widthOf(bar))}  ${first}`,
      ...rest.map((line) => indent + line),
    ];
  };
}
