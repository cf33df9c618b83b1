import type { PathStep } from '../model/edit.ts';
import {
  pairOf,
  type MapNode,
  type Node,
  type Pair,
  type ScalarNode,
  type SequenceNode,
} from '../cluster/yaml/node.ts';
import { blockLines, flowText, scalarLike, scalarText, type Value } from './render.ts';

/** Text that takes the place of what stands from `from` to `to`. */
export interface Splice {
  from: number;
  to: number;
  text: string;
}

/** Why a change cannot be written into this text; said to the user. */
export class CannotSplice extends Error {
  override readonly name = 'CannotSplice';
}

const SHARED = 'it stands elsewhere too (an anchor): change it there by hand';

/** After which key a new one goes, so that what belongs together stands together. */
const AFTER: Readonly<Record<string, readonly string[]>> = {
  dnsConfig: ['dnsPolicy'],
  env: ['args', 'command', 'image', 'name'],
  args: ['command', 'image', 'name'],
};
/** Otherwise: before the first of these, as the lists below them are long. */
const BEFORE: Readonly<Record<string, readonly string[]>> = {
  dnsConfig: ['initContainers', 'containers'],
};

/** The splices that set a value in an object; none where it is there already. */
export function splicesOf(text: string, root: Node, path: readonly PathStep[], value: Value): Splice[] {
  const [step, ...rest] = path;
  if (root.shared) throw new CannotSplice(SHARED);
  if (step === undefined) return replace(text, root, value);
  if (typeof step === 'string') {
    const pair = mapAt(root, step);
    if (pair === null) return [insertPair(text, root as MapNode, step, built(rest, value))];
    if (pair.value === null) return [fillPair(text, root as MapNode, pair, built(rest, value))];
    // `null` and `~` stand for nothing.
    if (pair.value.type === 'scalar' && pair.value.value === null && rest.length > 0) {
      if (pair.value.shared) throw new CannotSplice(SHARED);
      const { start: from, end: to } = pair.value;
      return [{ from, to, text: flowText(built(rest, value) as object, isJson(text, root as MapNode)) }];
    }
    return splicesOf(text, pair.value, rest, value);
  }
  if ('flag' in step) return flagSplices(text, root, step.flag, String(value));
  if (root.type !== 'sequence') throw new CannotSplice(`a list was expected where ${step.is} shall stand`);
  const item = root.items.find((one) => {
    const found = pairOf(one, step.key)?.value;
    return found?.type === 'scalar' && found.text === step.is;
  });
  // Knative's only container needs no name.
  const meant = item ?? (step.is === '' && root.items.length === 1 ? root.items[0] : null) ?? null;
  if (meant === null) return [append(text, root, built(rest, value))];
  return splicesOf(text, meant, rest, value);
}

function mapAt(node: Node, key: string): Pair | null {
  if (node.type !== 'map') throw new CannotSplice(`a map was expected where ${key} shall stand`);
  return pairOf(node, key);
}

/** What must be written where the rest of a path is not there yet. */
export function built(path: readonly PathStep[], value: Value): Value {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const inner = built(rest, value);
  if (typeof step === 'string') return { [step]: inner };
  return 'flag' in step ? [`${step.flag}=${String(value)}`] : [inner];
}

function replace(text: string, node: Node, value: Value): Splice[] {
  if (node.type === 'scalar') {
    if (typeof value === 'object') throw new CannotSplice('a text stands where a map was expected');
    if (node.value === value) return [];
    return [{ from: node.start, to: node.end, text: scalarLike(node, value) }];
  }
  if (node.type === 'map' && typeof value === 'object' && !Array.isArray(value)) {
    // The API server refuses a variable with both.
    if ('value' in value && pairOf(node, 'valueFrom') !== null) {
      throw new CannotSplice('its value comes from elsewhere (valueFrom): change it there by hand');
    }
    return Object.entries(value).flatMap(([key, one]) => splicesOf(text, node, [key], one as Value));
  }
  throw new CannotSplice('a list stands where something else was expected');
}

/** A flag among a container's words: in `args`, or in `command` where that is all there is. */
function flagSplices(text: string, container: Node, flag: string, value: string): Splice[] {
  if (container.type !== 'map') throw new CannotSplice(`a container was expected for ${flag}`);
  const lists = ['args', 'command'].map((key) => pairOf(container, key)?.value ?? null);
  for (const list of lists) {
    if (list?.type !== 'sequence') continue;
    for (const [index, item] of list.items.entries()) {
      if (item?.type !== 'scalar') continue;
      if (item.text === flag) {
        const next = list.items[index + 1];
        if (next?.type !== 'scalar') throw new CannotSplice(`${flag} has no value`);
        return next.text === value ? [] : [{ from: next.start, to: next.end, text: scalarLike(next, value) }];
      }
      if (item.text.startsWith(`${flag}=`)) {
        const meant = `${flag}=${value}`;
        if (item.shared) throw new CannotSplice(SHARED);
        return item.text === meant ? [] : [{ from: item.start, to: item.end, text: scalarLike(item, meant) }];
      }
    }
  }
  const [args, command] = lists;
  const list = args ?? command;
  if (list?.type === 'sequence') {
    if (list.shared) throw new CannotSplice(SHARED);
    return [append(text, list, `${flag}=${value}`)];
  }
  if (list !== null && list !== undefined) throw new CannotSplice(`the words of the container are no list`);
  return [insertPair(text, container, 'args', [`${flag}=${value}`])];
}

/** Behind the last sign of a line, before its end: what is put there is a line of its own. */
export function endOfLine(text: string, from: number): number {
  const found = text.indexOf('\n', from);
  if (found < 0) return text.length;
  return text[found - 1] === '\r' ? found - 1 : found;
}

export const newlineOf = (text: string): string => (/\r\n/.test(text.slice(0, 4096)) ? '\r\n' : '\n');

const lineStart = (text: string, at: number): number => text.lastIndexOf('\n', at - 1) + 1;
const columnOf = (text: string, at: number): number => at - lineStart(text, at);
const standsAlone = (text: string, at: number): boolean => /^[ \t]*$/.test(text.slice(lineStart(text, at), at));

function insertPair(text: string, map: MapNode, key: string, value: Value): Splice {
  if (map.flow) return insertIntoFlow(text, map, key, value);
  const after = pairBefore(map, key);
  const indent = columnOf(text, (map.pairs[0] as Pair).key.start);
  const newline = newlineOf(text);
  const lines = blockLines({ [key]: value }, indent, dashOffset(text, map));
  const at = endOfLine(text, endOfPair(after));
  return { from: at, to: at, text: lines.map((line) => newline + line).join('') };
}

function pairBefore(map: MapNode, key: string): Pair {
  for (const name of AFTER[key] ?? []) {
    const pair = pairOf(map, name);
    if (pair !== null) return pair;
  }
  const first = map.pairs.findIndex((pair) => BEFORE[key]?.includes(pair.key.text) === true);
  return (first > 0 ? map.pairs[first - 1] : map.pairs.at(-1)) as Pair;
}

const endOfPair = ({ key, value }: Pair): number => value?.end ?? key.end;

/** A key that stands there with nothing after its colon. */
function fillPair(text: string, map: MapNode, { key }: Pair, value: Value): Splice {
  const colon = text.indexOf(':', key.end);
  if (map.flow || typeof value !== 'object') {
    return {
      from: colon + 1,
      to: colon + 1,
      text: ` ${typeof value === 'object' ? flowText(value, isJson(text, map)) : scalarText(value)}`,
    };
  }
  const indent = columnOf(text, key.start);
  const offset = dashOffset(text, map);
  const at = endOfLine(text, colon);
  const lines = Array.isArray(value)
    ? blockLines(value, indent + offset, offset)
    : blockLines(value, indent + STEP, offset);
  return { from: at, to: at, text: lines.map((line) => newlineOf(text) + line).join('') };
}

// What kubectl, Helm and nearly everybody indent by.
const STEP = 2;

/** How far dashes stand behind the key of their list, as the lists around are written. */
function dashOffset(text: string, node: Node): number {
  const found = firstList(text, node, 0);
  return found ?? STEP;
}

// Lists stand near in any pod.
const MAX_DEPTH = 6;

function firstList(text: string, node: Node | null, depth: number): number | null {
  if (node === null || node.type === 'scalar' || depth > MAX_DEPTH) return null;
  if (node.type === 'map') {
    for (const { key, value } of node.pairs) {
      if (value?.type === 'sequence' && !value.flow && value.items.length > 0) {
        return columnOf(text, dashAt(text, value, 0)) - columnOf(text, key.start);
      }
    }
  }
  const children = node.type === 'map' ? node.pairs.map(({ value }) => value) : node.items;
  for (const one of children) {
    const found = firstList(text, one, depth + 1);
    if (found !== null) return found;
  }
  return null;
}

/** Where an item's dash stands: the quick reader knows, else it stands before the item. */
function dashAt(text: string, list: SequenceNode, index: number): number {
  const known = list.dashes[index];
  if (known !== undefined) return known;
  const item = list.items[index];
  const found = item === null || item === undefined ? -1 : text.lastIndexOf('-', item.start - 1);
  if (found < 0 || !/^-[ \t\r\n]/.test(text.slice(found, found + 2)))
    throw new CannotSplice('its list is written in an unusual way');
  return found;
}

function append(text: string, list: SequenceNode, value: Value): Splice {
  if (list.shared) throw new CannotSplice(SHARED);
  if (list.flow) return appendToFlow(text, list, value);
  const last = list.items.length - 1;
  const indent = columnOf(text, dashAt(text, list, last));
  const before = list.items[last] ?? null;
  const at = endOfLine(text, before?.end ?? dashAt(text, list, last) + 1);
  // As the items before it are written.
  const lines =
    typeof value === 'object' && before?.type === 'map' && before.flow
      ? [`${' '.repeat(indent)}- ${flowText(value, isJson(text, before))}`]
      : typeof value !== 'object' && before?.type === 'scalar'
        ? [`${' '.repeat(indent)}- ${scalarLike(before, value)}`]
        : blockLines([value], indent, STEP);
  return { from: at, to: at, text: lines.map((line) => newlineOf(text) + line).join('') };
}

const isJson = (text: string, map: MapNode): boolean =>
  map.pairs[0] !== undefined && text[map.pairs[0].key.start] === '"';

function insertIntoFlow(text: string, map: MapNode, key: string, value: Value): Splice {
  const last = map.pairs.at(-1);
  const json = isJson(text, map) || (last === undefined && isInJson(text));
  const inner = typeof value === 'object' ? flowText(value, json) : json ? JSON.stringify(value) : scalarText(value);
  const name = json ? JSON.stringify(key) : scalarText(key);
  if (last === undefined) return { from: map.start + 1, to: map.start + 1, text: `${name}: ${inner}` };
  return behind(text, endOfPair(last), last.key.start, `${name}: ${inner}`);
}

function appendToFlow(text: string, list: SequenceNode, value: Value): Splice {
  const last = list.items.at(-1) ?? null;
  const json = isInJson(text);
  const like = last?.type === 'scalar' && typeof value !== 'object' ? flowScalar(last, value) : null;
  const inner =
    like ?? (typeof value === 'object' ? flowText(value, json) : json ? JSON.stringify(value) : scalarText(value));
  if (last === null) return { from: list.start + 1, to: list.start + 1, text: inner };
  return behind(text, last.end, last.start, inner);
}

/** Signs that end a plain text inside `[ … ]` need quotes there. */
const flowScalar = (like: ScalarNode, value: string | number | boolean): string => {
  const text = scalarLike(like, value);
  return like.style === 'plain' && /[,[\]{}]/.test(text) ? JSON.stringify(value) : text;
};

const isInJson = (text: string): boolean => /^\s*[{[]/.test(text);

/** Behind an entry of a flow: on a line of its own where that entry stands so. */
function behind(text: string, end: number, start: number, entry: string): Splice {
  const own = standsAlone(text, start);
  const gap = own ? newlineOf(text) + text.slice(lineStart(text, start), start) : ' ';
  return { from: end, to: end, text: `,${gap}${entry}` };
}
