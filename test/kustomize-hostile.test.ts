import { dirname } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as yaml from 'yaml';
import { buildKustomization } from '../src/cluster/kustomize/build.ts';
import type { Folders } from '../src/cluster/kustomize/folders.ts';
import { createSheet } from '../src/cluster/kustomize/sheet.ts';
import { toJson } from '../src/cluster/yaml/node.ts';
import { TREES } from './kustomize/trees.ts';

/** What stands in no folder on disk. */
function foldersOf(files: Readonly<Record<string, string>>): Folders {
  const all = new Set(Object.keys(files).flatMap((file) => parentsOf(file)));
  return {
    kustomizationOf: (folder) =>
      ['kustomization.yaml', 'kustomization.yml'].map((name) => `${folder}/${name}`).find((file) => file in files) ?? null,
    isFolder: (path) => all.has(path),
    isFile: (path) => Object.hasOwn(files, path),
    isBelow: (folder, file) => file.startsWith(`${folder}/`),
  };
} // prettier-ignore

function parentsOf(file: string): string[] {
  const folder = dirname(file);
  return folder === '.' ? [] : [folder, ...parentsOf(folder)];
}

/** Some of a text gone, doubled, or other signs in its place. */
const damage = fc.record({
  file: fc.nat(),
  at: fc.nat(),
  length: fc.nat(40),
  put: fc.oneof(
    fc.constantFrom('', '\n', ': ', '- ', '{', '}', '[', ']', '|-', '&a ', '*a', '"', "'", '$patch: delete', '~', '../', '0'),
    fc.string({ maxLength: 8 }),
  ),
}); // prettier-ignore

describe('a kustomization that is damaged', () => {
  it('is built as far as it can be, and never throws', () => {
    fc.assert(
      fc.property(fc.constantFrom(...TREES), fc.array(damage, { minLength: 1, maxLength: 4 }), (tree, damages) => {
        const files = { ...tree.files };
        const names = Object.keys(files);
        for (const { file, at, length, put } of damages) {
          const name = names[file % names.length] as string;
          const text = files[name] as string;
          const from = at % (text.length + 1);
          files[name] = text.slice(0, from) + put + text.slice(from + length);
        }
        const sheet = createSheet(yaml, (file) => files[file] ?? null);
        const { resources } = buildKustomization(tree.build, sheet, foldersOf(files), (offset, says) => {
          expect(sheet.place(offset, offset).file in files).toBe(true);
          expect(says).not.toBe('');
        });
        for (const { node } of resources) {
          JSON.stringify(toJson(node));
          expect(sheet.place(node.start, node.end).file in files).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
  });
});
