import { textAt, type MapNode, type Node, type Pair, type SequenceNode } from '../yaml/node.ts';
import { withItems, withValue } from './tree.ts';

/**
 * Lists whose items the API's own types merge by a key; all others are replaced as a whole
 * (`x-kubernetes-patch-merge-key` in the OpenAPI description of Kubernetes 1.32).
 */
const MERGE_KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  ephemeralContainers: ['name'],
  env: ['name'],
  volumes: ['name'],
  imagePullSecrets: ['name'],
  secrets: ['name'],
  // Of a container, then of a Service.
  ports: ['containerPort', 'port'],
  volumeMounts: ['mountPath'],
  volumeDevices: ['devicePath'],
  hostAliases: ['ip'],
  topologySpreadConstraints: ['topologyKey'],
};

/** Merged, or taken away: a patch that says `$patch: delete`. */
export type Merged = { node: Node | null } | 'deleted';

/**
 * A strategic-merge patch as kustomize applies it.
 * @param builtIn a type of Kubernetes itself; of others all lists are replaced
 */
export function strategicMerge(target: Node | null, patch: Node | null, builtIn: boolean): Merged {
  if (patch?.type !== 'map') return { node: patch };
  const directive = textAt(patch, '$patch');
  if (directive === 'delete') return 'deleted';
  if (target?.type !== 'map' || directive === 'replace') return { node: withoutDirectives(patch) };
  let merged: MapNode = target;
  for (const { key, value } of patch.pairs) {
    if (key.text.startsWith('$')) continue;
    const before = merged.pairs.findLast((pair) => pair.key.text === key.text) ?? null;
    const one = mergedValue(key.text, before?.value ?? null, value, builtIn);
    // `null` takes away; so does a key with nothing behind its colon.
    if (one === null || (one.type === 'scalar' && one.value === null)) merged = withValue(merged, key.text, null);
    else if (before === null) merged = { ...merged, pairs: [...merged.pairs, { key, value: one }] };
    else merged = withValue(merged, key.text, one);
  }
  return { node: merged };
}

function mergedValue(key: string, before: Node | null, patch: Node | null, builtIn: boolean): Node | null {
  if (patch?.type === 'sequence') return mergedList(key, before, patch, builtIn);
  const merged = strategicMerge(before, patch, builtIn);
  return merged === 'deleted' ? null : merged.node;
}

function mergedList(key: string, before: Node | null, patch: SequenceNode, builtIn: boolean): SequenceNode {
  const keys = builtIn ? MERGE_KEYS[key] : undefined;
  const replaces = patch.items.some((item) => textAt(item, '$patch') === 'replace');
  if (keys === undefined || before?.type !== 'sequence' || replaces) {
    const items = patch.items.filter((item) => textAt(item, '$patch') === null).map(withoutDirectives);
    return items.length === patch.items.length ? patch : withItems(patch, items);
  }
  const left = [...before.items];
  const first: (Node | null)[] = [];
  for (const item of patch.items) {
    const index = left.findIndex((one) => isSame(one, item, keys));
    const found = index < 0 ? null : (left[index] as Node | null);
    if (index >= 0) left.splice(index, 1);
    const merged = strategicMerge(found, item, builtIn);
    if (merged !== 'deleted') first.push(merged.node);
  }
  // What a patch names stands first, in its order: so does kustomize.
  return withItems(before, [...first, ...left]);
}

function isSame(one: Node | null, other: Node | null, keys: readonly string[]): boolean {
  const key = keys.find((name) => textAt(other, name) !== null);
  if (key === undefined || textAt(one, key) !== textAt(other, key)) return false;
  // Ports of one number may differ in their protocol.
  const [first, second] = [textAt(one, 'protocol'), textAt(other, 'protocol')];
  return first === null || second === null || first === second;
}

function withoutDirectives<Any extends Node | null>(node: Any): Any {
  if (node?.type !== 'map') return node;
  const pairs: Pair[] = node.pairs
    .filter(({ key, value }) => !key.text.startsWith('$') && value !== null)
    .map(({ key, value }) => ({ key, value: withoutDirectives(value) }));
  return { ...node, pairs };
}
