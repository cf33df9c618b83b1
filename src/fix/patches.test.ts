import { describe, expect, it } from 'vitest';
import * as yaml from 'yaml';
import type { Finding } from '../model/diagnosis.ts';
import { clusterOf, deployment } from '../rules/support/testing/cluster-of.ts';
import { environmentEdit, flagEdit, manifestFix, optionEdit } from '../rules/support/manifests/changes.ts';
import { applyEdit, setInJson } from './apply.ts';
import { patchFiles } from './patches.ts';
import type { Change } from './plan.ts';
import type { Value } from './render.ts';

type Json = Record<string, unknown>;

/** What the API server merges by names; all other lists of a pod it replaces. */
const MERGED = new Set(['containers', 'env']);

/** A strategic-merge patch as the API server applies it to a pod. */
function merged(object: Json, patch: Json): Json {
  const result: Json = { ...object };
  for (const [key, value] of Object.entries(patch)) {
    const before = object[key];
    if (Array.isArray(value) && Array.isArray(before) && MERGED.has(key)) {
      const items = (before as Json[]).map((one) => {
        const found = (value as Json[]).find(({ name }) => name === one['name']);
        return found === undefined ? one : merged(one, found);
      });
      const added = (value as Json[]).filter(({ name }) => !(before as Json[]).some((one) => one['name'] === name));
      result[key] = [...items, ...added];
    } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      result[key] = merged((before ?? {}) as Json, value as Json);
    } else result[key] = value;
  }
  return result;
}

const POD = 'dnsConfig:\n  options:\n    - {name: rotate}\n    - {name: ndots, value: "5"}\n';
const CONTAINER = 'command: [/kiam]\nargs: [server, --sync, 1m, --level=warn]\nenv:\n  - {name: A, value: "1"}\n';

async function changed(text: string) {
  const { workloads } = await clusterOf(text);
  const workload = workloads[0]!;
  const container = workload.pod.containers[0]!;
  const edits = [
    optionEdit(workload, 'ndots', '2'),
    optionEdit(workload, 'use-vc'),
    environmentEdit(workload, container, 'A', '2'),
    environmentEdit(workload, container, 'B', '3'),
    flagEdit(workload, container, '--sync', '2m'),
    flagEdit(workload, container, '--session-duration', '60m'),
  ];
  const fix = manifestFix(workload, 'all', edits);
  return {
    edits,
    fix,
    change: { finding: {} as Finding, fix: fix as unknown as Change['fix'], edits, refused: null, where: [] },
  };
}

const rollout = (pod = ''): string =>
  deployment({ pod }).replace('apps/v1', 'argoproj.io/v1alpha1').replace('kind: Deployment', 'kind: Rollout');

describe('a patch', () => {
  it.each([deployment({ pod: POD, container: CONTAINER }), deployment()])(
    'comes to the same as the change in the file',
    async (text) => {
      const { edits, change } = await changed(text);
      const expected = yaml.parse(text) as Json;
      let written = text;
      for (const edit of edits) {
        setInJson(expected, edit.path, edit.value as Value);
        const result = applyEdit(yaml, written, edit);
        if ('text' in result) written = result.text;
      }
      expect(yaml.parse(written)).toEqual(expected);
      const { files, leftOut } = patchFiles([change]);
      expect(leftOut).toEqual([]);
      expect(files.map(({ name }) => name)).toEqual(['deployment-prod-orders.yaml', 'kustomization.yaml']);
      expect(files[0]?.text).toMatch(
        /^# kubectl patch deployment orders -n prod --patch-file deployment-prod-orders\.yaml\n/,
      );
      expect(merged(yaml.parse(text) as Json, yaml.parse(files[0]?.text ?? '') as Json)).toEqual(expected);
    },
  );

  it('says nothing of containers of a custom resource, which it would replace whole', async () => {
    const { change } = await changed(rollout());
    const { files, leftOut } = patchFiles([change]);
    expect(files).toEqual([]);
    expect(leftOut).toEqual(['Rollout orders: a patch would replace all containers of a Rollout; use the diff']);
  });

  it('repeats the options of a custom resource, and is merged as JSON', async () => {
    const { change, edits } = await changed(rollout(POD));
    const { files } = patchFiles([{ ...change, edits: edits.slice(0, 1) }]);
    expect(files[0]?.text)
      .toBe(`# kubectl patch rollout.argoproj.io orders -n prod --type merge --patch-file rollout-prod-orders.yaml
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: orders
  namespace: prod
spec:
  template:
    spec:
      dnsConfig:
        options:
          - name: rotate
          - name: ndots
            value: "2"
`);
  });
});

const fixOf = async (kind: string, apiVersion: string) =>
  (await changed(deployment().replace('apps/v1', apiVersion).replace('kind: Deployment', `kind: ${kind}`))).fix;

describe('what is said of a change', () => {
  it.each([
    ['Deployment', 'apps/v1', 'kubectl rollout undo deployment/orders -n prod', undefined],
    ['Rollout', 'argoproj.io/v1alpha1', 'kubectl argo rollouts undo orders -n prod', undefined],
    ['Job', 'batch/v1', 'git checkout 0.yaml, then apply it', /cannot be changed while it is there/],
    ['ReplicaSet', 'apps/v1', 'git checkout 0.yaml, then apply it', /pods that run stay/],
    ['Service', 'serving.knative.dev/v1', 'git checkout 0.yaml, then apply it', /podspec-dnsconfig/],
  ])('%s: how to undo it, and its risk', async (kind, apiVersion, rollback, risk) => {
    const fix = await fixOf(kind, apiVersion);
    expect(fix.rollback).toBe(rollback);
    if (risk === undefined) expect(fix.risk).toBeUndefined();
    else expect(fix.risk).toMatch(risk);
  });

  it('is that a ConfigMap is read by others too', async () => {
    const settings = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s, namespace: prod}\ndata: {A: "1"}\n';
    const { workloads } = await clusterOf(deployment({ container: 'envFrom: [{configMapRef: {name: s}}]' }), settings);
    const workload = workloads[0]!;
    const edit = environmentEdit(workload, workload.pod.containers[0]!, 'A', '2');
    expect(edit).toMatchObject({ object: { kind: 'ConfigMap', name: 's' }, path: ['data', 'A'], value: '2' });
    expect(manifestFix(workload, 'x', [edit]).risk).toContain('all others that read it');
    expect(applyEdit(yaml, settings, edit)).toEqual({ text: settings.replace('"1"', '"2"') });
  });
});

describe('a container without a name', () => {
  it('is meant where it is the only one', async () => {
    const text = `apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: embed}\nspec:\n  template:\n    spec:\n      containers:\n        - image: x\n`;
    const { workloads } = await clusterOf(text);
    const workload = workloads[0]!;
    const edit = environmentEdit(workload, workload.pod.containers[0]!, 'A', '2');
    expect(applyEdit(yaml, text, edit)).toEqual({
      text: `${text}          env:\n            - name: A\n              value: "2"\n`,
    });
  });
});

describe('a variable whose value comes from elsewhere', () => {
  it('is not given a second one', async () => {
    const text = deployment({
      container: 'env:\n  - name: A\n    valueFrom: {secretKeyRef: {name: s, key: k}}',
    });
    const { workloads } = await clusterOf(text);
    const workload = workloads[0]!;
    expect(applyEdit(yaml, text, environmentEdit(workload, workload.pod.containers[0]!, 'A', '2'))).toEqual({
      refused: 'its value comes from elsewhere (valueFrom): change it there by hand',
    });
  });
});
