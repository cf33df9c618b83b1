import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as yaml from 'yaml';
import { buildKustomization } from '../src/cluster/kustomize/build.ts';
import { createFolders } from '../src/cluster/kustomize/folders.ts';
import { createSheet } from '../src/cluster/kustomize/sheet.ts';
import { toJson } from '../src/cluster/yaml/node.ts';
import { TREES, type Tree } from './kustomize/trees.ts';

const hasKubectl = spawnSync('kubectl', ['kustomize', '--help']).status === 0;
if (!hasKubectl) console.warn('kubectl is not installed: what is built of kustomizations is not compared with it');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-kustomize-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function written({ name, files, build }: Tree): string {
  const root = join(folder, name.replaceAll(' ', '-'));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return join(root, build);
}

interface Built {
  objects: Record<string, unknown>;
  problems: string[];
}

const keyOf = (object: { kind?: string; metadata?: { name?: string; namespace?: string } }): string =>
  `${object.kind ?? ''} ${object.metadata?.namespace ?? ''}/${object.metadata?.name ?? ''}`;

function built(root: string): Built {
  const sheet = createSheet(yaml, (file) => readFileSync(file, 'utf8'));
  const problems: string[] = [];
  const { resources } = buildKustomization(root, sheet, createFolders(), (offset, says) => {
    const { file, line } = sheet.place(offset, offset);
    problems.push(`${file}:${line}: ${says}`);
  });
  // Secrets are named, but not read.
  const all = resources.map(({ node }) => toJson(node) as { kind?: string });
  return {
    objects: Object.fromEntries(all.filter(({ kind }) => kind !== 'Secret').map((one) => [keyOf(one), one])),
    problems,
  };
}

function expected(root: string): Record<string, unknown> {
  const text = execFileSync('kubectl', ['kustomize', root], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const all = yaml.parseAllDocuments(text).map((document) => document.toJS() as { kind?: string });
  return Object.fromEntries(all.filter(({ kind }) => kind !== 'Secret').map((one) => [keyOf(one), one]));
}

describe.skipIf(!hasKubectl)('a kustomization is built as kubectl kustomize builds it', () => {
  it.each(TREES)('$name', (tree) => {
    const root = written(tree);
    const { objects, problems } = built(root);
    expect(problems).toEqual([]);
    expect(JSON.parse(JSON.stringify(objects))).toEqual(expected(root));
  });
});
