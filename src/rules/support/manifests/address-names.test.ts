import { expect, it } from 'vitest';
import type { Lookup } from '../../../model/lookup.ts';
import { lookupOf } from '../../../model/testing/rows.ts';
import { createFacts } from '../facts.ts';
import { witness } from '../witness.ts';
import { clusterOf } from '../testing/cluster-of.ts';
import { addressNames } from './address-names.ts';
import { objectWords } from './objects.ts';

const service = (name: string, address: string): string =>
  `---\napiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: shop}\nspec: {clusterIP: ${address}, selector: {app: ${name}}, ports: [{port: 80}]}\n`;
const pod = (name: string, address: string, spec = ''): string =>
  `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: shop}\nspec: {${spec}containers: []}\nstatus: {podIP: ${address}}\n`;
const slice = (address: string, podName: string): string =>
  `---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: orders-x, namespace: shop, labels: {kubernetes.io/service-name: orders}}\nendpoints: [{addresses: [${address}], targetRef: {kind: Pod, name: ${podName}}}]\n`;
const node =
  '---\napiVersion: v1\nkind: Node\nmetadata: {name: node-1}\nstatus: {addresses: [{type: InternalIP, address: 10.210.0.2}]}\n';

const witnessOf = (lookups: readonly Lookup[] = []) => {
  const seen = witness.create(createFacts().of);
  for (const lookup of lookups) seen.lookup?.(lookup);
  return seen;
};
const named = async (address: string, text: string, lookups: readonly Lookup[] = []): Promise<string | null> => {
  const object = addressNames(await clusterOf(text), witnessOf(lookups))(address);
  return object === null ? null : objectWords(object);
};

it.each([
  ['a Service by its ClusterIP', '10.96.3.4', service('orders', '10.96.3.4'), 'Service shop/orders'],
  ['a Pod by its address', '10.244.0.7', pod('orders-a', '10.244.0.7'), 'Pod shop/orders-a'],
  ['a Pod that an EndpointSlice alone has', '10.244.0.7', slice('10.244.0.7', 'orders-a'), 'Pod shop/orders-a'],
  ['a Node, and no Pod on its network', '10.210.0.2', node + pod('proxy', '10.210.0.2', 'hostNetwork: true, '), 'Node node-1'],
  ['a Pod that was read twice', '10.244.0.7', pod('orders-a', '10.244.0.7') + pod('orders-a', '10.244.0.7'), 'Pod shop/orders-a'],
])('names %s', async (_, address, text, expected) => {
  expect(await named(address, text)).toBe(expected);
}); // prettier-ignore

it.each([
  ['two Pods that had an address one after the other', '10.244.0.7', pod('a', '10.244.0.7') + pod('b', '10.244.0.7')],
  ['a headless Service', 'None', service('orders', 'None')],
  ['Pods on the host’s network', '10.210.0.2', pod('proxy', '10.210.0.2', 'hostNetwork: true, ')],
  [
    'an endpoint on the host’s network',
    '10.210.0.2',
    pod('proxy', '10.210.0.2', 'hostNetwork: true, ') + slice('10.210.0.2', 'proxy'),
  ],
])('names nobody for %s', async (_, address, text) => {
  expect(await named(address, text)).toBeNull();
});

const unwritten = service('orders', '""');
const looked = (name: string, address: string) => [lookupOf({ name, answers: [address] })];

it('names a Service whose manifest has no address by the name that led to it', async () => {
  const lookups = looked('orders.shop.svc.cluster.local', '10.96.9.9');
  expect(await named('10.96.9.9', unwritten, lookups)).toBe('Service shop/orders');
  expect(await named('10.96.9.8', unwritten, lookups)).toBeNull();
  // Another namespace's, and a headless one's pod.
  expect(await named('10.96.9.9', unwritten, looked('orders.bank.svc.cluster.local', '10.96.9.9'))).toBeNull();
  expect(
    await named('10.244.0.9', service('orders', 'None'), looked('orders.shop.svc.cluster.local', '10.244.0.9')),
  ).toBeNull();
});
