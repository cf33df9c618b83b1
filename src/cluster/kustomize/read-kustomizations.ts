import type { Collector, Branch } from '../collect.ts';
import { readSuppressions } from '../manifest-text.ts';
import type { Yaml } from '../yaml/full.ts';
import { createLines } from '../yaml/lines.ts';
import { buildKustomization } from './build.ts';
import { environmentsOf, type Root } from './environments.ts';
import { createFolders, isWithin } from './folders.ts';
import { rootsAmong } from './roots.ts';
import { createSheet } from './sheet.ts';

/** What the kustomizations among some folders build. */
export interface Kustomized {
  /** Files that are part of it, and stand for nothing by themselves. */
  files: ReadonlySet<string>;
  /** What stands in one cluster together, each with its objects. */
  environments: { name: string; branches: Branch[] }[];
  /** The folders that were built. */
  roots: string[];
  /** Folders outside of what the user named that were read, as kustomizations take them in. */
  outside: string[];
}

// Each is judged with all that stands beside: so many overlays of one base are a generator's.
const MAX_ENVIRONMENTS = 100;

/**
 * Builds all kustomizations that none of the others takes in.
 * @param named paths that the user named
 * @param read a file's text, null where it cannot be read
 */
export function readKustomizations(
  folders: readonly string[],
  named: readonly string[],
  yaml: Yaml,
  read: (file: string) => string | null,
  collector: Collector,
): Kustomized {
  const sheet = createSheet(yaml, read);
  const disk = createFolders();
  const told = new Set<string>();
  const tell = (file: string, line: number, column: number, says: string): void => {
    const key = `${file}:${line}:${says}`;
    if (!told.has(key)) collector.problem({ file, line, column, says });
    told.add(key);
  };
  const { roots, unused } = rootsAmong(folders, sheet, disk);
  for (const folder of unused) {
    tell(
      disk.kustomizationOf(folder) ?? folder,
      1,
      1,
      'is a component that no kustomization here takes in; it was not judged',
    );
  }
  const rootOf = (folder: string): Root => ({
    folder,
    build: buildKustomization(folder, sheet, disk, (offset, says) => {
      const { file, line, column } = sheet.place(offset, offset);
      tell(file, line, column, says);
    }),
  });
  const built = roots.map(rootOf);
  // Of a component nobody takes in, the patches are no objects either.
  const parts = unused.map((folder) => buildKustomization(folder, sheet, disk, () => {}));
  const files = new Set([...built.map(({ build }) => build), ...parts].flatMap((build) => [...build.files]));
  for (const [file, text] of sheet.files()) {
    if (!files.has(file)) continue;
    collector.file(file, text);
    readSuppressions(text, createLines(file, text).place, collector);
  }
  const branchOf = new Map(built.map((root) => [root, branchFor(root)]));
  const sets = environmentsOf(built);
  if (sets.length > MAX_ENVIRONMENTS) {
    const [first] = sets.slice(MAX_ENVIRONMENTS);
    tell(
      first?.roots.at(-1)?.folder ?? '',
      1,
      1,
      `and ${sets.length - MAX_ENVIRONMENTS - 1} more overlays were not judged; name one`,
    );
  }
  return {
    files,
    environments: sets.slice(0, MAX_ENVIRONMENTS).map(({ name, roots: own }) => ({
      name,
      branches: own.map((root) => branchOf.get(root) as Branch),
    })),
    roots: [...roots],
    outside: [...new Set(built.flatMap(({ build }) => [...build.folders]))].filter(
      (folder) => !named.some((path) => isWithin(path, folder)),
    ),
  };

  function branchFor({ folder, build }: Root): Branch {
    const branch = collector.branch();
    const usersOf = (file: string): string[] =>
      built.filter((other) => other.folder !== folder && other.build.files.has(file)).map((other) => other.folder);
    for (const { node } of build.resources) {
      const others = usersOf(sheet.place(node.start, node.start).file);
      branch.object({ lines: sheet, source: null, kustomization: { folder, others } }, node);
    }
    return branch;
  }
}
