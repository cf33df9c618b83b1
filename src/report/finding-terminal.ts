import { formatCount, plural } from '../base/text.ts';
import type { Finding } from '../model/diagnosis.ts';
import { exampleLines } from './example-lines.ts';
import { labelled, labelledLines, padEnd, widthOf, wrap } from './layout.ts';
import type { Style } from './style.ts';
import {
  absorbedWords,
  collisionWords,
  costWords,
  halfWords,
  originWord,
  originWords,
  packetWords,
  savingWords,
} from './words.ts';
import { toYaml } from './yaml.ts';

// What a tired reader takes in; the full answer has them all.
const MAX_PROOFS = 3;
const MAX_ALTERNATIVES = 2;
// A component that takes more of the line stands above its setting: beside it a column of single words would be left.
const WIDEST_COMPONENT = 0.4;

/**
 * `4 of 120 lookups …    critical · likely`: what it is at the left, what it weighs at the right.
 * @param likewise how many others say the same of others
 */
export function headline(style: Style, finding: Finding, likewise = 0): string[] {
  const { paint } = style;
  const basis = finding.basis === 'observed' ? '' : ` · ${finding.basis}`;
  const more = likewise === 0 ? '' : ` · ${formatCount(likewise)} more likewise`;
  const tag = style.clean(`${finding.severity} · ${finding.confidence}${basis}${more}`);
  const paintTag = severityPaint(style, finding.severity);
  const room = style.width - 2;
  const lines = wrap(style.clean(finding.says), room);
  const last = lines.at(-1) ?? '';
  const painted = lines.map((line) => `  ${paint.bold(line)}`);
  if (lines.length === 1 && widthOf(last) + 2 + widthOf(tag) <= room) {
    return [`  ${paint.bold(last)}${' '.repeat(room - widthOf(last) - widthOf(tag))}${paintTag(tag)}`];
  }
  return [...painted, `  ${paintTag(tag)}`];
}

export function severityPaint({ paint }: Style, severity: Finding['severity']): (text: string) => string {
  if (severity === 'critical') return (text) => paint.bold(paint.red(text));
  if (severity === 'major') return paint.red;
  return severity === 'minor' ? paint.yellow : paint.dim;
}

/**
 * The whole of one finding below its headline.
 * @param file whose packets the filter is for, where there are several
 */
export function fullFinding(style: Style, finding: Finding, full: boolean, file: string | null): string[] {
  return [
    // The table of packets below is the proof; its words are for those who read on.
    ...(full || finding.examples.length === 0
      ? proofs(style, finding, full ? Number.POSITIVE_INFINITY : MAX_PROOFS)
      : []),
    ...confidence(style, finding),
    ...manifestLines(style, finding),
    ...labelled(style, 'cost', style.clean(costWords(finding))),
    ...absorbed(style, finding),
    ...(full ? labelled(style, finding.severity, style.clean(finding.severityBecause)) : []),
    '',
    ...examplePackets(style, finding),
    ...collision(style, finding, full),
    ...fixes(style, finding, full),
    ...saving(style, finding, full),
    ...filter(style, finding, file),
  ];
}

/** A further finding: its proof, the settings in a line, the change without its patch. */
export function shortFinding(style: Style, finding: Finding, file: string | null): string[] {
  const settings = finding.because.map(
    ({ component, setting, value }) => `${component} ${settingWords(setting, value)}`,
  );
  return [
    ...proofs(style, finding, 1),
    ...confidence(style, finding),
    ...manifestLines(style, finding),
    ...labelled(style, 'cost', style.clean(costWords(finding))),
    ...absorbed(style, finding),
    ...(settings.length === 0 ? [] : labelled(style, 'collide', style.clean(settings.join(' × ')))),
    ...finding.fix.slice(0, 1).flatMap((fix) => labelled(style, 'change', style.clean(changeWords(fix)))),
    ...saving(style, finding, false),
    ...filter(style, finding, file),
  ];
}

/** One line for what is only worth knowing. */
export const infoFinding = (style: Style, finding: Finding): string[] =>
  labelled(style, 'worth knowing', style.clean(`${finding.says} (${finding.confidence}, ${finding.rule})`));

const proofs = (style: Style, finding: Finding, most: number): string[] =>
  finding.evidence
    .filter(({ place }) => place === undefined)
    .slice(0, most)
    .flatMap(({ says, packets }, index) =>
      labelled(
        style,
        index === 0 ? 'proof' : '',
        style.clean(packets.length === 0 ? says : `${says} (${packetWords(packets)})`),
      ),
    );

/** The lines of manifests that explain it, as they stand there. */
const manifestLines = (style: Style, finding: Finding): string[] =>
  finding.evidence
    .flatMap(({ says, place }) => (place === undefined ? [] : [{ says, place }]))
    .slice(0, MAX_PROOFS)
    .flatMap(({ says, place }, index) =>
      labelled(
        style,
        index === 0 ? 'manifest' : '',
        style.clean(`${place.file}:${place.line}: ${place.quote} (${says})`),
      ),
    );

const confidence = (style: Style, finding: Finding): string[] =>
  finding.confidenceBecause === '' ? [] : labelled(style, finding.confidence, style.clean(finding.confidenceBecause));

function absorbed(style: Style, finding: Finding): string[] {
  const words = absorbedWords(finding);
  return words === null ? [] : labelled(style, 'explains', style.clean(words));
}

function collision(style: Style, finding: Finding, full: boolean): string[] {
  if (finding.because.length === 0) return [];
  const { paint } = style;
  const components = finding.because.map((setting) => style.clean(setting.component));
  const column = Math.max(0, ...components.map(widthOf).filter((width) => width <= style.width * WIDEST_COMPONENT)) + 2;
  const lines = finding.because.flatMap((setting, index) => {
    const origin = style.clean(originWords(setting));
    const short = originWord(setting);
    const text = `${style.clean(settingWords(setting.setting, setting.value))}`;
    const component = components[index] as string;
    const isWide = widthOf(component) + 2 > column;
    const above = isWide ? wrap(component, style.width - 4).map((line) => `    ${line}`) : [];
    const head = padEnd(isWide ? '' : component, column);
    const room = style.width - 4 - column;
    // A long source is for those who doubt: the full answer has it, and so has the rule's page.
    for (const word of full ? [origin] : [origin, short]) {
      if (widthOf(text) + 3 + widthOf(word) <= room) return [...above, `    ${head}${text}   ${paint.dim(word)}`];
    }
    const indent = ' '.repeat(4 + column);
    const wrapped = wrap(text, room);
    return [
      ...above,
      ...wrapped.map((line, at) => (at === 0 ? `    ${head}${line}` : indent + line)),
      ...wrap(full ? origin : short, room).map((line) => indent + paint.dim(line)),
    ];
  });
  return [`  ${paint.dim(collisionWords(finding))}`, ...lines];
}

/** `ndots: 5`; the value alone where it says what is set. */
const settingWords = (setting: string, value: string): string => {
  if (value === '' || value === 'on') return setting;
  return value.startsWith(setting) ? value : `${setting}: ${value}`;
};

const changeWords = (fix: Finding['fix'][number]): string =>
  `${fix.title}${fix.safety === 'review' ? ' (review first)' : ''}`;

/** The first change whole, ready to be made; what else would help in a line each. */
function fixes(style: Style, finding: Finding, full: boolean): string[] {
  const [first, ...others] = finding.fix;
  if (first === undefined) return [];
  if (full) return finding.fix.flatMap((fix, index) => wholeFix(style, fix, index === 0 ? 'change' : 'or', true));
  const more = others.length - MAX_ALTERNATIVES;
  return [
    ...wholeFix(style, first, 'change', false),
    ...others.slice(0, MAX_ALTERNATIVES).flatMap((fix) => labelled(style, 'or', style.clean(fix.title))),
    ...(more > 0 ? labelled(style, '', style.clean(`… ${formatCount(more)} more with --full`)) : []),
  ];
}

function wholeFix(style: Style, fix: Finding['fix'][number], label: string, full: boolean): string[] {
  const { paint } = style;
  const hasPatch = fix.patch !== null && fix.patch !== undefined;
  const patch = hasPatch ? toYaml(fix.patch).split('\n').map(style.clean) : [];
  // The command only carries the patch again, in one long line.
  const command = fix.command !== null && (full || !hasPatch) ? [style.clean(fix.command)] : [];
  return [
    ...labelled(style, label, style.clean(changeWords(fix))),
    ...labelled(style, '', style.clean(`in ${fix.target}`), paint.dim),
    ...labelledLines(style, '', [...patch, ...command].map(paint.cyan)),
    ...(full ? labelled(style, 'undo', style.clean(fix.rollback)) : []),
  ];
}

function saving(style: Style, { whatIf, whatIfBecause }: Finding, full: boolean): string[] {
  if (whatIf === null) {
    const isTold = full && whatIfBecause !== null;
    return isTold ? labelled(style, 'would save', style.clean(whatIfBecause)) : [];
  }
  return [
    ...labelled(style, 'would save', style.clean(savingWords(whatIf))),
    ...labelled(style, '', style.clean(whatIf.method), style.paint.dim),
    ...halfWords(whatIf).flatMap((words, index) => labelled(style, index === 0 ? 'alone' : '', style.clean(words))),
  ];
}

const filter = (style: Style, finding: Finding, file: string | null): string[] =>
  finding.filter === null
    ? []
    : [
        ...labelled(style, 'wireshark', style.clean(finding.filter)),
        ...(file === null ? [] : labelled(style, '', style.clean(`in ${file}`), style.paint.dim)),
        ...leftOut(style, finding),
      ];

const leftOut = (style: Style, { filterLeavesOut = 0 }: Finding): string[] =>
  filterLeavesOut === 0
    ? []
    : labelled(style, '', `the dearest of them; ${plural(filterLeavesOut, 'packet')} more`, style.paint.dim);

function examplePackets(style: Style, finding: Finding): string[] {
  const lines = exampleLines(style, finding);
  return lines.length === 0 ? [] : [...lines, ''];
}
