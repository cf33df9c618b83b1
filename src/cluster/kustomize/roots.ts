import { itemsAt, textAt, type Node } from '../yaml/node.ts';
import { pathIn, type Folders } from './folders.ts';
import type { Sheet } from './sheet.ts';

/** False of what kustomize does not read: Flux has objects in files of that name too. */
const isKustomization = (node: Node | null): boolean => {
  const apiVersion = textAt(node, 'apiVersion');
  return apiVersion === null || apiVersion.startsWith('kustomize.config.k8s.io/');
};

export interface Roots {
  /** What no other takes in. */
  roots: string[];
  /** Components that none takes in: parts of nothing. */
  unused: string[];
}

/** Which of some folders with kustomizations stand for themselves. */
export function rootsAmong(folders: readonly string[], sheet: Sheet, disk: Folders): Roots {
  const components = new Set<string>();
  const takenBy = new Map<string, string[]>();
  for (const folder of folders) {
    const documents = sheet.documents(disk.kustomizationOf(folder) ?? '') ?? [];
    const node = documents.find((document) => document.node !== null)?.node ?? null;
    if (!isKustomization(node)) continue;
    if (textAt(node, 'kind') === 'Component') components.add(folder);
    const entries = ['resources', 'bases', 'components'].flatMap((list) => itemsAt(node, list));
    takenBy.set(
      folder,
      entries.flatMap((entry) => (entry?.type === 'scalar' ? pathIn(folder, entry.text) : [])),
    );
  }
  const taken = new Set([...takenBy].flatMap(([folder, paths]) => paths.filter((path) => path !== folder)));
  const left = [...takenBy.keys()].filter((folder) => !taken.has(folder));
  const reached = new Set<string>();
  const reach = (from: string): void => {
    const waiting = [from];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (reached.has(next)) continue;
      reached.add(next);
      waiting.push(...(takenBy.get(next) ?? []));
    }
  };
  left.forEach(reach);
  // Those that take in each other: one of them, which then says so.
  for (const folder of takenBy.keys()) {
    if (reached.has(folder)) continue;
    left.push(folder);
    reach(folder);
  }
  return {
    roots: left.filter((folder) => !components.has(folder)),
    unused: left.filter((folder) => components.has(folder)),
  };
}
