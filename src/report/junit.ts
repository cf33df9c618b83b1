import { printable } from '../base/text.ts';
import type { Diagnosis, Finding } from '../model/diagnosis.ts';
import { placeOf, whereWords } from './lint-words.ts';

/**
 * JUnit's XML as CI servers read it: a test for each rule; it fails where something above `info`
 * was found, and passes where the cause was ruled out.
 */
export function renderJunit(diagnosis: Diagnosis): string {
  const rules = [
    ...new Set([...diagnosis.findings, ...diagnosis.ruledOut, ...diagnosis.unobservable].map(({ rule }) => rule)),
  ];
  const cases = rules.map((rule) => {
    const found = diagnosis.findings.filter((finding) => finding.rule === rule);
    const failures = found.filter(({ severity }) => severity !== 'info');
    const skipped = diagnosis.unobservable.find((one) => one.rule === rule && found.length === 0);
    const ruledOut = diagnosis.ruledOut.find((one) => one.rule === rule);
    const inside = [
      ...failures.map((finding) => failure(finding)),
      ...(skipped === undefined || ruledOut !== undefined ? [] : [`      <skipped message="${escape(skipped.why)}"/>`]),
      ...found
        .filter(({ severity }) => severity === 'info')
        .map((finding) => `      <system-out>${escape(finding.says)}</system-out>`),
    ];
    const head = `    <testcase classname="kubelag" name="${escape(rule)}"`;
    return {
      failed: failures.length > 0,
      text: inside.length === 0 ? `${head}/>` : `${head}>\n${inside.join('\n')}\n    </testcase>`,
    };
  });
  const broken = (diagnosis.manifests?.problems ?? []).map(
    ({ file, line, says }) =>
      `    <testcase classname="kubelag" name="${escape(`read ${file}:${line}`)}">\n      <error message="${escape(says)}"/>\n    </testcase>`,
  );
  const failed = cases.filter((one) => one.failed).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite name="kubelag" tests="${cases.length + broken.length}" failures="${failed}" errors="${broken.length}">`,
    ...cases.map(({ text }) => text),
    ...broken,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function failure(finding: Finding): string {
  const place = placeOf(finding);
  const lines = [
    ...(place === null ? [] : [whereWords(place)]),
    ...finding.evidence.map(({ says }) => says),
    ...(finding.fix[0] === undefined ? [] : [`change: ${finding.fix[0].title}`]),
  ];
  return `      <failure type="${finding.severity}" message="${escape(finding.says)}">${lines.map(escape).join('\n')}</failure>`;
}

/** Text for XML: its signs escaped, and what XML 1.0 forbids replaced. */
const escape = (text: string): string =>
  printable(text)
    // Half a surrogate pair is no character.
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(/[\ufffe\uffff]/g, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
