import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clusterOf, deployment } from '../rules/support/testing/cluster-of.ts';
import type { Cluster } from '../model/workload.ts';
import { readManifests, type ReadOptions } from './read.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-manifests-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const write = (path: string, text: string): void => {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text);
};
const readOne = async (paths: readonly string[], options?: ReadOptions): Promise<Cluster> =>
  (await readManifests(paths, options)).environments[0]!.cluster;
const names = ({ workloads }: { workloads: readonly { kind: string; name: string }[] }): string[] =>
  workloads.map(({ kind, name }) => `${kind} ${name}`);

describe('readManifests', () => {
  it('reads a tree, but no hidden and foreign folders, and no chart before it is rendered', async () => {
    write('tree/a.yaml', deployment({ name: 'a' }));
    write('tree/deep/er/b.yml', deployment({ name: 'b' }));
    write(
      'tree/c.json',
      JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'c' }, spec: { containers: [] } }),
    );
    write('tree/.git/d.yaml', deployment({ name: 'd' }));
    write('tree/node_modules/e.yaml', deployment({ name: 'e' }));
    write('tree/package.json', '{"kind": 1}');
    write('tree/notes.txt', 'kind: no');
    write('tree/chart/Chart.yaml', 'apiVersion: v2\nname: x\n');
    write('tree/chart/templates/f.yaml', 'name: {{ .Values.name }}\n');
    const cluster = await readOne([join(folder, 'tree')]);
    expect(names(cluster)).toEqual(['Deployment a', 'Pod c', 'Deployment b']);
    expect(cluster.problems.map(({ says }) => says)).toEqual([expect.stringContaining('helm template')]);
  });

  it('reads standard input with the chart that it was rendered from', async () => {
    const text = `---\n# Source: orders/templates/deployment.yaml\n${deployment()}`;
    const cluster = await readOne(['-'], { stdin: Readable.from([text]) });
    expect(cluster.workloads[0]).toMatchObject({
      source: 'orders/templates/deployment.yaml',
      place: { file: '-', line: 6 },
    });
  });

  it('reads UTF-16 with its mark, in either order', async () => {
    const bytes = Buffer.from(`\ufeff${deployment({ name: 'a' })}`, 'utf16le');
    mkdirSync(join(folder, 'wide'), { recursive: true });
    writeFileSync(join(folder, 'wide/le.yaml'), bytes);
    writeFileSync(join(folder, 'wide/be.yaml'), Buffer.from(bytes).swap16());
    writeFileSync(join(folder, 'wide/odd.yaml'), Buffer.from([0xfe, 0xff, 0]));
    const cluster = await readOne([join(folder, 'wide')]);
    expect(names(cluster)).toEqual(['Deployment a', 'Deployment a']);
    expect(cluster.problems).toEqual([]);
  });

  it('says which path is not there', async () => {
    await expect(readManifests([join(folder, 'no.yaml')])).rejects.toThrow(/no such file/);
  });
});

const list = (text: string): string =>
  `apiVersion: v1\nkind: List\nitems:\n${text.replace(/^/gm, '  ').replace('  apiV', '- apiV')}`;

const podJson = (name: string, space?: number): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers: [] } }, null, space);

describe('manifests', () => {
  it('are read from JSON values one after the other, as jq writes them', async () => {
    for (const text of [
      `${podJson('a')}\n${podJson('b')}\n`,
      `${podJson('a', 2)}\n\n${podJson('b', 2)}`,
      `${podJson('a', 2)}\n---\n${podJson('b')}\n`,
    ]) {
      const { workloads, problems } = await clusterOf({ file: 'a.json', text });
      expect(problems).toEqual([]);
      expect(workloads.map(({ name, place }) => [name, place.line])).toEqual([
        ['a', text.slice(0, text.indexOf('"a"')).split('\n').length],
        ['b', text.slice(0, text.indexOf('"b"')).split('\n').length],
      ]);
    }
  });

  it('are read from documents and lists in lists, in YAML and JSON', async () => {
    const pod = JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: {} }],
    });
    const cluster = await clusterOf(`${deployment({ name: 'a' })}---\n${list(deployment({ name: 'b' }))}`, pod);
    expect(names(cluster)).toEqual(['Deployment a', 'Deployment b', 'Pod p']);
    expect(cluster.problems).toEqual([]);
  });

  it('say what is broken with file and line, and the rest is read', async () => {
    const broken = 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n\tname: x\n';
    const cluster = await clusterOf(`${deployment({ name: 'a' })}---\n${broken}---\n${deployment({ name: 'b' })}`);
    expect(names(cluster)).toEqual(['Deployment a', 'Deployment b']);
    expect(cluster.problems).toMatchObject([{ file: '0.yaml', says: expect.stringMatching(/tab/i) }]);
    expect(cluster.problems[0]?.line).toBeGreaterThanOrEqual(18);
  });

  it('are no captures', async () => {
    const cluster = await clusterOf('\u00d4\u00c3\u00b2\u00a1\u0002\u0000\r\u0000');
    expect(cluster.problems).toMatchObject([{ line: 1, says: 'is no text; captures go without lint: kubelag FILE' }]);
  });

  it('read an item that is not simple alone', async () => {
    const cluster = await clusterOf(`apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: &n a}
  spec: {hostname: *n}
- apiVersion: v1
  kind: Pod
  metadata: {name: b}
  spec:
    containers:
    - name: !!str tagged
`);
    expect(names(cluster)).toEqual(['Pod b', 'Pod a'].toSorted());
    expect(cluster.workloads.map(({ place }) => place.line).toSorted()).toEqual([10, 6].toSorted());
  });

  it('are told from templates that are not rendered yet', async () => {
    const template =
      'apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n{{- if .Values.x }}\nspec: {}\n{{- end }}\n';
    const { problems, workloads } = await clusterOf(template);
    expect(workloads).toEqual([]);
    expect(problems).toMatchObject([{ line: 4, says: expect.stringContaining('helm template') }]);
    const { problems: none } = await clusterOf(
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  t: |\n    {{ .Labels }}\n',
    );
    expect(none).toEqual([]);
  });

  it('tell keys that stand twice, and the last one counts', async () => {
    const { problems, workloads } = await clusterOf(
      'apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  name: b\nspec: {}\n',
    );
    expect(names({ workloads })).toEqual(['Pod b']);
    expect(problems).toMatchObject([{ line: 5, says: expect.stringContaining('name twice') }]);
  });

  it('are nothing where they are something else', async () => {
    const { objects, problems } = await clusterOf(
      'a: 1\n',
      '- 1\n- 2\n',
      'just text\n',
      '',
      '# only\n',
      '{"x": [1]}',
      'on:\n  push: {}\n',
    );
    expect({ objects, problems }).toEqual({ objects: 0, problems: [] });
  });

  it.each(['Job', 'CronJob', 'Rollout', 'Knative', 'DeploymentConfig', 'Pod'])(
    'know the pods of a %s',
    async (kind) => {
      const spec = '{containers: [{name: x, image: "node:20"}]}';
      const text = {
        Job: `apiVersion: batch/v1\nkind: Job\nspec: {template: {spec: ${spec}}}`,
        CronJob: `apiVersion: batch/v1\nkind: CronJob\nspec: {jobTemplate: {spec: {template: {spec: ${spec}}}}}`,
        Rollout: `apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec: {template: {spec: ${spec}}}`,
        Knative: `apiVersion: serving.knative.dev/v1\nkind: Service\nspec: {template: {spec: ${spec}}}`,
        DeploymentConfig: `apiVersion: apps.openshift.io/v1\nkind: DeploymentConfig\nspec: {template: {spec: ${spec}}}`,
        Pod: `apiVersion: v1\nkind: Pod\nspec: ${spec}`,
      }[kind] as string;
      const { workloads } = await clusterOf(text);
      expect(workloads[0]?.pod.containers[0]?.image?.value).toBe('node:20');
    },
  );
});
