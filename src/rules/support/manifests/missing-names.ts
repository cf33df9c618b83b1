import type { Fix, Setting } from '../../../model/finding.ts';
import type { Cluster, ServiceObject, Workload } from '../../../model/workload.ts';
import { editOf, manifestFix } from './changes.ts';
import { asksClusterDns } from './dns.ts';
import { unreadyEndpoints } from './endpoints.ts';
import { serviceOfHost } from './identify.ts';
import { namedHosts } from './names.ts';
import { judgedWorkloads, objectWords, placeWords, settingAt } from './objects.ts';

/** Why manifests say that a name has no address. */
export interface MissingName {
  /** Goes on the first line behind what was seen. */
  readonly says: string;
  readonly because: readonly Setting[];
  readonly fix: readonly Fix[];
}

/**
 * @param names as the program has it, then all that was asked for it, with search suffixes
 * @param server that was asked
 */
export function explainMissing(cluster: Cluster, names: readonly string[], server: string): MissingName | null {
  const qualified = names.filter((name) => name.includes('.svc.'));
  const service =
    (qualified.length > 0 ? qualified : names)
      .map((name) => serviceOfHost(name, cluster))
      .find((one) => one !== null) ?? null;
  if (service === null) return elsewhere(cluster, names);
  if (service.clusterAddress === 'None') return withoutPods(service, cluster);
  return onHostNetwork(service, cluster, names, server);
}

/** A headless Service's name is that of its ready pods: CoreDNS knows no such name without any. */
function withoutPods(service: ServiceObject, cluster: Cluster): MissingName | null {
  const unready = unreadyEndpoints(service, cluster);
  if (unready === null) return null;
  return { says: `${objectWords(service)} is headless, and ${unready.says}`, because: unready.because, fix: [] };
}

/** A Service of that name is there, in another namespace than was asked for. */
function elsewhere({ services }: Cluster, names: readonly string[]): MissingName | null {
  for (const name of names) {
    const [short, namespace, kind] = name.replace(/\.$/, '').split('.');
    if (kind !== 'svc') continue;
    const others = services.filter((one) => one.name === short && one.namespace !== '' && one.namespace !== namespace);
    const [only, ...more] = new Map(others.map((one) => [one.namespace, one])).values();
    if (only === undefined || more.length > 0) continue;
    return {
      says: `the Service ${only.name} of these manifests is in namespace ${only.namespace}`,
      because: [settingAt(objectWords(only), 'namespace', only.namespace, only.place)],
      fix: [],
    };
  }
  return null;
}

/** `Default` is the node's own settings, and not what a pod has by default. */
function withNodeDns(workload: Workload, service: ServiceObject): MissingName {
  const { dnsPolicy, path, place } = workload.pod;
  return {
    says: `${objectWords(workload)} has dnsPolicy Default, and asks its node’s DNS server, which knows no Service`,
    because: [settingAt(objectWords(workload), 'dnsPolicy', 'Default', dnsPolicy?.place ?? place)],
    fix: [
      manifestFix(workload, `dnsPolicy: ClusterFirst: it asks the cluster’s DNS for ${service.name}`, [
        editOf(workload, [...path, 'dnsPolicy'], 'ClusterFirst'),
      ]),
    ],
  };
}

/** On the host's network `ClusterFirst` falls back to the node's own DNS server, which knows no Services. */
function onHostNetwork(
  service: ServiceObject,
  cluster: Cluster,
  names: readonly string[],
  server: string,
): MissingName | null {
  // Who walks the cluster's search list asks its DNS.
  if (names[0]?.includes('.svc') !== true && names.some((name) => name.includes('.svc.'))) return null;
  if (cluster.services.some(({ clusterAddress }) => clusterAddress === server)) return null;
  const falling = judgedWorkloads(cluster).filter(
    (one) => !asksClusterDns(one) && (one.pod.hostNetwork || policyOf(one) === 'Default'),
  );
  const asking = falling.filter((one) =>
    namedHosts(one, true).some(({ host }) => names.some((name) => leads(name, host))),
  );
  const [workload, ...others] = asking;
  if (workload === undefined || others.length > 0) return null;
  if (!workload.pod.hostNetwork) return withNodeDns(workload, service);
  // Who chose the node's DNS server on its network did so on purpose.
  if (!fallsToNode(workload)) return null;
  return { says: `${nodeNetworkWords(workload)}, which knows no Service`, ...onNodeNetwork(workload, service) };
}

export const nodeNetworkWords = (workload: Workload): string =>
  `${objectWords(workload)} is on its node’s network with dnsPolicy ClusterFirst, and asks the node’s DNS server`;

/** The settings of a workload that asks the node's DNS server for a Service, and the change. */
export function onNodeNetwork(workload: Workload, service: ServiceObject): Pick<MissingName, 'because' | 'fix'> {
  const { dnsPolicy, path, place } = workload.pod;
  return {
    because: [
      {
        component: objectWords(workload),
        setting: 'dnsPolicy',
        value: 'ClusterFirst with hostNetwork: as Default',
        origin: dnsPolicy === null ? 'default' : 'manifest',
        source: dnsPolicy === null ? 'kubernetes.io, DNS for Services and Pods' : placeWords(dnsPolicy.place),
      },
      settingAt(objectWords(workload), 'hostNetwork', 'true', place),
    ],
    fix: [
      manifestFix(workload, `dnsPolicy: ClusterFirstWithHostNet: it asks the cluster’s DNS for ${service.name}`, [
        editOf(workload, [...path, 'dnsPolicy'], 'ClusterFirstWithHostNet'),
      ]),
    ],
  };
}

/** On the host's network without a word that it means to ask the node: who chose `Default` did so on purpose. */
export const fallsToNode = (workload: Workload): boolean =>
  workload.pod.hostNetwork && policyOf(workload) === 'ClusterFirst';

const policyOf = ({ pod }: Workload): string => pod.dnsPolicy?.value ?? 'ClusterFirst';

const leads = (name: string, host: string): boolean => name === host || name.startsWith(`${host}.`);
