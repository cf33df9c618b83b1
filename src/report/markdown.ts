import { plural, printable } from '../base/text.ts';
import type { Diagnosis, Finding } from '../model/diagnosis.ts';
import { exampleLines } from './example-lines.ts';
import { codeSpan as code, longestRun, markdownText as text } from './markdown-text.ts';
import { createStyle } from './style.ts';
import { alikeTogether, likewiseWords } from './likewise.ts';
import { manifestsWords } from './lint-words.ts';
import { totalsWords, unreadWords } from './totals-words.ts';
import {
  absorbedWords,
  collisionWords,
  costWords,
  damageWords,
  inputWords,
  originWords,
  halfWords,
  isLedByVerdict,
  savingWords,
  unobservableGroups,
} from './words.ts';
import { toYaml } from './yaml.ts';

export interface MarkdownOptions {
  /** Write so many findings; the rest are left out and counted. */
  top?: number;
}

// In a ticket the excerpt scrolls sideways rather than wraps.
const EXCERPT_WIDTH = 120;

/** The answer to paste into a ticket: CommonMark with GitHub's tables. */
export function renderMarkdown(diagnosis: Diagnosis, options: MarkdownOptions = {}): string {
  const shown = diagnosis.findings.slice(0, options.top ?? diagnosis.findings.length);
  const dear = shown.filter((finding) => finding.severity !== 'info');
  const info = shown.filter((finding) => finding.severity === 'info');
  const left = diagnosis.findings.length - shown.length;
  const isLed = isLedByVerdict(diagnosis);
  const blocks = [
    ...(dear.length > 0 && !isLed ? [] : [`# ${text(diagnosis.verdict.says)}`]),
    ...alikeTogether(dear).flatMap(({ finding, others }, index) => [
      ...findingBlocks(finding, index === 0 && !isLed),
      ...listBlock(
        'Likewise',
        others.map((other) => text(likewiseWords(other))),
      ),
    ]),
    ...listBlock(
      'Unexplained',
      diagnosis.verdict.unexplained === undefined || isLed ? [] : [text(diagnosis.verdict.unexplained)],
    ),
    ...listBlock(
      'Worth knowing',
      info.map(
        ({ rule, says, confidence, severityBecause }) =>
          `${code(rule)}: ${text(`${says} (${confidence}; ${severityBecause})`)}`,
      ),
    ),
    ...(left > 0 ? [`Not shown: ${plural(left, 'finding')}.`] : []),
    ...listBlock(
      'Ruled out',
      diagnosis.ruledOut.map(({ rule, says }) => `${code(rule)}: ${text(says)}`),
    ),
    ...listBlock('Could not be seen', [
      ...unreadWords(diagnosis).map(text),
      ...unobservableGroups(diagnosis.unobservable).map(
        ({ why, capture, rules }) =>
          `${rules.map(code).join(', ')}: ${text(why)}${capture === null ? '' : `. To see it: ${code(capture)}`}`,
      ),
    ]),
    ...listBlock('What was read', [
      ...diagnosis.inputs.map((input) => {
        const words = [inputWords(input), damageWords(input, true), ...input.damage.notes].filter(
          (part) => part !== '',
        );
        return `${code(input.path)}: ${text(words.join('; '))}`;
      }),
      ...manifestLines(diagnosis),
      // Of manifests alone there is no time to tell.
      ...(diagnosis.inputs.length === 0 && diagnosis.manifests !== undefined ? [] : totalsWords(diagnosis)).map(
        ([label, words]) => `${label.charAt(0).toUpperCase()}${label.slice(1)}: ${text(words)}`,
      ),
    ]),
    `*${text(`${diagnosis.tool.name} ${diagnosis.tool.version}`)}*`,
  ];
  return `${blocks.join('\n\n')}\n`;
}

const manifestLines = ({ manifests }: Diagnosis): string[] =>
  manifests === undefined
    ? []
    : [
        `${manifests.paths.map(code).join(', ')}: ${text(manifestsWords(manifests))}`,
        ...manifests.problems.map(({ file, line, says }) => `${code(`${file}:${line}`)}: ${text(says)}`),
      ];

function findingBlocks(finding: Finding, first: boolean): string[] {
  const style = createStyle({ color: false, unicode: true, width: EXCERPT_WIDTH });
  const excerpt = exampleLines(style, finding).map((line) => line.replace(/^ {4}/, ''));
  const [fix, ...otherFixes] = finding.fix;
  const absorbed = absorbedWords(finding);
  return [
    `${first ? '#' : '##'} ${text(finding.says)}`,
    [
      `**${finding.severity}** (${text(finding.severityBecause)}), **${finding.confidence}** (${text(finding.confidenceBecause)}). Rule ${code(finding.rule)}: ${text(finding.title)}.`,
    ].join('\n'),
    [
      `- Cost: ${text(costWords(finding))}`,
      ...(absorbed === null ? [] : [`- Explains: ${text(absorbed)}`]),
      ...(finding.whatIf === null
        ? []
        : [
            `- Would save: ${text(`${savingWords(finding.whatIf)} (${finding.whatIf.method})`)}`,
            ...halfWords(finding.whatIf).map((words) => `- Alone: ${text(words)}`),
          ]),
      ...finding.evidence.map(({ says, packets, place }) => {
        if (place !== undefined)
          return `- ${code(`${place.file}:${place.line}`)}: ${code(place.quote)} (${text(says)})`;
        return packets.length === 0 ? `- ${text(says)}` : `- ${text(says)} (${packetsOf(packets)})`;
      }),
      ...(finding.filter === null ? [] : [`- Wireshark: ${code(finding.filter)}${leftOut(finding)}`]),
    ].join('\n'),
    ...(excerpt.length === 0 ? [] : [fence('text', excerpt)]),
    ...collision(finding),
    ...(fix === undefined ? [] : change(fix)),
    ...otherFixes.map((other) => `Or: ${fixWords(other)}`),
  ];
}

function collision(finding: Finding): string[] {
  if (finding.because.length === 0) return [];
  const words = collisionWords(finding);
  const rows = finding.because.map(
    (setting) =>
      `| ${text(setting.component)} | ${text(setting.setting)} | ${text(setting.value)} | ${text(originWords(setting))} |`,
  );
  return [
    `**${words.charAt(0).toUpperCase()}${words.slice(1)}**`,
    ['| component | setting | value | from |', '|---|---|---|---|', ...rows].join('\n'),
  ];
}

const change = (fix: Finding['fix'][number]): string[] => [
  `**Change** ${fixWords(fix)}`,
  ...(fix.patch === null || fix.patch === undefined ? [] : [fence('yaml', toYaml(fix.patch).split('\n'))]),
  ...(fix.command === null ? [] : [fence('sh', [printable(fix.command)])]),
  `To undo: ${text(fix.rollback)}`,
];

const leftOut = ({ filterLeavesOut = 0 }: Finding): string =>
  filterLeavesOut === 0 ? '' : ` (the dearest of them; ${plural(filterLeavesOut, 'packet')} more)`;

const fixWords = (fix: Finding['fix'][number]): string =>
  text(`${fix.title}${fix.safety === 'review' ? ' (review first)' : ''}. In ${fix.target}`);

/** Without `#`: trackers make links to their own tickets of it. */
const packetsOf = (packets: readonly (number | string)[]): string =>
  `${packets.length === 1 ? 'packet' : 'packets'} ${text(packets.join(', '))}`;

const listBlock = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`**${title}**`, lines.map((line) => `- ${line}`).join('\n')];

function fence(language: string, lines: readonly string[]): string {
  const clean = lines.map(printable);
  const ticks = '`'.repeat(Math.max(3, longestRun(clean.join('\n')) + 1));
  return [`${ticks}${language}`, ...clean, ticks].join('\n');
}
