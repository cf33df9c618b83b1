import { child, textAt, type Node, type SequenceNode } from '../yaml/node.ts';
import { withItems, withValue } from './tree.ts';

// A patch of more steps was made by a program, and each walks through the object.
const MAX_OPERATIONS = 1_000;

/** What a patch cannot do to an object; said to the user. */
export class CannotPatch extends Error {
  override readonly name = 'CannotPatch';
}

/**
 * A JSON patch (RFC 6902): values keep the place where they stand in the patch.
 * @throws CannotPatch
 */
export function jsonPatch(target: Node, patch: SequenceNode): Node {
  let changed: Node | null = target;
  for (const operation of patch.items.slice(0, MAX_OPERATIONS)) {
    const name = textAt(operation, 'op');
    const path = stepsOf(textAt(operation, 'path') ?? '');
    if (name === 'add' || name === 'replace') {
      changed = put(changed, path, child(operation, 'value'), name === 'add');
    } else if (name === 'remove') changed = removed(changed, path);
    else if (name === 'copy' || name === 'move') {
      const from = stepsOf(textAt(operation, 'from') ?? '');
      const value = valueAt(changed, from);
      if (name === 'move') changed = removed(changed, from);
      changed = put(changed, path, value, true);
    } else if (name !== 'test')
      throw new CannotPatch(`has the step ${name ?? 'without op'}, which JSON patches have not`);
  }
  if (changed === null) throw new CannotPatch('leaves nothing of the object');
  return changed;
}

/** RFC 6901. */
const stepsOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));

const missing = (step: string): CannotPatch => new CannotPatch(`changes ${step}, which is not there`);

function indexOf({ items }: SequenceNode, step: string): number {
  if (!/^\d{1,9}$/.test(step) || Number(step) >= items.length) throw missing(step);
  return Number(step);
}

function valueAt(node: Node | null, path: readonly string[]): Node | null {
  let found = node;
  for (const step of path) {
    found = found?.type === 'sequence' ? (found.items[indexOf(found, step)] ?? null) : child(found, step);
    if (found === null) throw missing(step);
  }
  return found;
}

/** @param insert into a list before what stands there, else in its place */
function put(node: Node | null, path: readonly string[], value: Node | null, insert: boolean): Node | null {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (node?.type === 'map') {
    const found = child(node, step);
    if (rest.length > 0 && found === null) throw missing(step);
    return withValue(node, step, rest.length === 0 ? value : put(found, rest, value, insert));
  }
  if (node?.type !== 'sequence') throw missing(step);
  const { items } = node;
  if (rest.length === 0 && insert) {
    const index = step === '-' || Number(step) === items.length ? items.length : indexOf(node, step);
    return withItems(node, items.toSpliced(index, 0, value));
  }
  const index = indexOf(node, step);
  return withItems(node, items.with(index, put(items[index] ?? null, rest, value, insert)));
}

function removed(node: Node | null, path: readonly string[]): Node | null {
  const [step, ...rest] = path;
  if (step === undefined) return null;
  if (node?.type === 'map') {
    const found = child(node, step);
    if (found === null) throw missing(step);
    return withValue(node, step, rest.length === 0 ? null : removed(found, rest));
  }
  if (node?.type !== 'sequence') throw missing(step);
  const index = indexOf(node, step);
  if (rest.length === 0) return withItems(node, node.items.toSpliced(index, 1));
  return withItems(node, node.items.with(index, removed(node.items[index] ?? null, rest)));
}
