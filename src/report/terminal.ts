import { formatCount, plural } from '../base/text.ts';
import type { Diagnosis, ExampleRow, Finding } from '../model/diagnosis.ts';
import { fullFinding, headline, infoFinding, shortFinding } from './finding-terminal.ts';
import { labelled, labelledLines, wrap } from './layout.ts';
import { createStyle, type RenderOptions, type Style } from './style.ts';
import { alikeTogether, likewiseLines, type Alike } from './likewise.ts';
import { manifestsWords } from './lint-words.ts';
import { totalsWords, unreadWords } from './totals-words.ts';
import { damageWords, inputWords, isLedByVerdict, rulesWords, unobservableGroups } from './words.ts';

export interface TerminalOptions extends RenderOptions {
  /** Show so many findings; the rest are counted. */
  top?: number;
  /** Every finding whole, every fix with its patch, every note. */
  full?: boolean;
}

// A rotated capture is dozens of files; they differ little.
const MAX_INPUTS = 3;

/**
 * The answer for a person at a terminal. Its first line is the cause; then the proof, the
 * change and what it saves; then what was ruled out and what could not be seen.
 */
export function renderTerminal(diagnosis: Diagnosis, options: TerminalOptions): string {
  const style = createStyle(options);
  const full = options.full ?? false;
  const dear = diagnosis.findings.filter((finding) => finding.severity !== 'info');
  const shown = dear.slice(0, options.top ?? dear.length);
  const info = diagnosis.findings.filter((finding) => finding.severity === 'info');
  const infoShown = info.slice(0, Math.max(0, (options.top ?? diagnosis.findings.length) - shown.length));
  const left = diagnosis.findings.length - shown.length - infoShown.length;
  const all = full ? shown.map((finding) => ({ finding, others: [] })) : alikeTogether(shown);
  const isLed = isLedByVerdict(diagnosis);
  const [first, others] = isLed ? [undefined, all] : [all[0], all.slice(1)];

  const sections: string[][] = [
    [
      ...(first === undefined ? verdict(style, diagnosis) : headline(style, first.finding, first.others.length)),
      '',
      ...inputs(style, diagnosis, full),
      ...(isLed ? [] : unexplained(style, diagnosis)),
      ...manifestsRead(style, diagnosis, full),
      ...(first === undefined
        ? []
        : [
            ...fullFinding(style, first.finding, full, fileOf(diagnosis, first.finding)),
            ...likewiseLines(style, first.others),
          ]),
    ],
    ...others.map((alike) => further(style, alike, full, fileOf(diagnosis, alike.finding))),
    [
      ...infoShown.flatMap((finding) => infoFinding(style, finding)),
      ...(left > 0 ? labelled(style, 'not shown', `${plural(left, 'finding')} more`) : []),
    ],
    [
      ...ruledOut(style, diagnosis, full),
      ...unobservable(style, diagnosis, full),
      ...totalsWords(diagnosis).flatMap(([label, words]) => labelled(style, label, style.clean(words))),
      ...readMore(style, [...shown, ...infoShown]),
    ],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) =>
      lines
        .map((line) => line.trimEnd())
        .join('\n')
        .trimEnd(),
    )
    .join('\n\n')}\n`;
}

function verdict(style: Style, { verdict: { status, says } }: Diagnosis): string[] {
  const { paint } = style;
  const color = status === 'clear' ? paint.green : paint.yellow;
  return wrap(style.clean(says), style.width - 2).map((line) => `  ${paint.bold(color(line))}`);
}

function unexplained(style: Style, { verdict: { unexplained: says } }: Diagnosis): string[] {
  return says === undefined ? [] : labelled(style, 'unexplained', style.clean(says));
}

const further = (style: Style, { finding, others }: Alike, full: boolean, file: string | null): string[] => [
  ...headline(style, finding, others.length),
  ...(full ? fullFinding(style, finding, full, file) : shortFinding(style, finding, file)),
  ...likewiseLines(style, others),
];

const fileOf = ({ inputs: all }: Diagnosis, { input }: Finding): string | null =>
  all.length > 1 ? (all[input]?.path ?? null) : null;

function inputs(style: Style, { inputs: all }: Diagnosis, full: boolean): string[] {
  const shown = full ? all : all.slice(0, MAX_INPUTS);
  const lines = shown.flatMap((input, index) => {
    const name = input.path === '-' ? 'standard input' : input.path;
    const damage = damageWords(input, full);
    const words = [
      inputWords(input),
      ...(damage === '' ? [] : [damage]),
      ...input.damage.notes,
      ...(full ? [input.vantage.because] : []),
    ];
    return labelled(
      style,
      index === 0 ? plural(all.length, 'capture').replace(/^1 /, '') : '',
      style.clean(`${name}: ${words.join('; ')}`),
    );
  });
  const rest = all.slice(shown.length);
  const packets = rest.reduce((sum, input) => sum + input.packets, 0);
  return rest.length === 0
    ? lines
    : [...lines, ...labelled(style, '', `and ${rest.length} more with ${plural(packets, 'packet')}`)];
}

const MAX_PROBLEMS = 3;

/** What was read beside the capture, and what of it could not be. */
function manifestsRead(style: Style, { manifests }: Diagnosis, full: boolean): string[] {
  if (manifests === undefined) return [];
  const problems = full ? manifests.problems : manifests.problems.slice(0, MAX_PROBLEMS);
  const more = manifests.problems.length - problems.length;
  const elsewhere = manifests.elsewhere ?? 0;
  return [
    ...labelled(style, 'manifests', style.clean(`${manifests.paths.join(', ')}: ${manifestsWords(manifests)}`)),
    ...namesSaid(style, manifests, full),
    ...problems.flatMap(({ file, line, says }) => labelled(style, '', style.clean(`${file}:${line}: ${says}`))),
    ...(more > 0 ? labelled(style, '', `and ${plural(more, 'place')} more that could not be read`) : []),
    ...(elsewhere > 0
      ? labelled(
          style,
          '',
          `${plural(elsewhere, 'prediction')} about workloads that are not in this capture: kubelag lint`,
        )
      : []),
  ];
}

// Whom the packets below are of; the full answer has all.
const MAX_NAMES = 6;

function namesSaid(style: Style, { names: all = [] }: NonNullable<Diagnosis['manifests']>, full: boolean): string[] {
  const shown = full ? all : all.slice(0, MAX_NAMES);
  const words = shown.map(({ address, object }) => `${address} ${object}`).join(' · ');
  return shown.length === 0 ? [] : labelled(style, 'names', style.clean(words));
}

// A paragraph of more is skipped as a whole.
const MAX_RULED_OUT = 10;

const isDns = (rule: string): boolean => rule.startsWith('dns-');

/** What a reader would have thought of first: causes of the kind that was found, or that was looked for. */
function likeliest({ ruledOut: all, findings, exchanges }: Diagnosis): Diagnosis['ruledOut'] {
  if (all.length <= MAX_RULED_OUT) return all;
  const [first] = findings;
  const wanted = first === undefined ? exchanges.count === 0 : isDns(first.rule);
  return [
    ...all.filter(({ rule }) => isDns(rule) === wanted),
    ...all.filter(({ rule }) => isDns(rule) !== wanted),
  ].slice(0, MAX_RULED_OUT);
}

/**
 * In one paragraph: it is what a reader skips, and what follows a long list pushes the cause
 * off the screen. The full answer has a line for each.
 */
function ruledOut(style: Style, diagnosis: Diagnosis, full: boolean): string[] {
  if (diagnosis.ruledOut.length === 0) return [];
  if (!full) {
    const says = likeliest(diagnosis).map((one) => one.says);
    const more = diagnosis.ruledOut.length - says.length;
    const rest = more > 0 ? [`${formatCount(more)} more with --full`] : [];
    return labelled(style, 'ruled out', style.clean([...says, ...rest].join(' · ')));
  }
  return diagnosis.ruledOut.flatMap(({ rule, says }, index) =>
    labelled(style, index === 0 ? 'ruled out' : '', style.clean(`${rule}: ${says}`)),
  );
}

function unobservable(style: Style, diagnosis: Diagnosis, full: boolean): string[] {
  const all = diagnosis.findings.length === 0 && diagnosis.ruledOut.length === 0;
  const groups = unobservableGroups(diagnosis.unobservable).map(({ why, capture, rules }) => {
    const names = rulesWords(rules, full);
    // Where nothing could be seen the verdict has said why already.
    return { words: all && why === diagnosis.verdict.says ? names : `${names}: ${why}`, capture };
  });
  const unread = unreadWords(diagnosis).map((words) => ({ words, capture: null }));
  return [...unread, ...groups].flatMap(({ words, capture }, index) => [
    ...labelled(style, index === 0 ? 'could not see' : '', style.clean(words)),
    ...(capture === null ? [] : labelledLines(style, '', [style.paint.cyan(style.clean(capture))])),
  ]);
}

/** Where the rest stands: the rule's page, and the dearest example packet by packet. */
function readMore(style: Style, [first]: readonly Finding[]): string[] {
  if (first === undefined) return [];
  const example = first.examples[0];
  const show = example === undefined ? [] : [`kubelag show … ${whichExample(example)}`];
  return labelled(style, 'read more', style.clean([first.documentation, ...show].join(' · ')));
}

function whichExample({ lookup, exchange, connection, request }: ExampleRow): string {
  if (request !== null) return `--request ${request}`;
  if (lookup !== null) return `--lookup ${lookup}`;
  return exchange === null ? `--connection ${connection}` : `--exchange ${exchange}`;
}
