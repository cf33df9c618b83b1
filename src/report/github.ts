import type { Diagnosis, Finding } from '../model/diagnosis.ts';
import { printable } from '../base/text.ts';
import { placeOf } from './lint-words.ts';

const COMMANDS: Readonly<Record<Finding['severity'], string>> = {
  critical: 'error',
  major: 'error',
  minor: 'warning',
  info: 'notice',
};

/**
 * Workflow commands of GitHub Actions, which become notes beside the lines
 * (docs.github.com/actions/reference/workflow-commands-for-github-actions).
 */
export function renderGithub(diagnosis: Diagnosis): string {
  const findings = diagnosis.findings.map((finding) => {
    const place = placeOf(finding);
    const where = place === null ? {} : { file: place.file, line: place.line, col: place.column };
    const change = finding.fix[0] === undefined ? '' : `\n${finding.fix[0].title}`;
    return command(COMMANDS[finding.severity], { ...where, title: finding.rule }, `${finding.says}${change}`);
  });
  const problems = (diagnosis.manifests?.problems ?? []).map(({ file, line, column, says }) =>
    command('warning', { file, line, col: column, title: 'not read' }, says),
  );
  return [...findings, ...problems].map((line) => `${line}\n`).join('');
}

const command = (name: string, properties: Readonly<Record<string, string | number>>, says: string): string =>
  `::${name} ${Object.entries(properties)
    .map(([key, value]) => `${key}=${escapeProperty(String(value))}`)
    .join(',')}::${escapeData(says)}`;

const escapeData = (text: string): string =>
  text
    .split('\n')
    .map((line) => printable(line).replaceAll('%', '%25'))
    .join('%0A');

const escapeProperty = (text: string): string =>
  printable(text).replaceAll('%', '%25').replaceAll(':', '%3A').replaceAll(',', '%2C');
