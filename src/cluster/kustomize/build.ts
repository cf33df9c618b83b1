import { child, itemsAt, scalarAt, textAt, type MapNode, type Node, type ScalarNode } from '../yaml/node.ts';
import { pathIn, type Folders } from './folders.ts';
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
const NOT_DONE = [
  'helmCharts', 'helmChartInflationGenerator', 'generators', 'transformers', 'validators', 'replacements', 'vars',
  'configurations',
]; // prettier-ignore

const REMOTE = /^(?:[a-z][a-z0-9+.-]*:\/\/|git@|git::|github\.com[/:]|gitlab\.com[/:]|bitbucket\.org[/:])|[?&]ref=/i;

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
  const visited = new Set<string>();
  const files = new Set<string>();
  let visits = 0;

  const documentsIn = (file: string): { node: Node; span: Layer['span'] }[] => {
    files.add(file);
    return (sheet.documents(file) ?? []).flatMap(({ node, span, fault }) => {
      if (fault !== null) problem(fault.offset, fault.says);
      return node === null ? [] : [{ node, span }];
    });
  };

  /** What a kustomization in a folder makes of objects that are there already. */
  const accumulated = (folder: string, inherited: readonly Resource[], above: readonly string[]): Resource[] => {
    const file = folders.kustomizationOf(folder);
    if (file === null || ++visits > MAX_VISITS) return [...inherited];
    visited.add(folder);
    const [document] = documentsIn(file);
    const kustomization = document?.node;
    if (kustomization?.type !== 'map') return [...inherited];
    const chain = [...above, folder];
    const layerOf = (from: string, node: Node, span: Layer['span'], isPatch: boolean): Layer => ({
      folder, file: from, span, start: node.start, isPatch,
    }); // prettier-ignore

    /** A path of an entry; null, and said, where it leads to nothing that may be read. */
    const resolved = (entry: ScalarNode, wants: 'file' | 'any'): string | null => {
      const path = pathIn(folder, entry.text);
      if (folders.isFile(path)) {
        // As kustomize: what is not below it, another kustomization must hand on.
        if (!folders.isBelow(folder, path)) {
          problem(entry.start, `${entry.text} is a file outside of its kustomization's folder: kustomize refuses it`);
          return null;
        }
        return path;
      }
      if (wants === 'any' && folders.isFolder(path)) return path;
      if (wants === 'any' && REMOTE.test(entry.text)) problem(entry.start, `${entry.text} is remote and was not read`);
      else problem(entry.start, `${entry.text}: no such file${wants === 'any' ? ' or folder' : ''}`);
      return null;
    };

    const taken = (entry: Node | null, before: readonly Resource[], isComponent: boolean): Resource[] => {
      if (entry?.type !== 'scalar') return isComponent ? [...before] : [];
      const path = resolved(entry, 'any');
      if (path === null) return isComponent ? [...before] : [];
      if (folders.isFolder(path)) {
        if (chain.includes(path) || chain.length >= MAX_DEPTH) {
          problem(entry.start, `${entry.text} leads back to a kustomization that it is part of`);
          return isComponent ? [...before] : [];
        }
        if (folders.kustomizationOf(path) === null) problem(entry.start, `${entry.text} has no kustomization.yaml`);
        return accumulated(path, isComponent ? before : [], chain);
      }
      return documentsIn(path).flatMap(({ node, span }) => resourcesOf(node, layerOf(path, node, span, false)));
    };

    const context: PatchContext = {
      file(entry) {
        const path = resolved(entry, 'file');
        if (path === null) return [];
        return documentsIn(path).map(({ node, span }) => ({ node, layer: layerOf(path, node, span, true) }));
      },
      inline: (entry) =>
        sheet.inside(entry).flatMap(({ node, span, fault }) => {
          if (fault !== null) problem(fault.offset, fault.says);
          return node === null ? [] : [{ node, layer: layerOf(file, node, span, true) }];
        }),
      problem: ({ start }, says) => problem(start, says),
    };

    let resources: Resource[] = [...inherited];
    for (const list of ['resources', 'bases']) {
      for (const entry of itemsAt(kustomization, list)) {
        resources.push(...taken(entry, [], false));
        if (resources.length > MAX_RESOURCES) {
          problem(kustomization.start, `builds more than ${MAX_RESOURCES} objects; those beyond are left out`);
          return resources.slice(0, MAX_RESOURCES);
        }
      }
    }
    resources = withGenerated(resources, kustomization, {
      layer: layerOf(file, kustomization, document?.span ?? [0, 0], true),
      file: (entry) => {
        const path = resolved(entry, 'file');
        if (path !== null) files.add(path);
        return path === null ? null : sheet.whole(path);
      },
    });
    for (const entry of itemsAt(kustomization, 'components')) resources = taken(entry, resources, true);
    for (const key of NOT_DONE) {
      const found = kustomization.pairs.find((pair) => pair.key.text === key);
      if (found?.value != null) problem(found.key.start, `${key} are not applied here; build it first: kubectl kustomize ${folder} | kubelag lint -`);
    }
    resources = transformed(patched(resources, kustomization, context), kustomization);
    return countedAndTagged(patchedLate(resources, kustomization, context), kustomization);
  };

  const resources = withReferences(accumulated(root, [], []));
  return { resources, folders: visited, files };
} // prettier-ignore

// `kind: List` in a `kind: List`: what nests deeper is an attack.
const MAX_LISTS = 3;

function resourcesOf(node: Node | null, layer: Layer, depth = 0): Resource[] {
  if (node?.type !== 'map' || depth > MAX_LISTS) return [];
  if (textAt(node, 'kind')?.endsWith('List') === true && child(node, 'items')?.type === 'sequence') {
    return itemsAt(node, 'items').flatMap((item) => resourcesOf(item, { ...layer, start: item?.start ?? 0 }, depth + 1));
  }
  if (scalarAt(node, 'kind') === null || scalarAt(node, 'apiVersion') === null) return [];
  const own: MapNode = node;
  return [{ node: own, ids: [idOf(own)], layers: [{ ...layer, start: own.start }] }];
} // prettier-ignore
