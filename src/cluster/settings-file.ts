import { readFileSync, statSync } from 'node:fs';
import { UserError } from '../model/user-error.ts';
import { readFull } from './yaml/full.ts';
import { loadYaml } from './yaml/load.ts';
import { createLines } from './yaml/lines.ts';
import { itemsAt, textAt, type Node } from './yaml/node.ts';
import { readQuick } from './yaml/quick.ts';
import type { Ignore } from '../model/workload.ts';

// A list that people wrote.
const MAX_LENGTH = 1 << 20;

/**
 * What `kubelag.yaml` says not to report.
 * @throws UserError where it cannot be read, or an entry lacks its rule or its reason
 */
export async function readSettingsFile(path: string): Promise<Ignore[]> {
  const text = textOf(path);
  const findings = { duplicates: [] };
  let node: Node | null | undefined = readQuick(text, 0, text.length, findings);
  if (node === undefined) {
    const read = readFull(await loadYaml(), text, 0, text.length, findings);
    const [fault] = read.faults;
    if (fault !== undefined) {
      const { line } = createLines(path, text).place(fault.offset, fault.offset);
      throw new UserError(`${path}:${line}: ${fault.says}`);
    }
    node = read.node;
  }
  const lines = createLines(path, text);
  return itemsAt(node, 'ignore').map((entry) => {
    const { line } = lines.place(entry?.start ?? 0, entry?.end ?? 0);
    const rule = textAt(entry, 'rule');
    const reason = textAt(entry, 'reason');
    const until = textAt(entry, 'until');
    if (rule === null) throw new UserError(`${path}:${line}: names no rule; write rule: dns-race`);
    if (reason === null) throw new UserError(`${path}:${line}: gives no reason; write reason: …`);
    if (until !== null && !/^\d{4}-\d\d-\d\d$/.test(until)) {
      throw new UserError(`${path}:${line}: until ${until} is no date; write until: 2026-12-31`);
    }
    return {
      rule,
      reason,
      until,
      object: textAt(entry, 'object'),
      path: textAt(entry, 'path'),
      said: `${path}:${line}`,
    };
  });
}

function textOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile()) throw new UserError(`${path}: no such file`);
  if (found.size > MAX_LENGTH) throw new UserError(`${path}: is too large for settings`);
  return readFileSync(path, 'utf8');
}
