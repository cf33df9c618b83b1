import type { Finding } from '../model/diagnosis.ts';
import type { Edit, PathStep } from '../model/edit.ts';
import type { Workload } from '../model/workload.ts';
import { editRow } from './finding-row.ts';
import { editOf, optionsOf } from '../rules/support/manifests/changes.ts';
import { objectWords } from '../rules/support/manifests/objects.ts';
import { running } from '../rules/support/manifests/program.ts';

type FixRow = Finding['fix'][number];

/** What rules write where only a manifest knows the name. */
const CONTAINER = '<container>';
const POD_PATH = ['spec', 'template', 'spec'];

/**
 * A fix that a rule could only write for "a workload", now for this one: its names in the words and
 * the command, its strategic-merge patch as changes to the manifest.
 */
export function fixFor(workload: Workload, fix: FixRow): FixRow {
  const [container] = running(workload);
  const name = `${workload.kind.toLowerCase()}/${workload.name}`;
  const filled = (text: string): string =>
    text
      .replaceAll('deployment/<name>', workload.namespace === '' ? name : `${name} -n ${workload.namespace}`)
      .replaceAll(CONTAINER, container?.name ?? CONTAINER);
  const edits = fix.patch === null || fix.edits !== undefined ? null : editsOf(workload, fix.patch, container?.name);
  return {
    ...fix,
    target: fix.patch === null ? fix.target : objectWords(workload),
    command: fix.command === null ? null : filled(fix.command),
    rollback: filled(fix.rollback),
    ...(edits === null || edits.length === 0 ? {} : { edits }),
  };
}

/** Null where the patch says what a change to a manifest cannot. */
function editsOf(
  workload: Workload,
  patch: unknown,
  container: string | undefined,
): NonNullable<FixRow['edits']> | null {
  // A pod that something else made comes back as it was: its maker's manifest is to be changed.
  if (workload.kind === 'Pod' && workload.owner !== null) return null;
  let spec: unknown = patch;
  for (const key of POD_PATH) spec = isMap(spec) ? spec[key] : undefined;
  if (!isMap(spec)) return null;
  const edits: Edit[] = [];
  const walk = (value: unknown, path: readonly PathStep[]): boolean => {
    if (isMap(value)) return Object.entries(value).every(([key, one]) => walk(one, [...path, key]));
    if (!Array.isArray(value)) {
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return false;
      edits.push(editOf(workload, path, value));
      return true;
    }
    return value.every((item: unknown) => {
      if (!isMap(item) || typeof item['name'] !== 'string') return false;
      const { name, ...rest } = item;
      const is = name === CONTAINER ? container : name;
      if (is === undefined) return false;
      const nested = Object.values(rest).some((one) => typeof one === 'object');
      const step = { key: 'name', is };
      if (nested) return walk(rest, [...path, step]);
      const list = path.at(-1) === 'options' ? optionsOf(workload) : undefined;
      edits.push(editOf(workload, [...path, step], { name: is, ...rest }, list));
      return true;
    });
  };
  return walk(spec, workload.pod.path) ? edits.map(editRow) : null;
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
