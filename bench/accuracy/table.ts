import { linkWords, sumOfLinks, type Links } from './links.ts';
import type { Scored } from './score.ts';
import { savingLines, type Saving } from './twins.ts';

export interface RuleRow {
  rule: string;
  found: number;
  missed: number;
  false: number;
  cheap: number;
  hidden: number;
  /** Medians over what was found; NaN where no truth says. */
  countError: number;
  costError: number;
  savingError: number;
}

export interface Summary {
  captures: number;
  rules: readonly RuleRow[];
  /** `expected -> reported`, how often: for what was missed or false only. */
  confusion: readonly { expected: string; reported: string; count: number }[];
  precision: number;
  recall: number;
  /** Requests of which truths say which calls they made, and whose calls are all right. */
  links: Links;
  savings: readonly Saving[];
}

/** @returns NaN for none */
function median(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b);
  return known.length === 0 ? Number.NaN : (known[Math.floor((known.length - 1) / 2)] as number);
}

export function summarise(scored: readonly Scored[]): Summary {
  const outcomes = scored.flatMap((one) => one.outcomes);
  const count = (rule: string, kind: string): number =>
    outcomes.filter((outcome) => outcome.rule === rule && outcome.kind === kind).length;
  const rules = [...new Set(outcomes.map((outcome) => outcome.rule))].toSorted().map((rule): RuleRow => {
    const found = outcomes.filter((outcome) => outcome.rule === rule && outcome.kind === 'found');
    return {
      rule,
      found: found.length,
      missed: count(rule, 'missed'),
      false: count(rule, 'false'),
      cheap: count(rule, 'cheap'),
      hidden: count(rule, 'hidden'),
      countError: median(found.map((outcome) => outcome.countError)),
      costError: median(found.map((outcome) => outcome.costError)),
      savingError: median(found.map((outcome) => outcome.savingError)),
    };
  });
  const sum = (kind: 'found' | 'missed' | 'false'): number => rules.reduce((total, row) => total + row[kind], 0);
  return {
    captures: scored.length,
    rules,
    confusion: confusionOf(scored),
    precision: share(sum('found'), sum('false')),
    recall: share(sum('found'), sum('missed')),
    links: sumOfLinks(scored.map((one) => one.links)),
    savings: scored.flatMap(({ saving }) => saving ?? []),
  };
}

const share = (right: number, wrong: number): number => (right + wrong === 0 ? 1 : right / (right + wrong));

function confusionOf(scored: readonly Scored[]): Summary['confusion'] {
  const pairs = new Map<string, { expected: string; reported: string; count: number }>();
  for (const { outcomes } of scored) {
    const missed = outcomes.filter(({ kind }) => kind === 'missed').map(({ rule }) => rule);
    const wrong = outcomes.filter(({ kind }) => kind === 'false').map(({ rule }) => rule);
    for (const expected of missed.length > 0 ? missed : ['nothing']) {
      for (const reported of wrong.length > 0 ? wrong : ['nothing']) {
        if (expected === 'nothing' && reported === 'nothing') continue;
        const key = `${expected} ${reported}`;
        const pair = pairs.get(key) ?? { expected, reported, count: 0 };
        pair.count++;
        pairs.set(key, pair);
      }
    }
  }
  return [...pairs.values()].toSorted((a, b) => b.count - a.count || a.expected.localeCompare(b.expected));
}

const percent = (value: number): string => (Number.isNaN(value) ? '–' : `${(100 * value).toFixed(1)} %`);

const HEAD = ['rule', 'found', 'missed', 'false', 'cheap', 'hidden', 'count error', 'cost error', 'saving error'];

const cells = (row: RuleRow): string[] => [
  row.rule,
  ...[row.found, row.missed, row.false, row.cheap, row.hidden].map(String),
  percent(row.countError),
  percent(row.costError),
  percent(row.savingError),
];

/** For the terminal. */
export function renderText(summary: Summary): string {
  const rows = [HEAD, ...summary.rules.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number),
      )
      .join('  '),
  );
  return [
    ...lines,
    '',
    ...summary.confusion.map(({ expected, reported, count }) => `${count} × ${expected} → ${reported}`),
    `precision ${percent(summary.precision)}, recall ${percent(summary.recall)} over ${summary.captures} captures`,
    ...linkWords(summary.links),
    ...savingLines(summary.savings),
    '',
  ].join('\n');
}

const row = (values: readonly string[]): string => `| ${values.join(' | ')} |`;

/** One section of docs/accuracy.md. */
export function renderMarkdown(title: string, summary: Summary): string {
  const confusion = summary.confusion.map(({ expected, reported, count }) => row([expected, reported, String(count)]));
  return [
    `## ${title}`,
    '',
    `${summary.captures} captures: precision ${percent(summary.precision)}, recall ${percent(summary.recall)}.`,
    '',
    ...linkWords(summary.links).flatMap((line) => [`${line}.`, '']),
    row(HEAD),
    row(HEAD.map((_, column) => (column === 0 ? '---' : '--:'))),
    ...summary.rules.map((rule) => row(cells(rule))),
    '',
    ...savingSection(summary.savings),
    ...(confusion.length === 0
      ? []
      : [
          'What was taken for what:',
          '',
          row(['true', 'reported', 'captures']),
          row(['---', '---', '--:']),
          ...confusion,
          '',
        ]),
  ].join('\n');
}

function savingSection(savings: readonly Saving[]): string[] {
  const [total, ...pairs] = savingLines(savings);
  return total === undefined ? [] : [`What cures save, ${total}:`, '', ...pairs.map((pair) => `- ${pair.trim()}`), ''];
}
