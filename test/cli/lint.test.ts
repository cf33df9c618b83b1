import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Diagnosis } from '../../src/model/diagnosis.ts';
import { problemsOf } from '../../src/model/testing/validate.ts';
import { services } from '../../src/cli/services.ts';
import { jsonSchema } from '../../src/report/schema.ts';
import { deployment } from '../../src/rules/support/testing/cluster-of.ts';
import { kubelag, oneLine } from '../support/kubelag.ts';

const REOPEN = 'dnsConfig:\n  options:\n    - name: single-request-reopen # against the 5 s';
const GRPC = 'ports:\n  - {name: grpc, containerPort: 50051}';
const BAD = deployment({ image: 'python:3.11-slim', pod: REOPEN, container: GRPC });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-lint-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string): string => {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
};

describe('lint', () => {
  it('exits with what it found', async () => {
    const bad = write('bad.yaml', BAD);
    const found = await kubelag(['lint', bad]);
    expect(found.status).toBe(1);
    expect(found.io.out).toContain('Deployment prod/orders sets single-request-reopen, which gRPC (c-ares) ignores');
    expect(found.io.out).toContain('- name: single-request-reopen # against the 5 s');
    expect((await kubelag(['lint', bad, '--fail-on', 'major'])).status).toBe(0);
    expect((await kubelag(['lint', write('good.yaml', deployment())])).status).toBe(0);
    expect((await kubelag(['lint', write('none.yaml', 'a: 1\n')])).status).toBe(3);
    const missing = await kubelag(['lint', join(folder, 'missing.yaml')]);
    expect(missing.status).toBe(2);
    expect(missing.io.err).toMatch(oneLine);
  });

  it('says what could not be read, and judges the rest', async () => {
    const bad = write('bad.yaml', `${BAD}---\napiVersion: v1\nkind: Pod\nmetadata: [\n`);
    const { status, io } = await kubelag(['lint', bad]);
    expect(status).toBe(1);
    expect(io.out).toMatch(/not read .*bad\.yaml:\d+: /s);
  });

  it('writes results that keep the contract', async () => {
    const { io } = await kubelag(['lint', write('bad.yaml', BAD), '--format', 'json']);
    const diagnosis = JSON.parse(io.out) as Diagnosis;
    expect(problemsOf(jsonSchema(), diagnosis)).toEqual([]);
    expect(diagnosis.findings.map(({ rule, basis }) => [rule, basis])).toContainEqual([
      'dns-setting-ignored',
      'predicted',
    ]);
    expect(diagnosis.findings.every(({ confidence }) => confidence !== 'certain')).toBe(true);
  });

  it('writes for code scanning, for CI servers and for GitHub', async () => {
    const bad = write('bad.yaml', BAD);
    const sarif = JSON.parse((await kubelag(['lint', bad, '--format', 'sarif'])).io.out) as {
      runs: [
        {
          results: {
            ruleId: string;
            ruleIndex: number;
            level: string;
            locations: { physicalLocation: { region: { startLine: number } } }[];
          }[];
          tool: { driver: { rules: { id: string }[] } };
        },
      ];
    };
    const [run] = sarif.runs;
    const result = run.results.find(({ ruleId }) => ruleId === 'dns-setting-ignored');
    expect(result).toMatchObject({
      level: 'warning',
      locations: [{ physicalLocation: { region: { startLine: 15 } } }],
    });
    expect(run.tool.driver.rules[result?.ruleIndex ?? -1]?.id).toBe('dns-setting-ignored');

    const junit = new XMLParser({ ignoreAttributes: false }).parse(
      (await kubelag(['lint', bad, '--format', 'junit'])).io.out,
    ) as {
      testsuites: { testsuite: { '@_failures': string; testcase: { '@_name': string; failure?: object }[] } };
    };
    const { testsuite } = junit.testsuites;
    expect(testsuite['@_failures']).toBe('1');
    expect(testsuite.testcase.find((one) => one['@_name'] === 'dns-setting-ignored')?.failure).toBeDefined();

    const github = (await kubelag(['lint', bad, '--format', 'github'])).io.out;
    expect(github).toMatch(
      /^::warning file=.*bad\.yaml,line=15,col=19,title=dns-setting-ignored::Deployment prod\/orders/m,
    );
    expect((await kubelag(['lint', bad, '--format', 'markdown'])).io.out).toContain('dns-setting-ignored');
  });

  it('keeps what a manifest holds from driving a terminal or a format', async () => {
    const evil = BAD.replaceAll('name: orders', 'name: "orders\\u001b[31m\\n::error::x <b>&"');
    const path = write('evil.yaml', evil);
    for (const format of ['terminal', 'sarif', 'junit', 'github', 'markdown']) {
      const { io } = await kubelag(['lint', path, '--format', format]);
      // oxlint-disable-next-line no-control-regex
      expect(io.out, format).not.toMatch(/\u001b/);
      expect(io.out, format).not.toMatch(/^::error::x/m);
    }
    const xml = (await kubelag(['lint', path, '--format', 'junit'])).io.out;
    expect(() => new XMLParser().parse(xml, true) as unknown).not.toThrow();
  });

  it('is silent where a comment says why, until its day', async () => {
    const line = '          - name: single';
    const comment = (text: string): string =>
      write('a.yaml', BAD.replace(line, `          # kubelag-ignore dns-setting-ignored${text}\n${line}`));
    const said = await kubelag(['lint', comment(': all nodes run 6.1 until 2026-12-31')]);
    expect(said.status).toBe(0);
    expect(said.io.out).toContain('suppressed');
    const over = await kubelag(['lint', comment(': all nodes run 6.1 until 2026-11-24')]);
    expect(over.status).toBe(1);
    expect(over.io.out).toMatch(/ended\s+on\s+2026-11-24/);
    const bare = await kubelag(['lint', comment('')]);
    expect(bare.status).toBe(1);
    expect(bare.io.out).toMatch(/gives\s+no\s+reason/);
    const whole = write('b.yaml', `# kubelag-ignore *: a demonstration\n${BAD}`);
    expect((await kubelag(['lint', whole])).status).toBe(0);
    const other = write('c.yaml', `# kubelag-ignore dns-race: another rule\n${BAD}`);
    expect((await kubelag(['lint', other])).status).toBe(1);
  });

  it('is silent where kubelag.yaml says why', async () => {
    const bad = write('k8s/bad.yaml', BAD);
    const settings = (lines: string): string => write('kubelag.yaml', `ignore:\n  - ${lines}\n`);
    const lint = async (lines: string) => (await kubelag(['lint', bad, '--config', settings(lines)])).status;
    expect(await lint('rule: dns-setting-ignored\n    reason: nodes run 6.1')).toBe(0);
    expect(await lint('{rule: "dns-*", object: Deployment prod/orders, path: "*/k8s/*", reason: x}')).toBe(0);
    expect(await lint('{rule: "dns-*", object: Deployment prod/other, reason: x}')).toBe(1);
    expect(await lint('{rule: dns-setting-ignored, reason: x, until: 2026-11-24}')).toBe(1);
    expect(await lint('{rule: dns-setting-ignored}')).toBe(2);
    expect(await lint('{rule: dns-setting-ignored, reason: x, until: soon}')).toBe(2);
  });

  it('reports only what is new beside a baseline', async () => {
    const bad = write('bad.yaml', BAD);
    const baseline = join(folder, 'baseline.json');
    expect((await kubelag(['lint', bad, '--write-baseline', baseline])).status).toBe(1);
    writeFileSync(bad, `# one line more\n${BAD}`);
    expect((await kubelag(['lint', bad, '--baseline', baseline])).status).toBe(0);
    const more = write('more.yaml', BAD.replaceAll('orders', 'payments'));
    expect((await kubelag(['lint', bad, more, '--baseline', baseline])).status).toBe(1);
    writeFileSync(baseline, '{}');
    expect((await kubelag(['lint', bad, '--baseline', baseline])).status).toBe(2);
  });
});

describe('lint --fix', () => {
  it('prints a diff, and changes nothing', async () => {
    const bad = write('bad.yaml', BAD);
    const { status, io } = await kubelag(['lint', bad, '--fix']);
    expect(status).toBe(1);
    expect(io.out).toContain('+          env:\n+            - name: GRPC_DNS_RESOLVER\n+              value: native\n');
    expect(io.out).toMatch(/^# {4}undo {4}kubectl rollout undo deployment\/orders -n prod$/m);
    expect(readFileSync(bad, 'utf8')).toBe(BAD);
  });

  it('applies it, after which lint is silent and nothing is left to do', async () => {
    const bad = write('bad.yaml', BAD.replaceAll('\n', '\r\n'));
    expect((await kubelag(['lint', bad, '--apply'])).status).toBe(0);
    const after = readFileSync(bad, 'utf8');
    expect(after.replaceAll('\r\n', '')).not.toContain('\n');
    expect(after).toContain('# against the 5 s\r\n');
    expect((await kubelag(['lint', bad])).status).toBe(0);
    expect((await kubelag(['lint', bad, '--fix'])).io.out).toBe('');
    expect(readdirSync(folder)).toEqual(['bad.yaml']);
  });

  it('writes patches for kustomize', async () => {
    const patches = join(folder, 'patches');
    await kubelag(['lint', write('bad.yaml', BAD), '--patch-dir', patches]);
    expect(readdirSync(patches).toSorted()).toEqual(['deployment-prod-orders.yaml', 'kustomization.yaml']);
    expect(readFileSync(join(patches, 'deployment-prod-orders.yaml'), 'utf8'))
      .toBe(`# kubectl patch deployment orders -n prod --patch-file deployment-prod-orders.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
  namespace: prod
spec:
  template:
    spec:
      containers:
        - name: orders
          env:
            - name: GRPC_DNS_RESOLVER
              value: native
`);
    expect((await kubelag(['lint', join(folder, 'bad.yaml'), '--patch-dir', patches])).status).toBe(2);
  });

  it('says what to set in a chart, whose rendered text it cannot change', async () => {
    const text = `---\n# Source: orders/templates/deployment.yaml\n${BAD}`;
    const { io, status } = await kubelag(['lint', '-', '--fix', '--helm'], { stdin: text });
    expect(status).toBe(1);
    expect(io.out).toContain('not made  it was read from standard input');
    expect(io.out).toContain('chart orders, templates/deployment.yaml');
    expect(existsSync(join(folder, 'bad.yaml'))).toBe(false);
  });
});

describe('fix without a change', () => {
  // Read as it is: 10.244.1.7, which waits, is no workload of these manifests.
  const race = join(import.meta.dirname, '../../examples/glibc-race.pcap');
  const healthy = join(import.meta.dirname, '../../examples/healthy.pcap');
  const real = { analyze: services.analyze };

  it('says that these manifests hold none, and what helps', async () => {
    const { status, io } = await kubelag(['fix', race, '-m', write('k8s.yaml', deployment()), '--quiet'], real);
    expect([status, io.out]).toEqual([0, '']);
    expect(io.err).toMatch(oneLine);
    expect(io.err).toMatch(
      /5 of 35 lookups waited .*: these manifests hold nothing to change for it; what helps: single-/,
    );
  });

  it('says that none is needed only where nothing is found', async () => {
    const { io } = await kubelag(['fix', healthy, '-m', write('k8s.yaml', deployment()), '--quiet'], real);
    expect(io.err).toMatch(/no DNS lookup is slow.*: no change of a manifest is needed/);
  });
});
