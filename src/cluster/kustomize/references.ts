import { addTo } from '../../base/group-by.ts';
import { textAt, type MapNode, type Node, type ScalarNode } from '../yaml/node.ts';
import { currentId, type ObjectId, type Resource } from './resource.ts';
import { changedAt, scalarAtPlace } from './tree.ts';

/** Keys from an object to its pods, by kind. */
export const POD_PATHS: Readonly<Record<string, readonly string[]>> = {
  Pod: ['spec'],
  Deployment: ['spec', 'template', 'spec'],
  StatefulSet: ['spec', 'template', 'spec'],
  DaemonSet: ['spec', 'template', 'spec'],
  ReplicaSet: ['spec', 'template', 'spec'],
  ReplicationController: ['spec', 'template', 'spec'],
  Job: ['spec', 'template', 'spec'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
};

const CONTAINERS = ['containers', 'initContainers'];

interface ReferenceField {
  /** Kinds of what is named; of several, which one stands beside the name. */
  to: string;
  path: readonly string[];
}

const field = (to: string, path: string): ReferenceField => ({ to, path: path.split('.') });

/** Within a pod's spec. */
const IN_POD: readonly ReferenceField[] = [
  ...CONTAINERS.flatMap((list) => [
    field('ConfigMap', `${list}.*.env.*.valueFrom.configMapKeyRef.name`),
    field('ConfigMap', `${list}.*.envFrom.*.configMapRef.name`),
    field('Secret', `${list}.*.env.*.valueFrom.secretKeyRef.name`),
    field('Secret', `${list}.*.envFrom.*.secretRef.name`),
  ]),
  field('ConfigMap', 'volumes.*.configMap.name'),
  field('ConfigMap', 'volumes.*.projected.sources.*.configMap.name'),
  field('Secret', 'volumes.*.secret.secretName'),
  field('Secret', 'volumes.*.projected.sources.*.secret.name'),
  field('Secret', 'imagePullSecrets.*.name'),
  field('ServiceAccount', 'serviceAccountName'),
  field('ServiceAccount', 'serviceAccount'),
  field('PersistentVolumeClaim', 'volumes.*.persistentVolumeClaim.claimName'),
];

/** Of other objects, by kind (kustomize: api/internal/konfig/builtinpluginconsts/namereference.go). */
const IN_OBJECT: Readonly<Record<string, readonly ReferenceField[]>> = {
  Ingress: [
    field('Service', 'spec.rules.*.http.paths.*.backend.serviceName'),
    field('Service', 'spec.rules.*.http.paths.*.backend.service.name'),
    field('Service', 'spec.defaultBackend.service.name'),
    field('Service', 'spec.backend.serviceName'),
    field('Secret', 'spec.tls.*.secretName'),
    field('IngressClass', 'spec.ingressClassName'),
  ],
  StatefulSet: [field('Service', 'spec.serviceName')],
  HorizontalPodAutoscaler: ['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController'].map((kind) =>
    field(kind, 'spec.scaleTargetRef.name'),
  ),
  ServiceAccount: [field('Secret', 'secrets.*.name'), field('Secret', 'imagePullSecrets.*.name')],
};

/** Names of other objects follow those objects when a kustomization renames them. */
export function withReferences(resources: readonly Resource[]): Resource[] {
  const byFormer = new Map<string, Resource[]>();
  for (const resource of resources) {
    const now = currentId(resource).name;
    for (const name of new Set(resource.ids.map((id) => id.name))) {
      const key = `${currentId(resource).kind} ${name}`;
      if (name !== now || resource.ids.length > 1) addTo(byFormer, key, resource);
    }
  }
  if (byFormer.size === 0) return [...resources];
  return resources.map((resource) => {
    const id = currentId(resource);
    const pod = POD_PATHS[id.kind];
    let node: Node | null = resource.node;
    for (const { to, path } of pod === undefined ? [] : IN_POD) {
      node = withName(node, [...(pod ?? []), ...path], to, id, byFormer);
    }
    for (const { to, path } of IN_OBJECT[id.kind] ?? []) node = withName(node, path, to, id, byFormer);
    return node === resource.node ? resource : { ...resource, node: node as MapNode };
  });
}

/** There a neighbour says which kind is named. */
const KIND_BESIDE = 'scaleTargetRef';

function withName(
  root: Node | null,
  path: readonly string[],
  kind: string,
  from: ObjectId,
  byFormer: ReadonlyMap<string, readonly Resource[]>,
): Node | null {
  const parent = path.slice(0, -1);
  const last = path.at(-1) as string;
  const asksKind = parent.at(-1) === KIND_BESIDE;
  return changedAt(root, parent, null, (holder) => {
    const name = textAt(holder, last);
    if (name === null || (asksKind && textAt(holder, 'kind') !== kind)) return holder;
    const meant = meantBy(byFormer.get(`${kind} ${name}`) ?? [], name, from);
    if (meant === null || meant === name) return holder;
    return changedAt(holder, [last], null, (scalar) => scalarAtPlace(meant, scalar as ScalarNode));
  });
}

/** The name now of what was called so; null where that is not one thing. */
function meantBy(candidates: readonly Resource[], name: string, { namespace }: ObjectId): string | null {
  const near = candidates.filter((one) => one.ids.some((id) => id.namespace === namespace));
  const found = near.length > 0 ? near : candidates;
  if (found.some((one) => currentId(one).name === name)) return null;
  const names = new Set(found.map((one) => currentId(one).name));
  return names.size === 1 ? ([...names][0] as string) : null;
}
