import { realpathSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

/** What a kustomization may be called (kustomize: api/konfig/general.go). */
const KUSTOMIZATION_FILES: readonly string[] = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

export const isKustomizationFile = (name: string): boolean => KUSTOMIZATION_FILES.includes(name);

/** Files and folders as kustomizations ask for them. */
export interface Folders {
  /** The kustomization of a folder, null where it has none. */
  kustomizationOf(folder: string): string | null;
  isFolder(path: string): boolean;
  isFile(path: string): boolean;
  /** A file below a folder, wherever links lead. */
  isBelow(folder: string, file: string): boolean;
}

/** A path of an entry in a folder's kustomization, as the user would write it. */
export const pathIn = (folder: string, entry: string): string => join(folder, entry).replace(/(?<=.)\/$/, '');

export function createFolders(): Folders {
  const kustomizations = new Map<string, string | null>();
  return {
    kustomizationOf(folder) {
      const known = kustomizations.get(folder);
      if (known !== undefined) return known;
      const found =
        KUSTOMIZATION_FILES.map((name) => join(folder, name)).find((path) => kindOf(path) === 'file') ?? null;
      kustomizations.set(folder, found);
      return found;
    },
    isFolder: (path) => kindOf(path) === 'folder',
    isFile: (path) => kindOf(path) === 'file',
    isBelow: (folder, file) => isWithin(realpathSync(folder), realpathSync(file)),
  };
}

function kindOf(path: string): 'file' | 'folder' | null {
  try {
    const found = statSync(path);
    return found.isDirectory() ? 'folder' : found.isFile() ? 'file' : null;
  } catch {
    // Not there, or no name that could be.
    return null;
  }
}

export function isWithin(folder: string, path: string): boolean {
  const way = relative(resolve(folder), resolve(path));
  return way !== '..' && !way.startsWith(`..${sep}`);
}
