import { expect, it } from 'vitest';
import { clusterOf } from '../testing/cluster-of.ts';
import { explainSilentNode } from './node-ports.ts';

const service = (spec: string): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: orders, namespace: prod}\nspec: {type: NodePort, ${spec}ports: [{port: 80, nodePort: 30080}]}\n`;
const LOCAL = service('externalTrafficPolicy: Local, ');

it('a node port that only some nodes answer', async () => {
  const found = explainSilentNode(await clusterOf(LOCAL), 30_080);
  expect(found?.says).toMatch(/^it is the node port of Service prod\/orders, whose externalTrafficPolicy is Local/);
  expect(found?.fix[0]?.edits).toMatchObject([{ path: ['spec', 'externalTrafficPolicy'], value: 'Cluster' }]);
});

it('also beside another port, and as the file says it that was read beside the cluster', async () => {
  const two = LOCAL.replace('ports: [', 'ports: [{port: 443, nodePort: 30443}, ');
  const live = two.replace('namespace: prod', 'namespace: prod, uid: 0b1c');
  for (const files of [
    [live, two],
    [two, live],
  ]) {
    const found = explainSilentNode(await clusterOf(...files), 30_080);
    expect(found?.because[0]?.source).toContain(`${files.indexOf(two)}.yaml`);
  }
  expect(explainSilentNode(await clusterOf(live), 30_443)).not.toBeNull();
});

it.each([
  ['another port', LOCAL, 30_081],
  ['one that all nodes answer', service('externalTrafficPolicy: Cluster, '), 30_080],
  ['one of which nothing is said', service(''), 30_080],
  ['none: the cluster gives it', LOCAL.replace(', nodePort: 30080', ''), 0],
])('not %s', async (_, text, port) => {
  expect(explainSilentNode(await clusterOf(text), port)).toBeNull();
});
