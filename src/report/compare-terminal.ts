import { formatCount } from '../base/text.ts';
import type { Change, Comparison, LatencyComparison } from '../model/comparison.ts';
import {
  FINDING_LABELS,
  figureLines,
  findingsOf,
  findingWords,
  kindWords,
  mixWords,
  TITLE_OF,
} from './compare-words.ts';
import { labelled, padEnd, padStart, widthOf, wrap } from './layout.ts';
import { createStyle, type RenderOptions, type Style } from './style.ts';
import { duration, inputWords } from './words.ts';

export interface ComparisonOptions extends RenderOptions {
  /** Every kind, and how it was computed. */
  full?: boolean;
}

/** Did it work, for a person at a terminal: the verdict, then the figures, then the findings. */
export function renderComparisonTerminal(comparison: Comparison, options: ComparisonOptions): string {
  const style = createStyle(options);
  const full = options.full ?? false;
  const { paint } = style;
  const color = PAINT[comparison.verdict.status];
  const sections = [
    wrap(style.clean(comparison.verdict.says), style.width - 2).map((line) => `  ${paint.bold(paint[color](line))}`),
    [...inputs(style, 'before', comparison.before), ...inputs(style, 'after', comparison.after)],
    ...comparison.latencies.map((latency) => table(style, latency, full)),
    breakdown(style, comparison),
    FINDING_LABELS.flatMap(([change, label]) =>
      findingsOf(comparison, change).flatMap((finding, index) =>
        labelled(style, index === 0 ? label : '', style.clean(findingWords(finding))),
      ),
    ),
    full ? labelled(style, 'method', style.clean(comparison.method)) : [],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => line.trimEnd()).join('\n'))
    .join('\n\n')}\n`;
}

const PAINT = { improved: 'green', equal: 'green', worse: 'red', undecided: 'yellow' } as const satisfies Readonly<
  Record<Change, string>
>;

const inputs = (style: Style, label: string, side: Comparison['before']): string[] =>
  side.inputs.flatMap((input, index) => {
    const name = input.path === '-' ? 'standard input' : input.path;
    return labelled(style, index === 0 ? label : '', style.clean(`${name}: ${inputWords(input)}`));
  });

const COLUMNS = { label: 15, value: 10, change: 9 } as const;

function table(style: Style, latency: LatencyComparison, full: boolean): string[] {
  const { paint } = style;
  const row = (label: string, before: string, after: string, change: string, rest: string): string =>
    `  ${paint.dim(padEnd(label, COLUMNS.label))}${padStart(before, COLUMNS.value)}${padStart(after, COLUMNS.value)}` +
    `${padStart(change, COLUMNS.change)}   ${rest}`;
  const lines = figureLines(latency);
  const width = Math.max('95 % interval'.length, ...lines.map(({ interval }) => widthOf(interval)));
  const title = TITLE_OF[latency.of];
  const compared = (side: 'before' | 'after'): string => formatCount(latency[side].compared);
  return [
    `  ${paint.bold(padEnd(title, COLUMNS.label))}${paint.dim(
      `${padStart('before', Math.max(0, COLUMNS.value - Math.max(0, widthOf(title) - COLUMNS.label)))}${padStart('after', COLUMNS.value)}${padStart('change', COLUMNS.change)}   95 % interval`,
    )}`,
    row('compared', compared('before'), compared('after'), '', ''),
    ...lines.map(({ label, before, after, change, interval, verdict, outcome }) =>
      row(
        label,
        style.clean(before),
        style.clean(after),
        style.clean(change),
        `${padEnd(style.clean(interval), width)}   ${verdict === '' ? '' : paint[PAINT[outcome]](verdict)}`,
      ),
    ),
    ...(lines.length === 0 ? ['    too few to say anything'] : []),
    ...mixWords(latency).flatMap((words) => labelled(style, '', style.clean(words))),
    ...kinds(style, latency, full),
  ];
}

// The dearest few tell where it changed.
const MAX_KINDS = 3;

function kinds(style: Style, { kinds: all }: LatencyComparison, full: boolean): string[] {
  if (all.length < 2) return [];
  const shown = full ? all : all.slice(0, MAX_KINDS);
  const lines = shown.map(({ kind, before, after, p50 }) =>
    p50 === null
      ? `${kindWords(kind)}: ${formatCount(before)} and ${formatCount(after)}, too few`
      : `${kindWords(kind)}: p50 ${duration(p50.beforeSeconds)} → ${duration(p50.afterSeconds)}`,
  );
  const more = all.length - shown.length;
  return [...lines, ...(more > 0 ? [`${formatCount(more)} kinds more with --full`] : [])].flatMap((line, index) =>
    labelled(style, index === 0 ? 'by kind' : '', style.clean(line)),
  );
}

function breakdown(style: Style, { breakdown: rows }: Comparison): string[] {
  if (rows.length === 0) return [];
  const { paint } = style;
  return [
    `  ${paint.bold(padEnd('of a request', COLUMNS.label))}${paint.dim(`${padStart('before', COLUMNS.value)}${padStart('after', COLUMNS.value)}`)}`,
    ...rows.map(
      ({ reason, to, beforeSeconds, afterSeconds }) =>
        `  ${paint.dim(padEnd(style.clean(reason), COLUMNS.label))}${padStart(style.clean(duration(beforeSeconds)), COLUMNS.value)}` +
        `${padStart(style.clean(duration(afterSeconds)), COLUMNS.value)}   ${style.clean(to)}`,
    ),
  ];
}
