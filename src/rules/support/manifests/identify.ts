import type { Input } from '../../../model/input.ts';
import type { Confidence } from '../../../model/lookup.ts';
import type { Cluster, ServiceObject, Workload } from '../../../model/workload.ts';
import type { Witness } from '../witness.ts';
import { createLinks, type Links } from './links.ts';
import { namedHosts } from './names.ts';
import { judgedWorkloads, objectWords } from './objects.ts';
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
  const judged = judgedOf(cluster);
  const links = createLinks(cluster);
  const byAddress = addressBook(cluster, links, judged);
  // Of a workload whose pods' addresses are known, another address is none.
  const addressed = new Set([...byAddress.values()].map(({ workload }) => workload));
  const find = (address: string): Identity | null =>
    byAddress.get(address) ??
    byNames(address, cluster, links, judged, seen) ??
    byBeingAlone(address, cluster, judged.all, addressed, inputs);
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

function addressBook(cluster: Cluster, links: Links, judged: Judged): Map<string, Identity> {
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
  const services = new Map(cluster.services.map((service) => [`${service.namespace}/${service.name}`, service]));
  for (const { namespace, service, addresses } of cluster.endpoints) {
    const found = services.get(`${namespace}/${service}`);
    for (const { address, pod } of addresses) {
      const workload =
        pods.get(`${namespace}/${pod}`) ?? (found === undefined ? null : backendOf(links, found, judged));
      put(address, workload, `endpoint of Service ${service}`);
    }
  }
  for (const service of cluster.services) {
    put(
      service.clusterAddress === 'None' ? '' : service.clusterAddress,
      backendOf(links, service, judged),
      `ClusterIP of Service ${service.name}`,
    );
  }
  return book;
}

/** The workload whose settings a pod has: what made what made it. */
function ownerOf(pod: Workload, judged: Judged): Workload {
  const { owner } = pod;
  if (owner === null) return pod;
  const name = owner.kind === 'ReplicaSet' ? owner.name.replace(/-[a-z0-9]{6,10}$/, '') : owner.name;
  return judged.named(pod.namespace, name) ?? judged.named('', name) ?? pod;
}

/** Those whose settings are the user's, by name. */
interface Judged {
  readonly all: readonly Workload[];
  has(workload: Workload): boolean;
  /** One that makes pods. */
  named(namespace: string, name: string): Workload | null;
}

function judgedOf(cluster: Cluster): Judged {
  const all = judgedWorkloads(cluster);
  const known = new Set(all);
  const byName = new Map(
    all.filter(({ kind }) => kind !== 'Pod').map((workload) => [`${workload.namespace}/${workload.name}`, workload]),
  );
  return {
    all,
    has: (workload) => known.has(workload),
    named: (namespace, name) => byName.get(`${namespace}/${name}`) ?? null,
  };
}

function backendOf(links: Links, service: ServiceObject, judged: Judged): Workload | null {
  const all = links.workloadsOf(service);
  const [first] = all;
  if (first === undefined) return null;
  return all.find((one) => one.kind !== 'Pod' && judged.has(one)) ?? ownerOf(first, judged);
}

/** By the hosts that requests to it name, or by the names that its manifest tells it to call. */
function byNames(address: string, cluster: Cluster, links: Links, judged: Judged, witness: Witness): Identity | null {
  const seen = witness.of(address);
  if (seen === null) return null;
  for (const host of seen.hosts) {
    const service = serviceOfHost(host, cluster);
    const workload = service === null ? null : backendOf(links, service, judged);
    if (workload !== null) return { workload, confidence: 'likely', because: `requests to it name ${host}` };
  }
  for (const name of seen.names) {
    const service = serviceOfHost(name, cluster);
    // Behind a headless Service it is one pod of several workloads, perhaps.
    const workload = service === null ? null : backendOf(links, service, judged);
    if (workload !== null) return { workload, confidence: 'likely', because: `${name} leads to it` };
  }
  if (seen.asked.size === 0) return null;
  const callers = judged.all
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
export function serviceOfHost(said: string, { services, routes }: Cluster): ServiceObject | null {
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
  const named = services.filter(
    (one) => one.name === name && (namespace === undefined || one.namespace === namespace || one.namespace === ''),
  );
  // What was read from the cluster, too, is one with the file that it was made of.
  const [only, ...others] = named.filter(({ live }) => !live).length > 0 ? named.filter(({ live }) => !live) : named;
  return only !== undefined && others.length === 0 ? only : null;
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
