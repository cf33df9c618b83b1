import { formatCount, plural } from '../base/text.ts';
import type { Diagnosis, Finding } from '../model/diagnosis.ts';
import type { ManifestsRow } from '../model/manifests-schema.ts';
import { headline } from './finding-terminal.ts';
import { labelled, labelledLines, padEnd, wrap, widthOf } from './layout.ts';
import { byRule, manifestsWords, placeOf, whereWords } from './lint-words.ts';
import { createStyle, type RenderOptions, type Style } from './style.ts';
import { originWords } from './words.ts';

export interface LintTerminalOptions extends RenderOptions {
  top?: number;
  full?: boolean;
}

// The first of a rule say what it is; the others are the same elsewhere.
const MAX_INFO_PLACES = 3;
const MAX_PROBLEMS = 5;
const MAX_ALTERNATIVES = 2;

/** What manifests alone tell, for a person at a terminal: what collides, where it stands, what to change. */
export function renderLintTerminal(diagnosis: Diagnosis, options: LintTerminalOptions): string {
  const style = createStyle(options);
  const full = options.full ?? false;
  const dear = diagnosis.findings.filter(({ severity }) => severity !== 'info');
  const shown = dear.slice(0, options.top ?? dear.length);
  const info = diagnosis.findings.filter(({ severity }) => severity === 'info');
  const sections: string[][] = [
    ...(shown.length === 0 ? [verdict(style, diagnosis)] : shown.map((finding) => findingLines(style, finding, full))),
    [
      ...(dear.length > shown.length
        ? labelled(style, 'not shown', plural(dear.length - shown.length, 'finding'))
        : []),
      ...(full
        ? info.flatMap((finding) => [...findingLines(style, finding, true), ''])
        : byRule(info).flatMap((group) => infoLines(style, group))),
    ],
    [
      ...problemLines(style, diagnosis.manifests, full),
      ...(diagnosis.manifests === undefined ? [] : labelled(style, 'read', manifestsWords(diagnosis.manifests))),
      ...suppressedLines(style, diagnosis.manifests, full),
      ...ruledOut(style, diagnosis, full),
      ...(shown.some(({ fix }) => fix.some(({ edits }) => edits !== undefined))
        ? labelled(style, 'to change it', 'kubelag lint --fix … shows a diff; --apply writes it')
        : []),
      ...(diagnosis.findings.length > 0 && !full ? labelled(style, 'more', '--full, kubelag rules RULE') : []),
    ],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n').trimEnd())
    .join('\n\n')}\n`;
}

function verdict({ paint, clean, width }: Style, { verdict: { status, says } }: Diagnosis): string[] {
  const color = status === 'insufficient' ? paint.yellow : paint.green;
  return wrap(clean(says), width - 2).map((line) => `  ${paint.bold(color(line))}`);
}

function findingLines(style: Style, finding: Finding, full: boolean): string[] {
  const { paint, clean } = style;
  const place = placeOf(finding);
  const [fix, ...others] = finding.fix;
  return [
    // Here all of them are predicted.
    ...headline(style, { ...finding, basis: 'observed' }),
    `  ${paint.dim(clean(`${place === null ? '' : `${whereWords(place)}  `}${finding.rule}`))}`,
    '',
    ...quotes(style, finding),
    ...collide(style, finding),
    ...labelled(style, finding.confidence, clean(finding.confidenceBecause)),
    ...(finding.assumed ?? []).flatMap((one, index) => labelled(style, index === 0 ? 'assumed' : '', clean(one))),
    ...(full ? labelled(style, finding.severity, clean(finding.severityBecause)) : []),
    ...(fix === undefined ? [] : labelled(style, 'change', clean(`${fix.title} (${fix.target})`))),
    ...others
      .slice(0, full ? others.length : MAX_ALTERNATIVES)
      .flatMap(({ title }) => labelled(style, 'or', clean(title))),
    ...(full && fix !== undefined ? labelled(style, 'undo', clean(fix.rollback)) : []),
  ];
}

/** Lines of manifests as they stand, with file and line. */
function quotes(style: Style, finding: Finding): string[] {
  const { paint, clean } = style;
  const places = finding.evidence.flatMap(({ says, place }) => (place === undefined ? [] : [{ says, place }]));
  const heads = places.map(({ place }) => clean(`${place.file === '-' ? 'standard input' : place.file}:${place.line}`));
  const column = Math.max(0, ...heads.map(widthOf)) + 2;
  return [
    ...places.map(
      ({ says, place }, index) =>
        `    ${paint.dim(padEnd(heads[index] as string, column))}${paint.cyan(clean(place.quote))}   ${paint.dim(clean(says))}`,
    ),
    ...(places.length === 0 ? [] : ['']),
  ];
}

const collide = (style: Style, finding: Finding): string[] =>
  finding.because.flatMap((setting, index) =>
    labelled(
      style,
      index === 0 ? 'collide' : '',
      style.clean(`${setting.component}: ${settingWords(setting)} (${originWords(setting)})`),
    ),
  );

const settingWords = ({ setting, value }: Finding['because'][number]): string =>
  value === '' || value === 'on' || setting === value ? setting : `${setting}: ${value}`;

function infoLines(style: Style, group: readonly Finding[]): string[] {
  const { clean } = style;
  const [first] = group as [Finding];
  const more = group.length - 1;
  const places = group
    .slice(1, 1 + MAX_INFO_PLACES)
    .map(({ subject }) => subject.name)
    .join(', ');
  const rest = more > MAX_INFO_PLACES ? ` and ${formatCount(more - MAX_INFO_PLACES)} more` : '';
  const also = more === 0 ? '' : `; also ${places}${rest}`;
  return labelled(style, 'worth knowing', clean(`${first.says}${also} (${first.confidence}, ${first.rule})`));
}

function problemLines(style: Style, manifests: ManifestsRow | undefined, full: boolean): string[] {
  if (manifests === undefined) return [];
  const shown = full ? manifests.problems : manifests.problems.slice(0, MAX_PROBLEMS);
  const more = manifests.problems.length - shown.length;
  return [
    ...shown.flatMap(({ file, line, says }, index) =>
      labelled(
        style,
        index === 0 ? 'not read' : '',
        style.clean(`${file === '-' ? 'standard input' : file}:${line}: ${says}`),
      ),
    ),
    ...(more > 0 ? labelled(style, '', `${formatCount(more)} more with --full`) : []),
    ...manifests.leftOut.flatMap((one) => labelled(style, 'left out', style.clean(one))),
  ];
}

function suppressedLines(style: Style, manifests: ManifestsRow | undefined, full: boolean): string[] {
  const all = manifests?.suppressed ?? [];
  if (all.length === 0) return [];
  if (!full) return labelled(style, 'suppressed', plural(all.length, 'finding'));
  return all.flatMap(({ rule, object, because }, index) =>
    labelled(style, index === 0 ? 'suppressed' : '', style.clean(`${rule} of ${object}: ${because}`)),
  );
}

const ruledOut = (style: Style, { ruledOut: all }: Diagnosis, full: boolean): string[] => {
  if (all.length === 0) return [];
  if (full) {
    return all.flatMap(({ rule, says }, index) =>
      labelled(style, index === 0 ? 'ruled out' : '', style.clean(`${rule}: ${says}`)),
    );
  }
  return labelledLines(
    style,
    'ruled out',
    wrap(style.clean(all.map(({ rule }) => rule).join(' · ')), style.width - 17),
  );
};
