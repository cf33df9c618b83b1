import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as yaml from 'yaml';
import type { Diagnosis } from '../../src/model/diagnosis.ts';
import { problemsOf } from '../../src/model/testing/validate.ts';
import { jsonSchema } from '../../src/report/schema.ts';
import { deployment } from '../../src/rules/support/testing/cluster-of.ts';
import { kubelag } from '../support/kubelag.ts';

const RULE = 'dns-setting-ignored';
const REOPEN = 'dnsConfig:\n  options:\n    - name: single-request-reopen';
const GRPC = 'ports:\n  - {name: grpc, containerPort: 50051}';
const BAD = deployment({ image: 'python:3.11-slim', pod: REOPEN, container: GRPC }).replace('  namespace: prod\n', '');

const container = (lines: string): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: orders}\nspec:\n  template:\n    spec:\n      containers:\n        - name: orders\n${lines.replace(/^/gm, '          ')}\n`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-overlays-'));
  write('base/kustomization.yaml', 'resources: [orders.yaml]\n');
  write('base/orders.yaml', BAD);
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const overlay = (name: string, more = ''): void =>
  write(`overlays/${name}/kustomization.yaml`, `namespace: ${name}\nresources:\n  - ../../base\n${more}`);

async function linted(...named: string[]): Promise<Diagnosis> {
  const paths = (named.length === 0 ? ['.'] : named).map((path) => join(folder, path));
  const { io } = await kubelag(['lint', ...paths, '--format', 'json']);
  const diagnosis = JSON.parse(io.out) as Diagnosis;
  return diagnosis;
}
const ofRule = ({ findings }: Diagnosis, rule = RULE) => findings.filter((finding) => finding.rule === rule);
const placesOf = (diagnosis: Diagnosis, rule = RULE): string[] =>
  ofRule(diagnosis, rule).flatMap(({ evidence }) =>
    evidence.flatMap(({ place }) => (place === undefined ? [] : `${place.file.replace(`${folder}/`, '')}:${place.line}`)),
  ); // prettier-ignore
const problems = ({ manifests }: Diagnosis): string[] =>
  (manifests?.problems ?? []).map(({ file, line, says }) => `${file.replace(`${folder}/`, '')}:${line}: ${says}`);

describe('overlays', () => {
  it('tell once what all of them have of their base, at its line, and not the base by itself', async () => {
    overlay('dev');
    overlay('prod');
    const diagnosis = await linted();
    expect(problemsOf(jsonSchema(), diagnosis)).toEqual([]);
    expect(ofRule(diagnosis)).toMatchObject([
      {
        says: 'Deployment dev/orders sets single-request-reopen, which gRPC (c-ares) ignores (overlays dev, prod)',
        overlays: [
          { kustomization: join(folder, 'overlays/dev'), object: 'Deployment dev/orders' },
          { kustomization: join(folder, 'overlays/prod'), object: 'Deployment prod/orders' },
        ],
      },
    ]);
    expect(placesOf(diagnosis)).toEqual(['base/orders.yaml:14', 'base/orders.yaml:19']);
    expect(diagnosis.manifests).toMatchObject({ workloads: 2, problems: [], outside: [] });
  });

  it('are judged as they are built: a patch mends one, and another has a setting of its own', async () => {
    overlay('dev', 'patches:\n  - path: patch.yaml\n');
    write('overlays/dev/patch.yaml', container('env: [{name: GRPC_DNS_RESOLVER, value: native}]'));
    overlay(
      'prod',
      `patches:\n  - patch: |-\n${container('resources: {limits: {cpu: 200m}}').replace(/^/gm, '      ')}`,
    );
    const diagnosis = await linted();
    expect(ofRule(diagnosis).map(({ says }) => says)).toEqual([expect.stringContaining('(overlay prod)')]);
    // What one of them has is ruled out nowhere; what none has is said once.
    const ruledOut = diagnosis.ruledOut.map(({ rule }) => rule);
    expect(ruledOut).not.toContain(RULE);
    expect(new Set(ruledOut).size).toBe(ruledOut.length);
    // The line of an inline patch.
    expect(placesOf(diagnosis, 'cpu-throttling')).toEqual(['overlays/prod/kustomization.yaml:14']);
  });

  it('take their image, their replicas and their ConfigMaps from the kustomization', async () => {
    overlay('dev', 'images: [{name: python, newName: golang, newTag: "1.22"}]\n');
    overlay('prod', 'images:\n  - name: python\n    newTag: 3.12-slim\n');
    const diagnosis = await linted();
    expect(placesOf(diagnosis, 'dns-race').filter((place) => place.startsWith('overlays'))).toEqual([
      'overlays/prod/kustomization.yaml:6',
    ]);
  });

  it('do not take the patches of a component that none of them takes in for objects', async () => {
    overlay('prod');
    await kubelag(['lint', folder, '--fix', '--patch-dir', join(folder, 'patches')]);
    const diagnosis = await linted();
    expect(diagnosis.manifests?.workloads).toBe(1);
    expect(problems(diagnosis)).toEqual([expect.stringContaining('a component that no kustomization here takes in')]);
  });

  it('say what was read outside of the folder that was named', async () => {
    overlay('prod');
    const { manifests, findings } = await linted('overlays/prod');
    expect(manifests?.outside).toEqual([join(folder, 'base')]);
    expect(findings.length).toBeGreaterThan(0);
    expect((await linted('overlays/prod/kustomization.yaml')).findings).toEqual(findings);
    const { io } = await kubelag(['lint', join(folder, 'overlays/prod')]);
    expect(io.out.replace(/\s+/g, ' ')).toContain('from outside of what was named:');
  });

  it('are told by a baseline each: an overlay that is new has a finding that is new', async () => {
    overlay('dev');
    const baseline = join(folder, 'baseline.json');
    await kubelag(['lint', folder, '--write-baseline', baseline]);
    expect((await kubelag(['lint', folder, '--baseline', baseline])).status).toBe(0);
    overlay('prod');
    const { status, io } = await kubelag(['lint', folder, '--baseline', baseline]);
    expect(status).toBe(1);
    expect(io.out).toContain('(overlay prod)');
    await kubelag(['lint', folder, '--write-baseline', baseline]);
    expect((await kubelag(['lint', folder, '--baseline', baseline])).status).toBe(0);
  });

  it('of several programs stand together where they are called the same', async () => {
    write('base/orders.yaml', deployment().replace('  namespace: prod\n', ''));
    for (const name of ['dev', 'prod']) {
      overlay(name);
      write(`pay/overlays/${name}/kustomization.yaml`, `namespace: ${name}\nresources: [../../base]\n`);
    }
    write('pay/base/kustomization.yaml', 'resources: [pay.yaml]\n');
    write('pay/base/pay.yaml', BAD.replaceAll('orders', 'pay'));
    const { manifests, findings } = await linted();
    expect(manifests?.kustomizations).toHaveLength(4);
    expect(findings.find(({ rule }) => rule === RULE)?.overlays).toHaveLength(2);
  });

  it.each([
    ['a file that is not there', 'resources: [gone.yaml]\n', /^kustomization\.yaml:1: gone\.yaml: no such file or folder$/],
    ['what is remote', 'resources:\n  - https://example.com/a.yaml\n', /:2: https:\/\/example\.com\/a\.yaml is remote and was not read/],
    ['a repository', 'resources:\n  - github.com/org/repo//base?ref=v1\n', /:2: .* is remote and was not read/],
    ['a file outside of its folder', 'resources: [../secret.yaml]\n', /outside of its kustomization's folder/],
    ['itself', 'resources: [.]\n', /leads back/],
    ['charts', 'helmCharts:\n  - name: redis\n', /:1: helmCharts are not applied here; build it first/],
    ['text that is no YAML', 'resources: [\n', /kustomization\.yaml:\d: /],
    ['a patch of what is not there', 'resources: [a]\npatches:\n  - patch: |-\n      kind: Deployment\n      apiVersion: apps/v1\n      metadata: {name: x}\n', /:4: is a patch of Deployment x, which is not there/],
    ['a JSON patch into nothing', 'resources: [a]\npatches:\n  - target: {kind: Deployment}\n    patch: |-\n      - {op: replace, path: /spec/a/b, value: 1}\n', /:5: changes a, which is not there/],
  ])('say it of %s, and the rest is read', async (_, text, says) => {
    rmSync(join(folder, 'base'), { recursive: true });
    write('secret.yaml', BAD);
    write('k/kustomization.yaml', text);
    write('k/a/kustomization.yaml', 'resources: [b.yaml]\n');
    write('k/a/b.yaml', BAD);
    const diagnosis = await linted('k');
    expect(problems(diagnosis).map((problem) => problem.replace('k/', ''))).toContainEqual(expect.stringMatching(says));
    expect(ofRule(diagnosis)).toHaveLength(1);
  }); // prettier-ignore

  it('do not grow without end where each takes the next in twice', async () => {
    for (let level = 0; level < 20; level++) {
      write(`n${level}/kustomization.yaml`, `resources: [../n${level + 1}, ../n${level + 1}]\n`);
    }
    write('n20/kustomization.yaml', 'resources: [orders.yaml]\n');
    write('n20/orders.yaml', BAD);
    expect((await linted('n0')).manifests?.kustomizations).toHaveLength(1);
  });

  it('follow no link out of their folder', async () => {
    write('away/secret.yaml', BAD);
    write('k/kustomization.yaml', 'resources: [link.yaml]\n');
    symlinkSync(join(folder, 'away/secret.yaml'), join(folder, 'k/link.yaml'));
    expect(problems(await linted('k'))).toEqual([expect.stringContaining('outside')]);
  });
});

const hasKubectl = spawnSync('kubectl', ['kustomize', '--help']).status === 0;
const built = (name: string): unknown[] =>
  yaml
    .parseAllDocuments(execFileSync('kubectl', ['kustomize', join(folder, name)], { encoding: 'utf8' }))
    .map((one) => one.toJS() as unknown);
const resolverOf = (name: string): unknown =>
  JSON.stringify(built(name)).match(/"name":"GRPC_DNS_RESOLVER","value":"(\w+)"/)?.[1];

const apply = async (...paths: string[]): Promise<string> => {
  const { io } = await kubelag(['lint', ...paths.map((path) => join(folder, path)), '--apply']);
  return io.out.replaceAll(`${folder}/`, '');
};

describe.skipIf(!hasKubectl)('fix writes into overlays (as kubectl kustomize builds them)', () => {
  it('the base where all that is built of it needs the change', async () => {
    overlay('dev');
    overlay('prod');
    const before = read('overlays/prod/kustomization.yaml');
    expect(await apply('.')).toContain('where   base/orders.yaml (of overlays/dev, overlays/prod, which all need it)');
    expect([resolverOf('overlays/dev'), resolverOf('overlays/prod')]).toEqual(['native', 'native']);
    expect(read('overlays/prod/kustomization.yaml')).toBe(before);
    expect(ofRule(await linted())).toEqual([]);
  });

  it('the overlay where another of the same base does not need it', async () => {
    overlay('dev');
    overlay('prod', 'patches:\n  - target: {kind: Deployment}\n    path: ../../base/none.yaml\n');
    write('overlays/prod/kustomization.yaml', 'namePrefix: p-\nresources: [../../base]\npatches:\n  - path: cpu.yaml\n');
    write('overlays/prod/cpu.yaml', container('env:\n  - {name: GRPC_DNS_RESOLVER, value: ares}'));
    overlay('go', 'images: [{name: python, newName: golang}]\npatches:\n  - path: p.yaml\n');
    write('overlays/go/p.yaml', container('env: [{name: GRPC_DNS_RESOLVER, value: native}]'));
    const go = built('overlays/go');
    const base = read('base/orders.yaml');
    const out = await apply('.');
    expect(out).toContain('overlays/dev/kustomization.yaml, as a patch of its own: a change of base/orders.yaml would reach overlays/go');
    expect(read('overlays/prod/cpu.yaml')).toContain('{name: GRPC_DNS_RESOLVER, value: native}');
    expect(read('base/orders.yaml')).toBe(base);
    expect([resolverOf('overlays/dev'), resolverOf('overlays/prod')]).toEqual(['native', 'native']);
    expect(built('overlays/go')).toEqual(go);
    expect(ofRule(await linted())).toEqual([]);
  }); // prettier-ignore

  it('only the overlay where that alone was named', async () => {
    overlay('prod');
    const base = read('base/orders.yaml');
    await apply('overlays/prod');
    expect(read('base/orders.yaml')).toBe(base);
    expect(resolverOf('overlays/prod')).toBe('native');
    expect(ofRule(await linted('overlays/prod'))).toEqual([]);
  });

  it('a value where it stands: in a patch of JSON, in an inline patch, in a literal of a ConfigMap', async () => {
    overlay('json', `patches:\n  - target: {kind: Deployment}\n    patch: |-\n      - op: add\n        path: /spec/template/spec/containers/0/env\n        value:\n          - name: GRPC_DNS_RESOLVER\n            value: "ares" # as it was\n`);
    overlay('inline', `patches:\n  - patch: |-\n${container('env:\n  - name: GRPC_DNS_RESOLVER\n    value: ares').replace(/^/gm, '      ')}`);
    overlay('literal', `configMapGenerator:\n  - name: env\n    literals:\n      - GRPC_DNS_RESOLVER=ares # as it was\ngeneratorOptions: {disableNameSuffixHash: true}\npatches:\n  - patch: |-\n${container('envFrom: [{configMapRef: {name: env}}]').replace(/^/gm, '      ')}`);
    const literal = read('overlays/literal/kustomization.yaml');
    const [json, inline] = [read('overlays/json/kustomization.yaml'), read('overlays/inline/kustomization.yaml')];
    await apply('.');
    expect(read('overlays/json/kustomization.yaml')).toBe(json.replace('"ares" #', '"native" #'));
    expect(read('overlays/inline/kustomization.yaml')).toBe(inline.replace('value: ares', 'value: native'));
    expect(read('overlays/literal/kustomization.yaml')).toBe(literal.replace('=ares #', '=native #'));
    expect([resolverOf('overlays/json'), resolverOf('overlays/inline')]).toEqual(['native', 'native']);
  }); // prettier-ignore

  it('patches for each overlay, by the names that it gives', async () => {
    overlay('dev');
    overlay('prod');
    const patches = join(folder, 'patches');
    await kubelag(['lint', folder, '--fix', '--patch-dir', patches]);
    expect(readFileSync(join(patches, 'deployment-prod-orders.yaml'), 'utf8')).toContain('orders -n prod');
    expect(readFileSync(join(patches, 'deployment-dev-orders.yaml'), 'utf8')).toContain('orders -n dev');
  });
});
