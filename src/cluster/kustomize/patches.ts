import { child, itemsAt, scalarAt, textAt, type MapNode, type Node, type ScalarNode } from '../yaml/node.ts';
import { CannotPatch, jsonPatch } from './json-patch.ts';
import { currentId, groupOf, idOf, isBuiltIn, type Layer, type ObjectId, type Resource } from './resource.ts';
import { strategicMerge } from './strategic-merge.ts';
import { matchesSelector } from './transformers.ts';
import { withValue } from './tree.ts';

/** Documents of a patch, wherever it stands. */
export interface PatchDocument {
  node: Node;
  layer: Layer;
}

export interface PatchContext {
  /** The documents of a file below the kustomization; what is wrong with it was said. */
  file(entry: ScalarNode): readonly PatchDocument[];
  /** Those of a text in the kustomization itself. */
  inline(entry: ScalarNode): readonly PatchDocument[];
  problem(at: { start: number; end: number }, says: string): void;
}

/** Patches before names are changed: `patchesStrategicMerge`, then `patches`. */
export function patched(resources: readonly Resource[], kustomization: Node, context: PatchContext): Resource[] {
  let changed = [...resources];
  for (const entry of itemsAt(kustomization, 'patchesStrategicMerge')) {
    if (entry?.type !== 'scalar') continue;
    const documents =
      entry.text.includes('\n') || /^\s*\{/.test(entry.text) ? context.inline(entry) : context.file(entry);
    for (const document of documents) changed = applied(changed, document, null, context);
  }
  for (const entry of itemsAt(kustomization, 'patches')) changed = withEntry(changed, entry, context);
  return changed;
}

/** Those of the list that kustomize applies after names and labels. */
export const patchedLate = (resources: readonly Resource[], kustomization: Node, context: PatchContext): Resource[] =>
  itemsAt(kustomization, 'patchesJson6902').reduce<Resource[]>(
    (all, entry) => withEntry(all, entry, context),
    [...resources],
  );

function withEntry(resources: readonly Resource[], entry: Node | null, context: PatchContext): Resource[] {
  const path = scalarAt(entry, 'path');
  const inline = scalarAt(entry, 'patch');
  const documents = inline !== null ? context.inline(inline) : path !== null ? context.file(path) : [];
  const target = child(entry, 'target');
  return documents.reduce<Resource[]>((all, document) => applied(all, document, target, context), [...resources]);
}

function applied(
  resources: readonly Resource[],
  { node, layer }: PatchDocument,
  target: Node | null,
  { problem }: PatchContext,
): Resource[] {
  const { type } = node;
  if (type === 'sequence' && target === null) {
    problem(node, 'is a JSON patch without target; say which object it changes');
    return [...resources];
  }
  if (type === 'scalar') return [...resources];
  let count = 0;
  const changed = resources.flatMap((resource) => {
    const isMeant = target === null ? isNamed(resource, node as MapNode) : isTarget(resource, target);
    if (!isMeant) return [resource];
    count++;
    try {
      return withPatch(resource, node, layer);
    } catch (error) {
      if (!(error instanceof CannotPatch)) throw error;
      problem(node, error.message);
      return [resource];
    }
  });
  if (count === 0 && target === null) {
    const { kind, name } = idOf(node as MapNode);
    problem(node, `is a patch of ${kind} ${name}, which is not there`);
  }
  return changed;
}

function withPatch(resource: Resource, patch: Node, layer: Layer): Resource[] {
  const layers = [...resource.layers, layer];
  if (patch.type === 'sequence') {
    const node = jsonPatch(resource.node, patch);
    return node.type === 'map' ? [{ ...resource, node, layers }] : [];
  }
  const merged = strategicMerge(resource.node, patch, isBuiltIn(currentId(resource)));
  if (merged === 'deleted' || merged.node?.type !== 'map') return [];
  // A patch does not rename what it changes.
  let { node } = merged as { node: MapNode };
  for (const key of ['kind', 'apiVersion']) node = withValue(node, key, child(resource.node, key));
  const [before, after] = [child(resource.node, 'metadata'), child(node, 'metadata')];
  if (after?.type === 'map') {
    let metadata = after;
    for (const key of ['name', 'namespace']) metadata = withValue(metadata, key, child(before, key));
    node = withValue(node, 'metadata', metadata);
  }
  return [{ ...resource, node, layers }];
}

/** Whether a patch names the object by one of the names that it has or had. */
function isNamed({ ids }: Resource, patch: MapNode): boolean {
  const wanted = idOf(patch);
  const isIt = ({ group, kind, namespace, name }: ObjectId): boolean =>
    group === wanted.group &&
    kind === wanted.kind &&
    name === wanted.name &&
    (namespace || 'default') === (wanted.namespace || 'default');
  return ids.some(isIt);
}

// A pattern of the user's own that takes long to match would take long everywhere.
const MAX_PATTERN = 200;

function isTarget(resource: Resource, target: Node): boolean {
  const { node, ids } = resource;
  const [kind, name, namespace] = ['kind', 'name', 'namespace'].map((key) => patternOf(textAt(target, key)));
  const [group, version] = [textAt(target, 'group'), textAt(target, 'version')];
  const apiVersion = textAt(node, 'apiVersion') ?? '';
  if (group !== null && groupOf(apiVersion) !== group) return false;
  if (version !== null && apiVersion.split('/').at(-1) !== version) return false;
  if (kind?.(currentId(resource).kind) === false) return false;
  if (!ids.some((id) => name?.(id.name) !== false && namespace?.(id.namespace || 'default') !== false)) return false;
  const metadata = child(node, 'metadata');
  const selectors = { labelSelector: 'labels', annotationSelector: 'annotations' };
  return Object.entries(selectors).every(([key, held]) => {
    const selector = textAt(target, key);
    return selector === null || matchesSelector(child(metadata, held), selector);
  });
}

/** Anchored regular expressions, as kustomize takes them. */
function patternOf(text: string | null): ((value: string) => boolean) | null {
  if (text === null || text === '') return null;
  if (/^[\w-]+$/.test(text) || text.length > MAX_PATTERN || /[*+}]\)?[*+{]/.test(text))
    return (value) => value === text;
  try {
    const expression = new RegExp(`^(?:${text})$`);
    return (value) => expression.test(value);
  } catch {
    return (value) => value === text;
  }
}
