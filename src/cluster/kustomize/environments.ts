import { addTo } from '../../base/group-by.ts';
import { textAt } from '../yaml/node.ts';
import type { Build } from './build.ts';
import { currentId } from './resource.ts';
import { POD_PATHS } from './references.ts';

/** A kustomization that no other takes in. */
export interface Root {
  folder: string;
  build: Build;
}

/** Roots whose objects stand in one cluster together. */
export interface RootSet {
  /** What its roots have in common beside others of their bases: `prod`; '' where nothing varies. */
  name: string;
  roots: readonly Root[];
}

/**
 * Which roots go together. Two that make the same workload of one base are alternatives (prod and
 * staging); those of different programs stand beside each other, alternatives of one name in one set.
 */
export function environmentsOf(roots: readonly Root[]): RootSet[] {
  const groups = alternatives(roots);
  const always = groups.filter((group) => group.length === 1).flat();
  const named = new Map<string, Root[]>();
  for (const group of groups) {
    if (group.length === 1) continue;
    const names = distinguishing(group.map(({ folder }) => folder));
    for (const [index, root] of group.entries()) addTo(named, names[index] as string, root);
  }
  if (named.size === 0) return [{ name: '', roots: always }];
  return [...named].map(([name, own]) => ({ name, roots: [...always, ...own] }));
}

/** Roots in groups that make the same of something. */
function alternatives(roots: readonly Root[]): Root[][] {
  const groupOf = new Map<Root, Root[]>(roots.map((root) => [root, [root]]));
  const makers = new Map<string, Root>();
  for (const root of roots) {
    for (const key of workloadKeys(root)) {
      const other = makers.get(key);
      if (other === undefined) makers.set(key, root);
      else {
        const [mine, theirs] = [groupOf.get(root) as Root[], groupOf.get(other) as Root[]];
        if (mine === theirs) continue;
        theirs.push(...mine);
        for (const one of mine) groupOf.set(one, theirs);
      }
    }
  }
  return [...new Set(groupOf.values())];
}

const workloadKeys = ({ build }: Root): string[] =>
  build.resources.flatMap((resource) => {
    const { kind, namespace, name } = currentId(resource);
    if (POD_PATHS[kind] === undefined && !OTHER_WORKLOADS.test(textAt(resource.node, 'apiVersion') ?? '')) return [];
    const [first] = resource.layers;
    return [`${kind} ${namespace} ${name}`, `${first?.file ?? ''}:${first?.start ?? 0}`];
  });

const OTHER_WORKLOADS = /^(?:argoproj\.io|serving\.knative\.dev|apps\.openshift\.io)\//;

/** What tells paths apart: without what all begin and end with. */
export function distinguishing(paths: readonly string[]): string[] {
  const all = paths.map((path) => path.split('/'));
  const shortest = Math.min(...all.map(({ length }) => length));
  const same = (step: (parts: readonly string[]) => string | undefined): boolean =>
    all.every((parts) => step(parts) === step(all[0] as string[]));
  let head = 0;
  while (head < shortest && same((parts) => parts[head])) head++;
  let tail = 0;
  while (tail < shortest - head && same((parts) => parts.at(-1 - tail))) tail++;
  // A folder above all others has nothing else to be told by.
  return all.map((parts, index) => parts.slice(head, parts.length - tail).join('/') || (paths[index] as string));
}
