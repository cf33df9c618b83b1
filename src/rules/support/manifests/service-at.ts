import type { Cluster, ServiceObject } from '../../../model/workload.ts';
import type { Witness } from '../witness.ts';
import { serviceOfHost } from './identify.ts';

/** The Service whose address it is: by ClusterIPs where manifests have them, else by the names that lookups seen here found the address by. */
export function serviceAt(address: string, cluster: Cluster, seen: Witness): ServiceObject | null {
  // Of headless ones, and where the cluster gives the address, the manifest has none.
  const isAddress = address !== '' && address !== 'None';
  const named = isAddress ? cluster.services.find(({ clusterAddress }) => clusterAddress === address) : undefined;
  if (named !== undefined) {
    // A file that people change goes before what the cluster made of it.
    const written = cluster.services.find(
      ({ live, namespace, name }) => !live && name === named.name && namespace === named.namespace,
    );
    return written ?? named;
  }
  for (const name of seen.of(address)?.names ?? []) {
    const service = serviceOfHost(name, cluster);
    // A headless one's name leads to pods.
    if (service !== null && service.clusterAddress !== 'None') return service;
  }
  return null;
}
