import { describe, expect, it } from 'vitest';
import { RR_TYPE } from '../../../model/lookup.ts';
import dnsError from '../../dns-error.ts';
import { runRule } from '../testing/run-rule.ts';
import { Scenario } from '../testing/scenario.ts';
import { clusterOf, deployment } from '../testing/cluster-of.ts';
import { explainMissing } from './missing-names.ts';

const service = (address = '10.96.3.4', namespace = 'prod'): string =>
  `---\napiVersion: v1\nkind: Service\nmetadata: {name: orders, namespace: ${namespace}}\nspec: {clusterIP: ${address}, selector: {app: orders}, ports: [{port: 80}]}\n`;
const slice = (ready: boolean): string =>
  `---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: orders-x, namespace: prod, labels: {kubernetes.io/service-name: orders}}\nendpoints: [{addresses: [10.244.0.5], conditions: {ready: ${ready}}}]\n`;
const client = (pod: string): string =>
  deployment({ name: 'client', pod, container: 'env: [{name: URL, value: "http://orders.prod.svc.cluster.local/"}]' });

const FULL = 'orders.prod.svc.cluster.local';
const WALKED = ['orders', 'orders.prod.svc.cluster.local', 'orders.svc.cluster.local'];
const NODE_DNS = '10.210.0.1';

const explain = async (text: string, names: readonly string[] = WALKED, server = '10.96.0.10') => {
  const found = explainMissing(await clusterOf(text), names, server);
  return found && { says: found.says, edits: found.fix.flatMap(({ edits = [] }) => edits.map(({ value }) => value)) };
};

it('is said on the first line', async () => {
  const lookups = new Scenario({ name: FULL }).ask(
    [
      { rcode: 3, records: 0 },
      { type: RR_TYPE.AAAA, sent: 0.03, rcode: 3, records: 0 },
    ],
    { outcome: 'nxdomain', answers: [] },
  ).lookups;
  const cluster = await clusterOf(service('None') + slice(false));
  const { reports } = runRule(dnsError, { lookups }, undefined, undefined, cluster);
  expect(reports.map(({ says }) => says)).toEqual([
    expect.stringMatching(/for orders\.prod\.svc\.cluster\.local: Service prod\/orders is headless/),
  ]);
});

describe('a name without an address', () => {
  it('is that of a headless Service without ready pods', async () => {
    expect(await explain(service('None') + slice(false))).toEqual({
      says: 'Service prod/orders is headless, and its only endpoint is not ready',
      edits: [],
    });
    expect(await explain(service('None') + slice(true))).toBeNull();
    expect(await explain(service('None'))).toBeNull();
  });

  it('is that of a Service in another namespace', async () => {
    const says = 'the Service orders of these manifests is in namespace bank';
    expect((await explain(service('10.96.3.4', 'bank')))?.says).toBe(says);
    expect(await explain(service('10.96.3.4', 'bank') + service('10.96.3.5', 'shop'))).toBeNull();
    expect(await explain(service('10.96.3.4', 'bank'), ['inventory', 'inventory.prod.svc.cluster.local'])).toBeNull();
    expect(await explain(service('10.96.3.4', 'bank'), ['orders', 'orders.example.com'])).toBeNull();
  });

  it('is asked of the node’s DNS server by who is on its network', async () => {
    const found = await explain(client('hostNetwork: true') + service(), [FULL], NODE_DNS);
    expect(found?.says).toMatch(/^Deployment prod\/client is on its node’s network with dnsPolicy ClusterFirst/);
    expect(found?.edits).toEqual(['ClusterFirstWithHostNet']);
  });

  it('is asked of the node’s DNS server by who has dnsPolicy Default', async () => {
    const found = await explain(client('dnsPolicy: Default') + service(), [FULL], NODE_DNS);
    expect(found?.says).toMatch(/^Deployment prod\/client has dnsPolicy Default, and asks its node’s DNS server/);
    expect(found?.edits).toEqual(['ClusterFirst']);
    expect(await explain(client('dnsPolicy: None') + service(), [FULL], NODE_DNS)).toBeNull();
  });

  it.each([
    ['who is not on the node’s network', client(''), [FULL], NODE_DNS],
    ['who asks the cluster’s DNS', client('hostNetwork: true\ndnsPolicy: ClusterFirstWithHostNet'), [FULL], NODE_DNS],
    ['who chose the node’s', client('hostNetwork: true\ndnsPolicy: Default'), [FULL], NODE_DNS],
    ['who walks the cluster’s search list', client('hostNetwork: true'), ['orders', FULL], NODE_DNS],
    [
      'the cluster’s DNS server',
      client('hostNetwork: true') +
        '---\napiVersion: v1\nkind: Service\nmetadata: {name: kube-dns, namespace: kube-system}\nspec: {clusterIP: 10.96.0.10, ports: [{port: 53}]}\n',
      [FULL],
      '10.96.0.10',
    ],
    [
      'another on its network, which does not name it',
      deployment({ name: 'agent', pod: 'hostNetwork: true' }),
      [FULL],
      NODE_DNS,
    ],
  ])('is not that of %s', async (_, text, names, server) => {
    expect(await explain(text + service(), names, server)).toBeNull();
  });
});
