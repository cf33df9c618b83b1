import type { Diagnosis, Finding } from '../model/diagnosis.ts';
import { harmlessJson } from './json.ts';
import { placeOf, type PlaceRow } from './lint-words.ts';

const LEVELS: Readonly<Record<Finding['severity'], string>> = {
  critical: 'error',
  major: 'error',
  minor: 'warning',
  info: 'note',
};

/** SARIF 2.1.0 (OASIS), as code scanning takes it: results with their lines, rules once each. */
export function renderSarif(diagnosis: Diagnosis): string {
  const rules = [...new Map(diagnosis.findings.map(({ rule, title }) => [rule, title]))];
  return harmlessJson({
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: diagnosis.tool.name,
            version: diagnosis.tool.version,
            rules: rules.map(([id, title]) => ({
              id,
              shortDescription: { text: title },
              help: { text: `kubelag rules ${id}` },
            })),
          },
        },
        invocations: [
          {
            executionSuccessful: true,
            toolExecutionNotifications: (diagnosis.manifests?.problems ?? []).map(({ file, line, column, says }) => ({
              level: 'warning',
              message: { text: says },
              locations: [locationOf(file, line, column)],
            })),
          },
        ],
        results: diagnosis.findings.map((finding) => resultOf(finding, rules)),
      },
    ],
  });
}

function resultOf(finding: Finding, rules: readonly (readonly [string, string])[]): object {
  const place = placeOf(finding);
  const related = finding.evidence.flatMap(({ says, place: one }) =>
    one === undefined || one === place ? [] : [{ says, one }],
  );
  return {
    ruleId: finding.rule,
    ruleIndex: rules.findIndex(([id]) => id === finding.rule),
    level: LEVELS[finding.severity],
    message: { text: messageOf(finding) },
    locations: place === null ? captureOf(finding) : [located(place)],
    ...(related.length === 0
      ? {}
      : {
          relatedLocations: related.map(({ says, one }, id) => ({ id, message: { text: says }, ...located(one) })),
        }),
    // The same finding tomorrow, though its line moved.
    partialFingerprints: { 'kubelag/1': `${finding.rule}:${finding.subject.kind}:${finding.subject.name}` },
    properties: { severity: finding.severity, confidence: finding.confidence, basis: finding.basis },
  };
}

const messageOf = ({ says, fix }: Finding): string =>
  fix[0] === undefined ? says : `${says}. Change: ${fix[0].title}`;

const located = ({ file, line, column }: PlaceRow): object => locationOf(file, line, column);

const locationOf = (file: string, line: number, column: number): object => ({
  physicalLocation: {
    artifactLocation: { uri: uriOf(file) },
    region: { startLine: line, startColumn: column },
  },
});

/** A path as a URI reference: relative ones stay so, for whoever knows the root. */
const uriOf = (file: string): string =>
  file === '-' ? 'stdin' : file.replaceAll('\\', '/').split('/').map(encodeURIComponent).join('/');

/** What was seen in a capture has no line: it is about the capture. */
const captureOf = ({ subject }: Finding): object[] => [
  { logicalLocations: [{ name: subject.name, kind: subject.kind }] },
];
