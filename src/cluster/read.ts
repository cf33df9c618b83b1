import { closeSync, fstatSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { UserError } from '../model/user-error.ts';
import type { Manifests } from '../model/workload.ts';
import { createCollector, type Collector } from './collect.ts';
import { isDockerfile, readDockerfile } from './dockerfile.ts';
import { isKustomizationFile } from './kustomize/folders.ts';
import { readKustomizations } from './kustomize/read-kustomizations.ts';
import { isLockFile, readLockFile } from './lock-files.ts';
import { isResolvConf, readResolvConf } from './resolv-conf.ts';
import { readManifestText, type LoadYaml } from './manifest-text.ts';
import { loadYaml } from './yaml/load.ts';
import type { Yaml } from './yaml/full.ts';

// A dump of the largest clusters; JavaScript's strings end at 512 MiB.
const MAX_FILE_LENGTH = 400 << 20;
// A tree of more files is a home directory by mistake.
const MAX_FILES = 100_000;
const MAX_DEPTH = 32;

/** Folders that hold what others made: never the user's manifests. */
const FOREIGN = new Set([
  'node_modules',
  'vendor',
  'target',
  'dist',
  'build',
  '__pycache__',
  'venv',
  'bower_components',
]);

export interface ReadOptions {
  stdin?: NodeJS.ReadableStream;
}

/**
 * Reads all manifests below the paths; `-` is standard input. What kustomizations among them build is
 * read as they build it.
 * @throws UserError where a path that was named cannot be read
 */
export async function readManifests(paths: readonly string[], options: ReadOptions = {}): Promise<Manifests> {
  const collector = createCollector();
  let yaml: Promise<Yaml> | null = null;
  const load: LoadYaml = () => (yaml ??= loadYaml());
  const files: ManifestFile[] = [];
  const folders = new Set<string>();
  for (const path of paths) {
    if (path === '-') {
      await readManifestText('-', await readAll(options.stdin), collector, load);
      continue;
    }
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) throw new UserError(`${path}: no such file or directory`);
    if (found.isDirectory()) findFiles(path, collector, files, folders);
    else if (isKustomizationFile(basename(path))) folders.add(dirname(path));
    else files.push({ path, isNamed: true });
  }
  const kustomized =
    folders.size === 0
      ? null
      : readKustomizations([...folders], paths, await load(), (path) => textOr(path, false, collector), collector);
  for (const { path, isNamed } of files) {
    if (kustomized?.files.has(path) === true && !isNamed) continue;
    const text = textOr(path, isNamed, collector);
    if (text !== null) await readText(path, text, collector, load);
  }
  const environments = (kustomized?.environments ?? [{ name: '', branches: [] }]).map(({ name, branches }) => ({
    name,
    cluster: collector.cluster(branches),
  }));
  return {
    environments,
    ...collector.counts(),
    kustomizations: kustomized?.roots ?? [],
    outside: kustomized?.outside ?? [],
  };
}

interface ManifestFile {
  path: string;
  /** The user named it: a failure is the user's to mend. */
  isNamed: boolean;
}

async function readAll(stdin: NodeJS.ReadableStream | undefined): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of stdin ?? []) {
    const bytes = Buffer.from(part as string | Uint8Array);
    length += bytes.length;
    if (length > MAX_FILE_LENGTH) throw new UserError('-: is too large; write it to several files');
    parts.push(bytes);
  }
  return decoded(Buffer.concat(parts));
}

/** Finds what may hold manifests or say what runs, and folders with kustomizations. */
function findFiles(root: string, collector: Collector, files: ManifestFile[], folders: Set<string>): void {
  const waiting: { path: string; depth: number }[] = [{ path: normalize(root).replace(/(?<=.)\/$/, ''), depth: 0 }];
  let count = 0;
  const take = (path: string): void => {
    if (++count > MAX_FILES) throw new UserError(`${root}: holds more than ${MAX_FILES} files; name a smaller folder`);
    files.push({ path, isNamed: false });
  };
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { path, depth } = next;
    const names = listOf(path, collector);
    // A chart's templates are no manifests yet.
    const isChart = names.some(({ name }) => name === 'Chart.yaml');
    const inner: { path: string; depth: number }[] = [];
    for (const entry of names.toSorted((a, b) => a.name.localeCompare(b.name, 'en'))) {
      if (entry.name.startsWith('.')) continue;
      const inside = join(path, entry.name);
      if (entry.isDirectory()) {
        if (isChart && (entry.name === 'templates' || entry.name === 'charts')) {
          if (entry.name === 'templates') {
            collector.problem({
              file: inside,
              line: 1,
              column: 1,
              says: `are a chart's templates; render them first: helm template ${path} | kubelag lint -`,
            });
          }
          continue;
        }
        if (!FOREIGN.has(entry.name) && depth < MAX_DEPTH) inner.push({ path: inside, depth: depth + 1 });
        continue;
      }
      if (!entry.isFile()) continue;
      if (isKustomizationFile(entry.name)) folders.add(path);
      if (isSoftwareFile(entry.name)) take(inside);
      else if (/\.(?:ya?ml|json)$/i.test(entry.name) && !isNoManifestName(entry.name, isChart)) take(inside);
    }
    waiting.push(...inner.toReversed());
  }
}

const isNoManifestName = (name: string, inChart: boolean): boolean =>
  /^(?:package(?:-lock)?|tsconfig.*|composer)\.json$|^(?:docker-)?compose.*\.ya?ml$|^pnpm-lock\.yaml$/.test(name) ||
  (inChart && /^(?:values.*|Chart)\.(?:ya?ml|json|schema\.json)$/.test(name));

function listOf(path: string, collector: Collector): import('node:fs').Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    collector.problem({
      file: path,
      line: 1,
      column: 1,
      says: `cannot be read (${String((error as NodeJS.ErrnoException).code)})`,
    });
    return [];
  }
}

/**
 * A file's text, null where it cannot be read, which is said.
 * @throws UserError where the user named it
 */
function textOr(path: string, isNamed: boolean, collector: Collector): string | null {
  try {
    return textOf(path);
  } catch (error) {
    const says =
      error instanceof UserError ? error.message : `cannot be read (${String((error as NodeJS.ErrnoException).code)})`;
    if (isNamed) throw new UserError(`${path}: ${says}`);
    collector.problem({ file: path, line: 1, column: 1, says });
    return null;
  }
}

/** Reads a file as its name says: manifests where it says nothing else. */
export async function readText(path: string, text: string, collector: Collector, load: LoadYaml): Promise<void> {
  const name = basename(path);
  if (!isSoftwareFile(name)) {
    await readManifestText(path, text, collector, load);
    return;
  }
  collector.file(path, text);
  if (isResolvConf(name)) {
    collector.resolvConf(readResolvConf(path, text));
    return;
  }
  if (!isDockerfile(name)) {
    for (const software of readLockFile(path, text)) collector.software(software);
    return;
  }
  const { software, recipe } = readDockerfile(path, text);
  for (const one of software) collector.software(one);
  collector.recipe(recipe);
}

/** Says what a program is made of or runs with, where manifests say how it is started. */
const isSoftwareFile = (name: string): boolean => isLockFile(name) || isDockerfile(name) || isResolvConf(name);

/** UTF-8, or UTF-16 with its mark: what `>` writes in Windows PowerShell. */
function decoded(bytes: Buffer): string {
  const mark = bytes.length >= 2 ? bytes.readUInt16BE(0) : 0;
  if (mark === 0xfffe) return bytes.toString('utf16le');
  // Of an odd byte at the end nobody knows the other half.
  if (mark === 0xfeff)
    return bytes
      .subarray(0, bytes.length & ~1)
      .swap16()
      .toString('utf16le');
  return bytes.toString('utf8');
}

function textOf(path: string): string {
  const descriptor = openSync(path, 'r');
  try {
    if (fstatSync(descriptor).size > MAX_FILE_LENGTH)
      throw new UserError(`is larger than ${MAX_FILE_LENGTH >> 20} MiB`);
    return decoded(readFileSync(descriptor));
  } finally {
    closeSync(descriptor);
  }
}
