import type { Setting } from '../../../model/finding.ts';
import type {
  Autoscaler,
  Cluster,
  ClusterObject,
  Mesh,
  NamespaceObject,
  Place,
  Workload,
} from '../../../model/workload.ts';

/** `Deployment prod/orders`. */
export const objectWords = ({ kind, namespace, name }: Pick<ClusterObject, 'kind' | 'namespace' | 'name'>): string =>
  `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;

export const placeWords = ({ file, line }: Place): string => `${file === '-' ? 'standard input' : file}:${line}`;

/** A setting that stands in a manifest. */
export const settingAt = (component: string, setting: string, value: string, place: Place): Setting => ({
  component,
  setting,
  value,
  origin: 'manifest',
  source: placeWords(place),
});

/** The same of what manifests alone tell, which shows where it stands. */
export const placedSetting = (component: string, setting: string, value: string, place: Place) => ({
  ...settingAt(component, setting, value, place),
  place,
});

/** Objects of one namespace; one that names none is where its neighbours are. */
export const sameNamespace = (a: ClusterObject, b: ClusterObject): boolean =>
  a.namespace === b.namespace || a.namespace === '' || b.namespace === '';

const folderOf = ({ place: { file } }: ClusterObject): string => file.slice(0, Math.max(0, file.lastIndexOf('/')));

/** Of one folder, or of a namespace that both name: what stands elsewhere in a repository may be of another cluster. */
export const standTogether = (a: ClusterObject, b: ClusterObject): boolean =>
  a.namespace === b.namespace && (a.namespace !== '' || folderOf(a) === folderOf(b));

/**
 * The workloads whose settings are the user's to change: a pod or a ReplicaSet that something else
 * made is judged there, or once for all of its kind where that is not among the manifests.
 */
export function judgedWorkloads({ workloads }: Cluster): Workload[] {
  const written = new Set(workloads.filter(({ live }) => !live).map(keyOf));
  const present = new Set(workloads.map(keyOf));
  const seen = new Set<string>();
  return workloads.filter((workload) => {
    // Of one object that was read from a file and from the cluster, the file counts.
    if (workload.live && written.has(keyOf(workload))) return false;
    const owner = ownerOf(workload);
    if (owner === null) return true;
    // A Deployment's pods are owned by its ReplicaSet, which a dump need not hold.
    const deployment = owner.name.replace(/-[a-z0-9]{6,10}$/, '');
    if (
      present.has(`${owner.kind} ${workload.namespace} ${owner.name}`) ||
      (owner.kind === 'ReplicaSet' && present.has(`Deployment ${workload.namespace} ${deployment}`)) ||
      (owner.kind === 'ReplicaSet' && present.has(`Rollout ${workload.namespace} ${deployment}`))
    )
      return false;
    const key = `${workload.kind} ${workload.namespace} ${owner.kind} ${owner.kind === 'ReplicaSet' ? deployment : owner.name}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

const keyOf = ({ kind, namespace, name }: ClusterObject): string => `${kind} ${namespace} ${name}`;

const ownerOf = ({ kind, owner }: Workload): Workload['owner'] =>
  // Nodes own the pods that kubelets run by themselves.
  owner === null || owner.kind === 'Node' || kind === 'Deployment' ? null : owner;

/** How many pods there are at least: an autoscaler's least counts before `replicas`. */
export function replicasOf(cluster: Cluster, workload: Workload): number {
  const scaled = autoscalerOf(cluster, workload)?.least?.value;
  return scaled ?? workload.replicas?.value ?? 1;
}

export const autoscalerOf = ({ autoscalers }: Cluster, workload: Workload): Autoscaler | null =>
  autoscalers.find(
    (one) => sameNamespace(one, workload) && one.target.kind === workload.kind && one.target.name === workload.name,
  ) ?? null;

export const namespaceOf = ({ namespaces }: Cluster, { namespace }: ClusterObject): NamespaceObject | null =>
  namespaces.find((one) => one.name === namespace) ?? null;

/** The mesh whose proxy stands between; null where none does. */
export function meshOf(cluster: Cluster, workload: Workload): Mesh | null {
  const said = (key: string): string | undefined =>
    workload.podLabels.get(key) ?? workload.podAnnotations.get(key)?.value ?? workload.annotations.get(key)?.value;
  const [istio, linkerd] = [said('sidecar.istio.io/inject'), said('linkerd.io/inject')];
  if (istio === 'false' || linkerd === 'disabled') return null;
  const has = (name: string): boolean => workload.pod.containers.some((container) => container.name === name);
  if (istio === 'true' || has('istio-proxy')) return 'istio';
  if (linkerd === 'enabled' || has('linkerd-proxy')) return 'linkerd';
  return namespaceOf(cluster, workload)?.mesh ?? null;
}
