import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv, type AnySchemaObject } from 'ajv';
import { XMLParser } from 'fast-xml-parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployment } from '../src/rules/support/testing/cluster-of.ts';
import { kubelag } from './support/kubelag.ts';

/** The schema of SARIF 2.1.0 as OASIS published it (docs.oasis-open.org/sarif/sarif/v2.1.0). */
const SCHEMA = JSON.parse(
  readFileSync(join(import.meta.dirname, 'schemas/sarif-2.1.0.json'), 'utf8'),
) as AnySchemaObject;

/** RFC 3986: no spaces and no signs that must be escaped. */
const URI_REFERENCE = /^(?:[\w.~:/?#[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*$/;

const validate = new Ajv({
  strict: false,
  allErrors: true,
  // One of its patterns has a bracket too many, which only the older rules take.
  unicodeRegExp: false,
  formats: { 'uri-reference': URI_REFERENCE, uri: URI_REFERENCE, 'date-time': true },
}).compile(SCHEMA);

const problems = (text: string): string[] =>
  validate(JSON.parse(text)) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);

/** What Jenkins' schema of JUnit's XML (xunit-plugin, junit-10.xsd) lets stand in each element. */
const JUNIT: Readonly<Record<string, { attributes: string[]; required: string[]; children: string[] }>> = {
  testsuites: { attributes: ['name', 'time', 'tests', 'failures', 'errors'], required: [], children: ['testsuite'] },
  testsuite: {
    attributes: ['name', 'tests', 'failures', 'errors', 'skipped', 'time', 'timestamp'],
    required: ['name', 'tests', 'failures', 'errors'],
    children: ['properties', 'testcase', 'system-out', 'system-err'],
  },
  testcase: {
    attributes: ['name', 'time', 'classname', 'group'],
    required: ['name'],
    children: ['skipped', 'error', 'failure', 'system-out', 'system-err'],
  },
  failure: { attributes: ['type', 'message'], required: [], children: [] },
  error: { attributes: ['type', 'message'], required: [], children: [] },
  skipped: { attributes: ['type', 'message'], required: [], children: [] },
  'system-out': { attributes: [], required: [], children: [] },
};

type Element = Record<string, unknown> & { ':@'?: Record<string, string> };

function junitProblems(elements: readonly Element[], allowed = ['testsuites']): string[] {
  return elements.flatMap((element) => {
    const name = Object.keys(element).find((key) => key !== ':@') ?? '';
    if (name === '#text' || name === '?xml') return [];
    const rules = JUNIT[name];
    if (rules === undefined || !allowed.includes(name)) return [`${name} stands where it must not`];
    const attributes = Object.keys(element[':@'] ?? {}).map((key) => key.slice(2));
    return [
      ...attributes.filter((key) => !rules.attributes.includes(key)).map((key) => `${name} has ${key}`),
      ...rules.required.filter((key) => !attributes.includes(key)).map((key) => `${name} lacks ${key}`),
      ...junitProblems(element[name] as Element[], rules.children),
    ];
  });
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-sarif-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const BAD = deployment({
  image: 'python:3.11-slim',
  pod: 'dnsConfig:\n  options:\n    - name: single-request-reopen',
  container: 'ports:\n  - {name: grpc, containerPort: 50051}',
});

const CASES = [
  ['findings with lines, and what could not be read', `${BAD}---\nkind: Pod\napiVersion: v1\nmetadata: [\n`],
  ['nothing found', deployment()],
  ['no manifest at all', 'a: 1\n'],
  ['a name that is no name', BAD.replaceAll('name: orders', 'name: "a b/ü%\\u001b"')],
] as const;

describe('what CI reads is as its schema has it', () => {
  it.each(CASES)('%s', async (name, text) => {
    const file = join(folder, `${name} #ü%.yaml`);
    writeFileSync(file, text);
    expect(problems((await kubelag(['lint', file, '--format', 'sarif'])).io.out)).toEqual([]);
    const xml = (await kubelag(['lint', file, '--format', 'junit'])).io.out;
    const elements = new XMLParser({ ignoreAttributes: false, preserveOrder: true }).parse(xml) as Element[];
    expect(junitProblems(elements)).toEqual([]);
    expect(elements.length).toBeGreaterThan(0);
  });

  it('of standard input', async () => {
    const { io } = await kubelag(['lint', '-', '--format', 'sarif'], { stdin: BAD });
    expect(problems(io.out)).toEqual([]);
  });

  it('is refused by the schema where it is wrong', () => {
    expect(problems('{"version": "2.1.0", "runs": [{"tool": {"driver": {}}}]}')).not.toEqual([]);
    expect(
      problems(
        '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [{"message": {"text": "x"}, "level": "bad"}]}]}',
      ),
    ).not.toEqual([]);
  });
});
