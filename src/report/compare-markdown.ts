import type { Comparison, LatencyComparison } from '../model/comparison.ts';
import {
  FINDING_LABELS,
  figureLines,
  findingsOf,
  findingWords,
  kindWords,
  mixWords,
  TITLE_OF,
} from './compare-words.ts';
import { codeSpan, markdownText } from './markdown-text.ts';
import { duration, inputWords } from './words.ts';

/** Did it work, to paste into a ticket or a pull request. */
export function renderComparisonMarkdown(comparison: Comparison): string {
  const blocks = [
    `# ${markdownText(comparison.verdict.says)}`,
    [...inputs('Before', comparison.before), ...inputs('After', comparison.after)].join('\n'),
    ...comparison.latencies.flatMap(tableBlocks),
    ...breakdownBlocks(comparison),
    ...FINDING_LABELS.flatMap(([change, label]) => {
      const lines = findingsOf(comparison, change).map((finding) => `- ${markdownText(findingWords(finding))}`);
      return lines.length === 0 ? [] : [`**Findings: ${label}**`, lines.join('\n')];
    }),
    markdownText(comparison.method),
    `*${markdownText(`${comparison.tool.name} ${comparison.tool.version}`)}*`,
  ];
  return `${blocks.join('\n\n')}\n`;
}

const inputs = (label: string, side: Comparison['before']): string[] =>
  side.inputs.map((input) => `- ${label}: ${codeSpan(input.path)}, ${markdownText(inputWords(input))}`);

const row = (cells: readonly string[]): string => `| ${cells.map(markdownText).join(' | ')} |`;

function tableBlocks(latency: LatencyComparison): string[] {
  const { before, after } = latency;
  const lines = figureLines(latency).map(({ label, before: ours, after: theirs, change, interval, verdict }) =>
    row([label, ours, theirs, change, interval, verdict]),
  );
  const notes = [
    ...mixWords(latency),
    ...(latency.kinds.length < 2
      ? []
      : latency.kinds.flatMap(({ kind, p50 }) =>
          p50 === null
            ? []
            : [`${kindWords(kind)}: p50 ${duration(p50.beforeSeconds)} → ${duration(p50.afterSeconds)}`],
        )),
  ];
  return [
    [
      row([TITLE_OF[latency.of], 'before', 'after', 'change', '95 % interval', '']),
      '|---|--:|--:|--:|---|---|',
      row(['compared', String(before.compared), String(after.compared), '', '', '']),
      ...lines,
    ].join('\n'),
    ...(notes.length === 0 ? [] : [notes.map((note) => `- ${markdownText(note)}`).join('\n')]),
  ];
}

function breakdownBlocks({ breakdown }: Comparison): string[] {
  if (breakdown.length === 0) return [];
  const lines = breakdown.map(({ reason, to, beforeSeconds, afterSeconds }) =>
    row([reason, to, duration(beforeSeconds), duration(afterSeconds)]),
  );
  return [[row(['of a request', 'to', 'before', 'after']), '|---|---|--:|--:|', ...lines].join('\n')];
}
