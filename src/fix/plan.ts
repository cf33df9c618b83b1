import type { Finding } from '../model/diagnosis.ts';
import type { Edit } from '../model/edit.ts';
import type { Yaml } from '../cluster/yaml/full.ts';
import { applyEdit } from './apply.ts';
import { applyToOverlays } from './overlays.ts';

/** One change of a finding as it would be made. */
export interface Change {
  finding: Finding;
  fix: Finding['fix'][number];
  edits: readonly Edit[];
  /** Why it cannot be made; null where it can. */
  refused: string | null;
  /** Where it is written, where that was to be found out. */
  where: readonly string[];
}

export interface ChangedFile {
  file: string;
  before: string;
  after: string;
}

export interface Plan {
  changes: readonly Change[];
  files: readonly ChangedFile[];
}

/**
 * The changes that findings ask for, of each its first one that can be written into a manifest;
 * all of a change's edits are made, or none.
 * @param read a file's text; null where it cannot be changed, with the reason
 */
export function planChanges(
  findings: readonly Finding[],
  yaml: Yaml,
  read: (file: string) => { text: string } | { refused: string },
): Plan {
  const texts = new Map<string, { before: string; now: string }>();
  const set = new Map<string, unknown>();
  const changes: Change[] = [];
  for (const finding of findings) {
    const fix = finding.fix.find(({ edits }) => edits !== undefined && edits.length > 0);
    if (fix === undefined) continue;
    const edits = (fix.edits ?? []) as readonly Edit[];
    const again = edits.filter((edit) => set.has(keyOf(edit)));
    if (again.some((edit) => JSON.stringify(set.get(keyOf(edit))) !== JSON.stringify(edit.value))) {
      changes.push({ finding, fix, edits, refused: 'a dearer finding sets the same to something else', where: [] });
      continue;
    }
    const trial = new Map<string, string>();
    const where = new Map<string, string>();
    let refused: string | null = edits.some(({ object }) => object.live === true) ? LIVE : null;
    // From the end of a file to its beginning, so that the places of objects hold.
    for (const edit of edits.toSorted((a, b) => b.object.offset - a.object.offset)) {
      if (refused !== null || set.has(keyOf(edit))) continue;
      if (edit.overlays !== undefined) {
        const current = (file: string): string | null => {
          const known = trial.get(file) ?? texts.get(file)?.now;
          const source = known === undefined ? read(file) : { text: known };
          return 'text' in source ? source.text : null;
        };
        const overlaid = applyToOverlays(yaml, edit, current);
        if ('refused' in overlaid) refused = overlaid.refused;
        else {
          for (const { file, says } of overlaid.where) if (!where.has(file)) where.set(file, says);
          for (const [file, text] of overlaid.texts) {
            const before = texts.get(file)?.before ?? current(file) ?? '';
            texts.set(file, texts.get(file) ?? { before, now: before });
            trial.set(file, text);
          }
        }
        continue;
      }
      const known = trial.get(edit.file) ?? texts.get(edit.file)?.now;
      const source = known === undefined ? read(edit.file) : { text: known };
      if ('refused' in source) {
        refused = source.refused;
        continue;
      }
      if (!texts.has(edit.file)) texts.set(edit.file, { before: source.text, now: source.text });
      const applied = applyEdit(yaml, source.text, edit);
      if ('refused' in applied) refused = applied.refused;
      else trial.set(edit.file, applied.text);
    }
    changes.push({ finding, fix, edits, refused, where: [...where.values()] });
    if (refused !== null) continue;
    for (const edit of edits) set.set(keyOf(edit), edit.value);
    for (const [file, now] of trial) texts.set(file, { before: texts.get(file)?.before ?? now, now });
  }
  const files = [...texts]
    .filter(([, { before, now }]) => before !== now)
    .map(([file, { before, now }]) => ({ file, before, after: now }));
  return { changes, files };
}

const LIVE = 'it was read from the cluster: change the file that it was made from, or take the patch of --patch-dir';

const keyOf = ({ file, object, path, overlays }: Edit): string =>
  JSON.stringify([file, object.kind, object.namespace, object.name, object.offset, path, overlays?.needed ?? null]);
