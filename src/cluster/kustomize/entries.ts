import type { ScalarNode } from '../yaml/node.ts';
import { pathIn, type Folders } from './folders.ts';
import type { PatchDocument } from './patches.ts';
import type { Sheet, SheetDocument } from './sheet.ts';

/** What a build reads from, and whom it tells what is wrong. */
export interface Reading {
  sheet: Sheet;
  folders: Folders;
  /** Files that were read. */
  files: Set<string>;
  problem: (at: number, says: string) => void;
}

/** What the entries of one kustomization lead to. */
export interface Entries {
  /** A file or a folder; null, and said, where an entry leads to nothing that may be read. */
  path(entry: ScalarNode, wants: 'file' | 'any'): string | null;
  documents(file: string, isPatch: boolean): PatchDocument[];
  /** Of a text in the kustomization itself. */
  inline(entry: ScalarNode): PatchDocument[];
  /** All of a file as one text. */
  whole(entry: ScalarNode): ScalarNode | null;
}

const REMOTE = /^(?:[a-z][a-z0-9+.-]*:\/\/|git@|git::|github\.com[/:]|gitlab\.com[/:]|bitbucket\.org[/:])|[?&]ref=/i;

export function entriesOf(folder: string, kustomization: string, reading: Reading): Entries {
  const { sheet, folders, files, problem } = reading;

  const patchDocuments = (file: string, documents: readonly SheetDocument[], isPatch: boolean): PatchDocument[] =>
    documents.flatMap(({ node, span, fault }) => {
      if (fault !== null) problem(fault.offset, fault.says);
      return node === null ? [] : [{ node, layer: { folder, file, span, start: node.start, isPatch } }];
    });

  const pathOf = (entry: ScalarNode, wants: 'file' | 'any'): string | null => {
    const path = pathIn(folder, entry.text);
    if (folders.isFile(path)) {
      // As kustomize: what is not below it, another kustomization must hand on.
      if (folders.isBelow(folder, path)) return path;
      problem(entry.start, `${entry.text} is a file outside of its kustomization's folder: kustomize refuses it`);
      return null;
    }
    if (wants === 'any' && folders.isFolder(path)) return path;
    if (wants === 'any' && REMOTE.test(entry.text)) problem(entry.start, `${entry.text} is remote and was not read`);
    else problem(entry.start, `${entry.text}: no such file${wants === 'any' ? ' or folder' : ''}`);
    return null;
  };

  return {
    path: pathOf,
    documents(file, isPatch) {
      files.add(file);
      return patchDocuments(file, sheet.documents(file) ?? [], isPatch);
    },
    inline: (entry) => patchDocuments(kustomization, sheet.inside(entry), true),
    whole(entry) {
      const path = pathOf(entry, 'file');
      if (path === null) return null;
      files.add(path);
      return sheet.whole(path);
    },
  };
}
