import { addTo } from '../base/group-by.ts';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../model/user-error.ts';
import { printable } from '../base/text.ts';
import type { Edit } from '../model/edit.ts';
import { mergePatch } from './merge-patch.ts';
import type { Change } from './plan.ts';
import { blockLines } from './render.ts';

/** A file of a patch. */
export interface PatchFile {
  name: string;
  text: string;
}

/** What the API server merges itself, item by item; of all others it and kustomize replace lists as a whole. */
const BUILT_IN = /^(?:v1|apps\/|batch\/|extensions\/)/;

/**
 * The changes as strategic-merge patches, one for each object, and a kustomization that lists them.
 * What such a patch cannot say (a container of a custom resource) is left out and told.
 */
export function patchFiles(changes: readonly Change[]): { files: PatchFile[]; leftOut: string[] } {
  const objects = new Map<string, Edit[]>();
  const leftOut: string[] = [];
  for (const { edits, refused } of changes) {
    // A patch needs no place in a file: what a file refuses, it may still say.
    if (refused !== null && edits.some(({ file, object }) => file !== '-' && object.live !== true)) continue;
    const unsaid = edits.find(({ object, path }) => !BUILT_IN.test(object.apiVersion) && path.includes('containers'));
    if (unsaid !== undefined) {
      const { kind, name } = unsaid.object;
      leftOut.push(`${kind} ${name}: a patch would replace all containers of a ${kind}; use the diff`);
      continue;
    }
    for (const edit of edits) {
      // One for each overlay that builds the object under a name of its own.
      for (const { namespace, name } of edit.overlays?.needed ?? [edit.object]) {
        const object = { ...edit.object, namespace, name };
        addTo(objects, JSON.stringify(object), { ...edit, object });
      }
    }
  }
  const files: PatchFile[] = [];
  const entries: { path: string; target: { kind: string; name: string; namespace?: string } }[] = [];
  const used = new Set<string>();
  for (const edits of objects.values()) {
    const [{ object }] = edits as [Edit];
    const { apiVersion, kind, name, namespace } = object;
    const patch: Record<string, unknown> = {
      apiVersion,
      kind,
      metadata: { name, ...(namespace === '' ? {} : { namespace }) },
    };
    for (const edit of edits) mergePatch(patch, edit);
    const base = `${kind}-${namespace === '' ? '' : `${namespace}-`}${name}`.toLowerCase().replace(/[^a-z0-9.-]/g, '-');
    let file = `${base}.yaml`;
    for (let count = 2; used.has(file); count++) file = `${base}-${count}.yaml`;
    used.add(file);
    files.push({ name: file, text: `# ${commandOf(object, file)}\n${blockLines(patch, 0, 2).join('\n')}\n` });
    entries.push({ path: file, target: { kind, name, ...(namespace === '' ? {} : { namespace }) } });
  }
  if (entries.length > 0) {
    const kustomization = { apiVersion: 'kustomize.config.k8s.io/v1alpha1', kind: 'Component', patches: entries };
    files.push({ name: 'kustomization.yaml', text: `${blockLines(kustomization, 0, 2).join('\n')}\n` });
  }
  return { files, leftOut };
}

function commandOf({ apiVersion, kind, namespace, name }: Edit['object'], file: string): string {
  const inNamespace = namespace === '' ? '' : ` -n ${namespace}`;
  const isBuiltIn = BUILT_IN.test(apiVersion);
  // `service` alone is the one of Kubernetes, not Knative's.
  const resource = `${kind}${isBuiltIn ? '' : `.${apiVersion.replace(/\/.*/, '')}`}`.toLowerCase();
  const type = isBuiltIn ? '' : ' --type merge';
  return printable(`kubectl patch ${resource} ${name}${inNamespace}${type} --patch-file ${file}`);
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
