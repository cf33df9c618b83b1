import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

export interface Import {
  specifier: string;
  /** Path from the repository's root for a file of ours, else null. */
  target: string | null;
  /** Erased at compile time. */
  typeOnly: boolean;
  /** `await import(…)`: loaded when it is reached. */
  dynamic: boolean;
}

export interface SourceFile {
  /** From the repository's root, with slashes. */
  path: string;
  text: string;
  imports: readonly Import[];
}

// Anchored at the start of a line, and the clause between holds neither quotes nor semicolons:
// so neither comments nor strings are taken for imports.
const STATIC =
  /^[ \t]*(import|export)[ \t]+(type[ \t]+(?!,|from\b))?([\w\s{},*$]*?)[ \t\n]*\bfrom[ \t]*['"]([^'"\n]+)['"]/gm;
const BARE = /^[ \t]*import[ \t]*['"]([^'"\n]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/g;
// A CommonJS package may be loaded synchronously through createRequire.
const REQUIRED = /\brequire\(\s*['"]([^'"\n]+)['"]\s*\)/g;

/** The same text without comment lines, with the same line numbers. */
const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, '')).replace(/^[ \t]*\/\/.*$/gm, '');

export function parseSource(path: string, original: string): SourceFile {
  const text = withoutComments(original);
  const imports: Import[] = [];
  const add = (specifier: string, typeOnly: boolean, dynamic: boolean): void => {
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : null;
    imports.push({ specifier, target, typeOnly, dynamic });
  };
  for (const [, , type, clause, specifier] of text.matchAll(STATIC)) {
    const names = /\{([^}]*)\}/
      .exec(clause ?? '')?.[1]
      ?.split(',')
      .filter((name) => name.trim() !== '');
    const onlyTypes = names !== undefined && names.length > 0 && names.every((name) => /^\s*type\s/.test(name));
    const named = /^\s*\{/.test(clause ?? '');
    add(specifier as string, type !== undefined || (named && onlyTypes), false);
  }
  for (const [, specifier] of text.matchAll(BARE)) add(specifier as string, false, false);
  for (const [, specifier] of text.matchAll(DYNAMIC)) add(specifier as string, false, true);
  for (const [, specifier] of text.matchAll(REQUIRED)) add(specifier as string, false, true);
  return { path, text: original, imports };
}

/** All TypeScript files below a folder. @param root the repository's root */
export function readSources(root: string, folder: string): SourceFile[] {
  const found: SourceFile[] = [];
  for (const entry of readdirSync(posix.join(root, folder), { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
    const full = posix.join(entry.parentPath, entry.name);
    found.push(parseSource(posix.relative(root, full), readFileSync(full, 'utf8')));
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

export const isTest = (path: string): boolean => path.endsWith('.test.ts') || path.includes('/testing/');
