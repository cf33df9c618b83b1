import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../model/user-error.ts';
import type { Edit, PathStep } from '../model/edit.ts';
import type { Change } from './plan.ts';
import { blockLines, type Value } from './render.ts';
import { built } from './splice.ts';

/** A file of a patch. */
export interface PatchFile {
  name: string;
  text: string;
}

/**
 * The changes as strategic-merge patches, one for each object, and a kustomization that lists them.
 * What such a patch cannot say (one word among a container's arguments) is left out and told.
 */
export function patchFiles(changes: readonly Change[]): { files: PatchFile[]; leftOut: string[] } {
  const objects = new Map<string, { edits: Edit[] }>();
  const leftOut: string[] = [];
  for (const { edits, refused } of changes) {
    // A patch needs no place in a file: what a file refuses, it may still say.
    if (refused !== null && edits.some(({ file, object }) => file !== '-' && object.live !== true)) continue;
    for (const edit of edits) {
      if (edit.path.some((step) => typeof step === 'object' && 'flag' in step)) {
        leftOut.push(`${wordsOf(edit)}: a strategic-merge patch replaces arguments as a whole; use the diff`);
        continue;
      }
      const key = JSON.stringify(edit.object);
      const known = objects.get(key);
      if (known === undefined) objects.set(key, { edits: [edit] });
      else known.edits.push(edit);
    }
  }
  const files: PatchFile[] = [];
  const entries: { path: string; target: { kind: string; name: string; namespace?: string } }[] = [];
  const used = new Set<string>();
  for (const { edits } of objects.values()) {
    const [first] = edits as [Edit];
    const { apiVersion, kind, name, namespace } = first.object;
    const patch: Record<string, unknown> = {
      apiVersion,
      kind,
      metadata: { name, ...(namespace === '' ? {} : { namespace }) },
    };
    for (const { path, value } of edits) mergePatch(patch, path, value as Value);
    const base = `${kind}-${namespace === '' ? '' : `${namespace}-`}${name}`.toLowerCase().replace(/[^a-z0-9.-]/g, '-');
    let file = `${base}.yaml`;
    for (let count = 2; used.has(file); count++) file = `${base}-${count}.yaml`;
    used.add(file);
    files.push({ name: file, text: `${blockLines(patch, 0, 2).join('\n')}\n` });
    entries.push({ path: file, target: { kind, name, ...(namespace === '' ? {} : { namespace }) } });
  }
  if (entries.length > 0) {
    const kustomization = { apiVersion: 'kustomize.config.k8s.io/v1alpha1', kind: 'Component', patches: entries };
    files.push({ name: 'kustomization.yaml', text: `${blockLines(kustomization, 0, 2).join('\n')}\n` });
  }
  return { files, leftOut };
}

const wordsOf = ({ object: { kind, name }, value }: Edit): string => `${kind} ${name}, ${String(value)}`;

/** Lists are merged by their `name` there, so that each item says its own. */
function mergePatch(target: Record<string, unknown>, path: readonly PathStep[], value: Value): void {
  let at: Record<string, unknown> = target;
  for (const [index, step] of path.entries()) {
    const rest = path.slice(index + 1);
    if (typeof step !== 'string') continue;
    const next = rest[0];
    if (next === undefined || at[step] === undefined) {
      at[step] = next === undefined ? value : named(rest, value);
      return;
    }
    if (typeof next === 'object' && 'key' in next) {
      const list = at[step] as Record<string, unknown>[];
      const item = list.find((one) => one[next.key] === next.is);
      if (item === undefined) {
        list.push((named(rest, value) as Record<string, unknown>[])[0] as Record<string, unknown>);
        return;
      }
      at = item;
      if (rest.length === 1) Object.assign(item, value);
    } else at = at[step] as Record<string, unknown>;
  }
}

function named(path: readonly PathStep[], value: Value): Value {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (typeof step === 'string') return { [step]: named(rest, value) };
  if ('flag' in step) return built(path, value);
  const inner = rest.length === 0 ? value : (named(rest, value) as object);
  return [{ [step.key]: step.is, ...(inner as object) }];
}

/** @throws UserError where the folder cannot be written */
export function writePatches(folder: string, files: readonly PatchFile[]): void {
  try {
    mkdirSync(folder, { recursive: true });
    for (const { name, text } of files) writeFileSync(join(folder, name), text, { flag: 'wx' });
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    throw new UserError(
      code === 'EEXIST'
        ? `${path ?? folder}: is there already; name another folder after --patch-dir`
        : `${folder}: cannot be written (${String(code)})`,
    );
  }
}
