import { child, itemsAt, scalarAt, textAt, toJson, type MapNode, type Node, type ScalarNode } from '../yaml/node.ts';
import { POD_PATHS, withReferences } from './references.ts';
import { currentId, nameNodeOf, prefixed, renamed, type Resource } from './resource.ts';
import { changedAt, mapAtPlace, scalarAtPlace, withItems, withValue } from './tree.ts';

/** What a kustomization does to all of its objects, in kustomize's order (api/internal/target/kusttarget_configplugin.go). */
export function transformed(resources: readonly Resource[], kustomization: Node): Resource[] {
  const named = withReferences(withNames(withNamespace(resources, kustomization), kustomization));
  return withAnnotations(withLabels(named, kustomization), kustomization);
}

/** What comes after patches of JSON that stand in a list of their own. */
export const countedAndTagged = (resources: readonly Resource[], kustomization: Node): Resource[] =>
  withImages(withReplicas(resources, kustomization), kustomization);

/** Kinds that are of no namespace. */
const OF_CLUSTER: ReadonlySet<string> = new Set([
  'Namespace', 'Node', 'PersistentVolume', 'ClusterRole', 'ClusterRoleBinding', 'CustomResourceDefinition', 'StorageClass',
  'IngressClass', 'PriorityClass', 'RuntimeClass', 'CSIDriver', 'CSINode', 'VolumeAttachment', 'APIService',
  'MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration', 'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding', 'PodSecurityPolicy', 'FlowSchema', 'PriorityLevelConfiguration',
]); // prettier-ignore

function withNamespace(resources: readonly Resource[], kustomization: Node): Resource[] {
  const namespace = scalarAt(kustomization, 'namespace');
  if (namespace === null || namespace.value === null) return [...resources];
  return resources.map((resource) => {
    const { kind } = currentId(resource);
    if (kind === 'Namespace') return renamed(resource, 'name', namespace);
    return OF_CLUSTER.has(kind) ? resource : renamed(resource, 'namespace', namespace);
  });
}

/** What keeps its name whatever a kustomization says. */
const UNPREFIXED: ReadonlySet<string> = new Set(['CustomResourceDefinition', 'APIService', 'Namespace']);

function withNames(resources: readonly Resource[], kustomization: Node): Resource[] {
  const prefix = textAt(kustomization, 'namePrefix') ?? '';
  const suffix = textAt(kustomization, 'nameSuffix') ?? '';
  if (prefix === '' && suffix === '') return [...resources];
  return resources.map((resource) => {
    const name = nameNodeOf(resource);
    if (name === null || UNPREFIXED.has(currentId(resource).kind)) return resource;
    return renamed(resource, 'name', prefixed(name, prefix, suffix));
  });
}

/** Where labels go besides `metadata`: which kinds, and whether the map is made where it is not there. */
const SELECTORS: readonly (readonly [kinds: readonly string[], path: readonly string[], create: boolean])[] = [
  [['Service', 'ReplicationController'], ['spec', 'selector'], true],
  [['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'], ['spec', 'selector', 'matchLabels'], true],
  [['Job', 'PodDisruptionBudget'], ['spec', 'selector', 'matchLabels'], false],
  [['CronJob'], ['spec', 'jobTemplate', 'spec', 'selector', 'matchLabels'], false],
  [['NetworkPolicy'], ['spec', 'podSelector', 'matchLabels'], false],
];

const templatesOf = (kind: string): string[][] => {
  const pod = POD_PATHS[kind];
  if (pod === undefined || kind === 'Pod') return [];
  const own = [...pod.slice(0, -1), 'metadata'];
  return kind === 'CronJob' ? [own, ['spec', 'jobTemplate', 'metadata']] : [own];
};

function withLabels(resources: readonly Resource[], kustomization: Node): Resource[] {
  const common = child(kustomization, 'commonLabels');
  const entries = [
    ...itemsAt(kustomization, 'labels').map((entry) => ({
      pairs: child(entry, 'pairs'),
      selectors: scalarAt(entry, 'includeSelectors')?.value === true,
      templates: scalarAt(entry, 'includeTemplates')?.value === true,
    })),
    { pairs: common, selectors: true, templates: true },
  ];
  return entries.reduce<Resource[]>(
    (all, { pairs, selectors, templates }) => {
      if (pairs?.type !== 'map') return all;
      return all.map((resource) => {
        const { kind, group } = currentId(resource);
        let node = withTexts(resource.node, ['metadata', 'labels'], pairs, true);
        for (const [kinds, path, create] of selectors ? SELECTORS : []) {
          // Knative's Service selects nothing.
          if (kinds.includes(kind) && (kind !== 'Service' || group === '')) node = withTexts(node, path, pairs, create);
        }
        for (const path of selectors || templates ? templatesOf(kind) : []) {
          node = withTexts(node, [...path, 'labels'], pairs, true);
        }
        return { ...resource, node };
      });
    },
    [...resources],
  );
}

function withAnnotations(resources: readonly Resource[], kustomization: Node): Resource[] {
  const pairs = child(kustomization, 'commonAnnotations');
  if (pairs?.type !== 'map') return [...resources];
  return resources.map((resource) => {
    const paths = [['metadata'], ...templatesOf(currentId(resource).kind)];
    const node = paths.reduce((all, path) => withTexts(all, [...path, 'annotations'], pairs, true), resource.node);
    return { ...resource, node };
  });
}

const withTexts = (node: MapNode, path: readonly string[], { pairs }: MapNode, create: boolean): MapNode =>
  pairs.reduce(
    (all, { key, value }) =>
      value === null
        ? all
        : (changedAt(all, path, create ? key : null, (found) =>
            found?.type === 'map'
              ? withValue(found, key.text, value)
              : create
                ? mapAtPlace([[key.text, value]], key)
                : found,
          ) as MapNode),
    node,
  );

const SCALED: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController']);

function withReplicas(resources: readonly Resource[], kustomization: Node): Resource[] {
  return itemsAt(kustomization, 'replicas').reduce<Resource[]>(
    (all, entry) => {
      const count = scalarAt(entry, 'count');
      const name = textAt(entry, 'name');
      if (count === null) return all;
      return all.map((resource) => {
        const meant = SCALED.has(currentId(resource).kind) && resource.ids.some((id) => id.name === name);
        const node = meant ? changedAt(resource.node, ['spec', 'replicas'], count, () => count) : resource.node;
        return { ...resource, node: node as MapNode };
      });
    },
    [...resources],
  );
}

// Pods stand at most this deep in any object.
const MAX_DEPTH = 16;

function withImages(resources: readonly Resource[], kustomization: Node): Resource[] {
  const entries = itemsAt(kustomization, 'images').filter((entry) => textAt(entry, 'name') !== null);
  if (entries.length === 0) return [...resources];
  const image = (scalar: Node | null): Node | null =>
    entries.reduce<Node | null>((now, entry) => (now?.type === 'scalar' ? taggedImage(now, entry) : now), scalar);
  const within = (node: Node | null, depth: number): Node | null => {
    if (node === null || node.type === 'scalar' || depth > MAX_DEPTH) return node;
    if (node.type === 'sequence') {
      const items = node.items.map((item) => within(item, depth + 1));
      return items.every((item, index) => item === node.items[index]) ? node : withItems(node, items);
    }
    const pairs = node.pairs.map((pair) => {
      const isList = pair.key.text === 'containers' || pair.key.text === 'initContainers';
      const value = isList ? changedAt(pair.value, ['*', 'image'], null, image) : within(pair.value, depth + 1);
      return value === pair.value ? pair : { ...pair, value };
    });
    return pairs.every((pair, index) => pair === node.pairs[index]) ? node : { ...node, pairs };
  };
  return resources.map((resource) =>
    currentId(resource).kind === 'CustomResourceDefinition'
      ? resource
      : { ...resource, node: within(resource.node, 0) as MapNode },
  );
}

/** Name, tag and digest of an image. */
const IMAGE = /^(.+?)(:[\w.-]+)?(@[\w.+-]+:[0-9a-fA-F]+)?$/;

function taggedImage(image: ScalarNode, entry: Node | null): ScalarNode {
  const [, name = '', tag = '', digest = ''] = IMAGE.exec(image.text) ?? [];
  if (name !== textAt(entry, 'name')) return image;
  const [newName, newTag, newDigest] = ['newName', 'newTag', 'digest'].map((key) => scalarAt(entry, key));
  const version =
    newDigest !== null && newDigest !== undefined
      ? `@${newDigest.text}`
      : newTag !== null && newTag !== undefined
        ? `:${newTag.text}`
        : `${tag}${digest}`;
  const text = `${newName?.text ?? name}${version}`;
  // Where it is said what runs: the tag before the name.
  return text === image.text ? image : scalarAtPlace(text, newDigest ?? newTag ?? newName ?? image);
}

/** Whether labels or annotations are as a patch's target asks (`app=web,tier!=db,env in (a,b)`). */
export function matchesSelector(labels: Node | null, selector: string): boolean {
  const all = (toJson(labels) ?? {}) as Record<string, unknown>;
  return selector.split(/,(?![^(]*\))/).every((part) => {
    const one = /^\s*(!?)([\w./-]+)\s*(?:(==?|!=)\s*([\w.-]*)|(in|notin)\s*\(([^)]*)\))?\s*$/.exec(part);
    if (one === null) return false;
    const [, not, key = '', operator, value, set, values = ''] = one;
    const has = typeof all[key] === 'string' || typeof all[key] === 'number';
    const found = String(all[key]);
    if (set !== undefined) return (has && values.split(',').some((each) => each.trim() === found)) === (set === 'in');
    if (operator === undefined) return has === (not === '');
    return operator === '!=' ? !has || found !== value : has && found === value;
  });
}
