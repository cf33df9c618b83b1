import type { Edit, PathStep } from '../model/edit.ts';
import { documentsOf } from '../cluster/yaml/documents.ts';
import { readFull, type Yaml } from '../cluster/yaml/full.ts';
import { child, itemsAt, textAt, toJson, type Node } from '../cluster/yaml/node.ts';
import { readQuick } from '../cluster/yaml/quick.ts';
import { built, CannotSplice, splicesOf } from './splice.ts';
import type { Value } from './render.ts';

/** A text with a change in it; the same text where the change is there already. */
export type Applied = { text: string } | { refused: string };

/**
 * Writes one change into a text: only the lines that it needs. The text is read again afterwards;
 * where it does not hold what was meant and all else as before, nothing is changed.
 * @param yaml what knows all of YAML, for texts that are not simple
 */
export function applyEdit(yaml: Yaml, text: string, edit: Edit): Applied {
  if (edit.value === undefined) return { refused: 'only values can be set' };
  const found = findObject(yaml, text, edit.object);
  if (found === null) return { refused: 'the object is not there any more; read the manifests again' };
  return applyWithin(yaml, text, found, { path: edit.path, value: edit.value as Value });
}

/** Writes a change into an object of a document that stands within a text. */
export function applyWithin(
  yaml: Yaml,
  text: string,
  { span, node, document }: Found,
  { path, value }: { path: readonly PathStep[]; value: Value },
): Applied {
  try {
    const splices = splicesOf(text, node, path, value);
    if (splices.length === 0) return { text };
    // From the last to the first, so that offsets hold; of two at one place the second first.
    let changed = text;
    for (const { from, to, text: put } of splices.toReversed().toSorted((a, b) => b.from - a.from)) {
      changed = changed.slice(0, from) + put + changed.slice(to);
    }
    const expected = structuredClone(toJson(document));
    setInJson(objectIn(expected, toJson(document), document, node), path, value);
    const after = readDocument(yaml, changed, { ...span, end: span.end + changed.length - text.length });
    if (after === undefined || JSON.stringify(sorted(toJson(after))) !== JSON.stringify(sorted(expected))) {
      return { refused: 'it is written in a way that cannot be changed safely; make the change by hand' };
    }
    return { text: changed };
  } catch (error) {
    if (error instanceof CannotSplice) return { refused: error.message };
    throw error;
  }
}

export function readDocument(yaml: Yaml, text: string, { start, end }: Found['span']): Node | null | undefined {
  const findings = { duplicates: [] };
  const quick = readQuick(text, start, end, findings);
  if (quick !== undefined) return quick;
  const { node, faults } = readFull(yaml, text, start, end, findings);
  return faults.length > 0 ? undefined : node;
}

/** An object in a document, and where that stands. */
export interface Found {
  span: { start: number; end: number };
  document: Node;
  node: Node;
}

function findObject(yaml: Yaml, text: string, wanted: Edit['object']): Found | null {
  let best: Found | null = null;
  for (const span of documentsOf(text)) {
    if (!text.slice(span.start, span.end).includes(wanted.name)) continue;
    const document = readDocument(yaml, text, span);
    if (document === undefined || document === null) continue;
    for (const node of objectsOf(document)) {
      if (!isWanted(node, wanted)) continue;
      const found = { span, document, node };
      if (node.start === wanted.offset) return found;
      best ??= found;
    }
  }
  return best;
}

export function objectsOf(node: Node | null): Node[] {
  if (node?.type === 'sequence') return node.items.flatMap(objectsOf);
  if (node?.type !== 'map') return [];
  const kind = textAt(node, 'kind');
  return kind?.endsWith('List') === true ? itemsAt(node, 'items').flatMap(objectsOf) : [node];
}

function isWanted(node: Node, { apiVersion, kind, namespace, name }: Edit['object']): boolean {
  const metadata = child(node, 'metadata');
  return (
    textAt(node, 'kind') === kind &&
    textAt(node, 'apiVersion') === apiVersion &&
    (textAt(metadata, 'name') ?? textAt(metadata, 'generateName') ?? '') === name &&
    (textAt(metadata, 'namespace') ?? '') === namespace
  );
}

type Json = Record<string, unknown> | unknown[];

/** The object in a copy of the document that stands where `node` stands in it. */
function objectIn(copy: unknown, original: unknown, document: Node, node: Node): Json {
  if (document === node) return copy as Json;
  if (document.type === 'sequence') {
    for (const [index, item] of document.items.entries()) {
      if (item !== null && item.start <= node.start && node.end <= item.end) {
        return objectIn((copy as unknown[])[index], (original as unknown[])[index], item, node);
      }
    }
  }
  if (document.type === 'map') {
    for (const { key, value } of document.pairs) {
      if (value !== null && value.start <= node.start && node.end <= value.end) {
        return objectIn(
          (copy as Record<string, unknown>)[key.text],
          (original as Record<string, unknown>)[key.text],
          value,
          node,
        );
      }
    }
  }
  throw new CannotSplice('it stands elsewhere too (an anchor): change it there by hand');
}

/** The change in plain data: what must be read from the text afterwards. */
export function setInJson(target: unknown, path: readonly PathStep[], value: Value): void {
  const [step, ...rest] = path;
  if (step === undefined) throw new Error('a path leads somewhere');
  if (typeof step === 'string') {
    const map = target as Record<string, unknown>;
    if (map[step] === undefined || map[step] === null) map[step] = built(rest, value);
    else if (rest.length === 0) map[step] = merged(map[step], value);
    else setInJson(map[step], rest, value);
    return;
  }
  if ('flag' in step) {
    setFlag(target as Record<string, unknown>, step.flag, String(value));
    return;
  }
  const list = target as Record<string, unknown>[];
  const index = step.is === '' && list.length === 1 ? 0 : list.findIndex((one) => String(one?.[step.key]) === step.is);
  if (index < 0) list.push(built(rest, value) as Record<string, unknown>);
  else if (rest.length === 0) list[index] = merged(list[index], value) as Record<string, unknown>;
  else setInJson(list[index], rest, value);
}

const merged = (old: unknown, value: Value): unknown =>
  typeof value === 'object' && !Array.isArray(value) && typeof old === 'object' && old !== null
    ? Object.assign(old, value)
    : value;

function setFlag(container: Record<string, unknown>, flag: string, value: string): void {
  const lists = ['args', 'command']
    .map((key) => container[key])
    .filter((words): words is unknown[] => Array.isArray(words));
  const list = lists.find((words) => words.some((word) => isFlag(word, flag))) ?? lists[0];
  if (list === undefined) container['args'] = [`${flag}=${value}`];
  else setFlagAmong(list, flag, value);
}

const isFlag = (word: unknown, flag: string): word is string =>
  typeof word === 'string' && (word === flag || word.startsWith(`${flag}=`));

/** Sets a flag where it stands, as `--flag value` or `--flag=value`; else behind the other words. */
export function setFlagAmong(words: unknown[], flag: string, value: string): void {
  const index = words.findIndex((word) => isFlag(word, flag));
  if (index < 0) words.push(`${flag}=${value}`);
  else if (words[index] === flag) words[index + 1] = value;
  else words[index] = `${flag}=${value}`;
}

/** With keys in one order: maps have none. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, sorted(one)]),
  );
}
