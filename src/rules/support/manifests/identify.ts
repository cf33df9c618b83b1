import type { Input } from '../../../model/input.ts';
import type { Confidence } from '../../../model/lookup.ts';
import type { Cluster, ServiceObject, Workload } from '../../../model/workload.ts';
import type { Witness } from '../witness.ts';
import { namedHosts } from './names.ts';
import { judgedWorkloads, objectWords, workloadsOf } from './objects.ts';
import { providersOf } from './providers.ts';

/** Which workload an address is, and what tells so. */
export interface Identity {
  workload: Workload;
  confidence: Confidence;
  because: string;
}

export interface Identities {
  /** @param address without port */
  of(address: string): Identity | null;
}

/**
 * Joins addresses to workloads: by pods' addresses, EndpointSlices and ClusterIPs where manifests
 * have them, else by the names that the address is called by and that it calls.
 */
export function identify(cluster: Cluster, seen: Witness, inputs: readonly Input[]): Identities {
  const known = new Map<string, Identity | null>();
  const judged = judgedWorkloads(cluster);
  const byAddress = addressBook(cluster, judged);
  // Of a workload whose pods' addresses are known, another address is none.
  const addressed = new Set([...byAddress.values()].map(({ workload }) => workload));
  const find = (address: string): Identity | null =>
    byAddress.get(address) ??
    byNames(address, cluster, judged, seen) ??
    byBeingAlone(address, cluster, judged, addressed, inputs);
  return {
    of(address) {
      const before = known.get(address);
      if (before !== undefined) return before;
      const identity = find(address);
      known.set(address, identity);
      return identity;
    },
  };
}

function addressBook(cluster: Cluster, judged: readonly Workload[]): Map<string, Identity> {
  const book = new Map<string, Identity>();
  const put = (address: string, workload: Workload | null, because: string): void => {
    if (workload !== null && address !== '' && !book.has(address)) {
      book.set(address, { workload, confidence: 'certain', because });
    }
  };
  const pods = new Map<string, Workload>();
  for (const pod of cluster.workloads) {
    if (pod.kind !== 'Pod') continue;
    const owner = ownerOf(pod, judged);
    pods.set(`${pod.namespace}/${pod.name}`, owner);
    for (const address of pod.addresses) put(address, owner, `address of Pod ${pod.name}`);
  }
  for (const { namespace, service, addresses } of cluster.endpoints) {
    const found = cluster.services.find((one) => one.name === service && one.namespace === namespace);
    for (const { address, pod } of addresses) {
      const workload =
        pods.get(`${namespace}/${pod}`) ?? (found === undefined ? null : backendOf(cluster, found, judged));
      put(address, workload, `endpoint of Service ${service}`);
    }
  }
  for (const service of cluster.services) {
    put(
      service.clusterAddress === 'None' ? '' : service.clusterAddress,
      backendOf(cluster, service, judged),
      `ClusterIP of Service ${service.name}`,
    );
  }
  return book;
}

/** The workload whose settings a pod has: what made what made it. */
function ownerOf(pod: Workload, judged: readonly Workload[]): Workload {
  const { owner } = pod;
  if (owner === null) return pod;
  const name = owner.kind === 'ReplicaSet' ? owner.name.replace(/-[a-z0-9]{6,10}$/, '') : owner.name;
  return (
    judged.find(
      (one) => one.name === name && one.kind !== 'Pod' && (one.namespace === pod.namespace || one.namespace === ''),
    ) ?? pod
  );
}

function backendOf(cluster: Cluster, service: ServiceObject, judged: readonly Workload[]): Workload | null {
  const all = workloadsOf(cluster, service);
  const [first] = all;
  if (first === undefined) return null;
  return all.find((one) => one.kind !== 'Pod' && judged.includes(one)) ?? ownerOf(first, judged);
}

/** By the hosts that requests to it name, or by the names that its manifest tells it to call. */
function byNames(address: string, cluster: Cluster, judged: readonly Workload[], witness: Witness): Identity | null {
  const seen = witness.of(address);
  if (seen === null) return null;
  for (const host of seen.hosts) {
    const service = serviceOfHost(host, cluster);
    const workload = service === null ? null : backendOf(cluster, service, judged);
    if (workload !== null) return { workload, confidence: 'likely', because: `requests to it name ${host}` };
  }
  if (seen.asked.size === 0) return null;
  const callers = judged
    .map((workload) => ({
      workload,
      host: namedHosts(workload, true).find(({ host }) => isAsked(host, seen.asked))?.host,
    }))
    .filter(({ host }) => host !== undefined);
  const [only, second] = callers;
  if (only === undefined || second !== undefined) return null;
  return {
    workload: only.workload,
    confidence: 'likely',
    because: `it looks up ${only.host ?? ''}, which ${objectWords(only.workload)} names`,
  };
}

/** `inventory`, `inventory.shop.svc.cluster.local:8080`, or a host of an Ingress. */
function serviceOfHost(said: string, { services, routes }: Cluster): ServiceObject | null {
  const host = said.replace(/:\d+$/, '').toLowerCase();
  const route = routes.find(({ hosts }) => hosts.includes(host));
  const backend = route?.rules.flatMap(({ backends }) => backends)[0];
  if (route !== undefined && backend !== undefined) {
    return (
      services.find(({ name, namespace }) => name === backend.split('.')[0] && namespace === route.namespace) ?? null
    );
  }
  const [name, namespace, ...rest] = host.split('.');
  if (rest.length > 0 && rest[0] !== 'svc') return null;
  const named = services.filter((one) => one.name === name && (namespace === undefined || one.namespace === namespace));
  return named.length === 1 ? (named[0] as ServiceObject) : null;
}

const isAsked = (host: string, asked: ReadonlySet<string>): boolean => {
  const bare = host.replace(/\.$/, '');
  return asked.has(bare) || [...asked].some((name) => name.startsWith(`${bare}.`));
};

/** The pod that was captured is the only workload there is, but for those that serve the cluster. */
function byBeingAlone(
  address: string,
  cluster: Cluster,
  judged: readonly Workload[],
  addressed: ReadonlySet<Workload>,
  inputs: readonly Input[],
): Identity | null {
  const isCaptured = inputs.some(({ vantage }) => vantage.kind === 'pod' && vantage.addresses.includes(address));
  if (!isCaptured) return null;
  const providers = new Set(providersOf(cluster).map(({ workload }) => workload));
  const apps = judged.filter(
    (workload) => !providers.has(workload) && workload.namespace !== 'kube-system' && workload.kind !== 'DaemonSet',
  );
  const [only, second] = apps;
  if (only === undefined || second !== undefined || addressed.has(only)) return null;
  return {
    workload: only,
    confidence: 'possible',
    because: `${objectWords(only)} is the only workload of these manifests`,
  };
}
