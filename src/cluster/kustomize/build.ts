import { child, itemsAt, scalarAt, textAt, type MapNode, type Node } from '../yaml/node.ts';
import { entriesOf, type Reading } from './entries.ts';
import type { Folders } from './folders.ts';
import { withGenerated } from './generators.ts';
import { patched, patchedLate, type PatchContext } from './patches.ts';
import { idOf, type Layer, type Resource } from './resource.ts';
import type { Sheet } from './sheet.ts';
import { withReferences } from './references.ts';
import { countedAndTagged, transformed } from './transformers.ts';

/** Objects as a kustomization builds them, and what it was built of. */
export interface Build {
  resources: readonly Resource[];
  /** Folders with a kustomization that it goes through, itself first. */
  folders: ReadonlySet<string>;
  /** Files that it takes objects, patches and data from. */
  files: ReadonlySet<string>;
}

// Overlays of overlays nest a few levels.
const MAX_DEPTH = 32;
// Folders that take each other in twice double at each level.
const MAX_VISITS = 2_000;
const MAX_RESOURCES = 50_000;

/** Of these a build without plugins and network says only that they are there. */
const NOT_DONE: ReadonlySet<string> = new Set([
  'helmCharts', 'helmChartInflationGenerator', 'generators', 'transformers', 'validators', 'replacements', 'vars',
  'configurations',
]); // prettier-ignore

/**
 * Builds a kustomization as `kustomize build` does, without network: each value of what it builds
 * knows the file and line that it comes from.
 */
export function buildKustomization(
  root: string,
  sheet: Sheet,
  folders: Folders,
  problem: (at: number, says: string) => void,
): Build {
  const reading: Reading = { sheet, folders, files: new Set(), problem };
  const visited = new Set<string>();
  let visits = 0;

  /** What the kustomization in a folder makes of objects that are there already. */
  const accumulated = (folder: string, inherited: readonly Resource[], above: readonly string[]): Resource[] => {
    const file = folders.kustomizationOf(folder);
    if (file === null) return [...inherited];
    visited.add(folder);
    const entries = entriesOf(folder, file, reading);
    const [document] = entries.documents(file, true);
    const kustomization = document?.node;
    if (document === undefined || kustomization?.type !== 'map') return [...inherited];
    if (++visits > MAX_VISITS) {
      problem(kustomization.start, `takes in more than ${MAX_VISITS} kustomizations; those beyond are left out`);
      return [...inherited];
    }
    const chain = [...above, folder];

    /** What an entry brings; a component, what it makes of those that are there before. */
    const brought = (entry: Node | null, before: readonly Resource[]): Resource[] => {
      const path = entry?.type === 'scalar' ? entries.path(entry, 'any') : null;
      if (entry === null || path === null) return [...before];
      if (!folders.isFolder(path)) {
        const own = entries.documents(path, false).flatMap(({ node, layer }) => resourcesOf(node, layer));
        return [...before, ...own];
      }
      const name = entry.type === 'scalar' ? entry.text : path;
      if (chain.includes(path) || chain.length >= MAX_DEPTH) {
        problem(entry.start, `${name} leads back to a kustomization that it is part of`);
        return [...before];
      }
      if (folders.kustomizationOf(path) === null) problem(entry.start, `${name} has no kustomization.yaml`);
      return accumulated(path, before, chain);
    };

    let resources: Resource[] = [...inherited];
    for (const entry of ['resources', 'bases'].flatMap((list) => itemsAt(kustomization, list))) {
      for (const resource of brought(entry, [])) resources.push(resource);
      if (resources.length > MAX_RESOURCES) {
        problem(kustomization.start, `builds more than ${MAX_RESOURCES} objects; those beyond are left out`);
        return resources.slice(0, MAX_RESOURCES);
      }
    }
    resources = withGenerated(resources, kustomization, { layer: document.layer, file: entries.whole });
    for (const entry of itemsAt(kustomization, 'components')) resources = brought(entry, resources);
    for (const { key, value } of kustomization.pairs) {
      if (value === null || !NOT_DONE.has(key.text)) continue;
      problem(
        key.start,
        `${key.text} are not applied here; build it first: kubectl kustomize ${folder} | kubelag lint -`,
      );
    }
    const context: PatchContext = {
      file(entry) {
        const path = entries.path(entry, 'file');
        return path === null ? [] : entries.documents(path, true);
      },
      inline: entries.inline,
      problem: ({ start }, says) => problem(start, says),
    };
    resources = transformed(patched(resources, kustomization, context), kustomization);
    return countedAndTagged(patchedLate(resources, kustomization, context), kustomization);
  };

  const resources = withReferences(accumulated(root, [], []));
  return { resources, folders: visited, files: reading.files };
}

// `kind: List` in a `kind: List`: what nests deeper is an attack.
const MAX_LISTS = 3;

function resourcesOf(node: Node | null, layer: Layer, depth = 0): Resource[] {
  if (node?.type !== 'map' || depth > MAX_LISTS) return [];
  if (textAt(node, 'kind')?.endsWith('List') === true && child(node, 'items')?.type === 'sequence') {
    return itemsAt(node, 'items').flatMap((item) =>
      resourcesOf(item, { ...layer, start: item?.start ?? 0 }, depth + 1),
    );
  }
  if (scalarAt(node, 'kind') === null || scalarAt(node, 'apiVersion') === null) return [];
  const own: MapNode = node;
  return [{ node: own, ids: [idOf(own)], layers: [{ ...layer, start: own.start }] }];
}
