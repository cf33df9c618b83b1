import { loadYaml } from '../cluster/yaml/load.ts';
import type { Finding } from '../model/diagnosis.ts';
import { unifiedDiff } from './diff.ts';
import { patchFiles, writePatches } from './patches.ts';
import { planChanges, type Plan } from './plan.ts';
import { changeLines } from './words.ts';
import { readForChange, writeAll } from './write.ts';

export interface FixOptions {
  /** Writes the changes into the user's files. */
  apply: boolean;
  /** Writes patches into this folder. */
  patchDirectory: string | null;
  /** Says what to set in a chart's values. */
  helm: boolean;
  /** Of files that are made beside those to be written. */
  suffix: string;
}

export interface FixAnswer {
  plan: Plan;
  /** Comments and a unified diff. */
  text: string;
  /** What was done, for standard error. */
  done: string[];
}

/**
 * From findings to changes of the user's manifests.
 * @throws UserError where they cannot be written; then none is
 */
export async function fix(findings: readonly Finding[], options: FixOptions): Promise<FixAnswer> {
  const plan = planChanges(findings, await loadYaml(), readForChange);
  const done: string[] = [];
  const comments = changeLines(plan, options.helm);
  const text = [
    ...comments.map((line) => `${line}\n`),
    ...(comments.length > 0 ? ['\n'] : []),
    unifiedDiff(plan.files),
  ].join('');
  if (options.patchDirectory !== null) {
    const { files, leftOut } = patchFiles(plan.changes);
    writePatches(options.patchDirectory, files);
    for (const { name } of files) done.push(`${options.patchDirectory}/${name}: written`);
    done.push(...leftOut);
  }
  if (options.apply) {
    writeAll(plan.files, options.suffix);
    for (const { file } of plan.files) done.push(`${file}: changed`);
  }
  return { plan, text, done };
}
