import type { Cluster, ClusterObject } from '../../../model/workload.ts';
import type { Witness } from '../witness.ts';
import { serviceAt } from './service-at.ts';

/** The object that a cluster gave an address; null where none is known, or several may be it. */
export type AddressNames = (address: string) => ClusterObject | null;

/**
 * Services by their ClusterIPs, Pods and Nodes by theirs, as `kubectl get -o yaml` has them; Services of manifests that
 * nobody gave addresses by the names that lookups found them by.
 */
export function addressNames(cluster: Cluster, seen: Witness): AddressNames {
  const { services, workloads, endpoints, nodes } = cluster;
  const book = new Map<string, ClusterObject | null>();
  const put = (address: string, object: ClusterObject): void => {
    if (address === '' || address === 'None') return;
    const known = book.get(address);
    // A dump taken twice has an object twice; two objects of one address are a pod's that is gone and its heir's.
    book.set(address, known === undefined || (known !== null && isSame(known, object)) ? object : null);
  };
  for (const node of nodes) for (const address of node.addresses) put(address, node);
  for (const service of services) put(service.clusterAddress, service);
  const pods = new Set<string>();
  for (const pod of workloads) {
    if (pod.kind !== 'Pod') continue;
    pods.add(`${pod.namespace}/${pod.name}`);
    // None for those on the host's network.
    for (const address of pod.addresses) put(address, pod);
  }
  for (const { namespace, addresses, ...slice } of endpoints) {
    for (const { address, pod } of addresses) {
      if (pod !== '' && !pods.has(`${namespace}/${pod}`)) put(address, { ...slice, namespace, kind: 'Pod', name: pod });
    }
  }
  return (address) => (book.has(address) ? (book.get(address) ?? null) : serviceAt(address, cluster, seen));
}

const isSame = (a: ClusterObject, b: ClusterObject): boolean =>
  a.kind === b.kind && a.namespace === b.namespace && a.name === b.name;
