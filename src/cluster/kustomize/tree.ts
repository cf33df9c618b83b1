import type { MapNode, Node, Pair, ScalarNode, SequenceNode } from '../yaml/node.ts';

/** Where something that is made stands: the value that it was made of. */
export interface At {
  readonly start: number;
  readonly end: number;
}

export const scalarAtPlace = (value: string | number, { start, end }: At): ScalarNode => ({
  type: 'scalar',
  value,
  text: String(value),
  style: 'plain',
  start,
  end,
  // No one place has it as it is: it cannot be changed there.
  shared: true,
});

export const mapAtPlace = (entries: readonly (readonly [key: string, value: Node])[], at: At): MapNode => ({
  type: 'map',
  flow: false,
  pairs: entries.map(([key, value]) => ({ key: scalarAtPlace(key, at), value })),
  start: at.start,
  end: at.end,
  shared: true,
});

/** A map with another value for a key; null takes the key away. */
export function withValue(map: MapNode, key: string, value: Node | null): MapNode {
  const index = map.pairs.findLastIndex((pair) => pair.key.text === key);
  if (value === null) return { ...map, pairs: map.pairs.filter((pair) => pair.key.text !== key) };
  if (index < 0) return { ...map, pairs: [...map.pairs, { key: scalarAtPlace(key, value), value }] };
  return { ...map, pairs: map.pairs.with(index, { ...(map.pairs[index] as Pair), value }) };
}

export const withItems = (list: SequenceNode, items: readonly (Node | null)[]): SequenceNode => ({
  ...list,
  items,
  dashes: [],
});

/**
 * A tree with what stands at a path changed. `*` is each item of a list.
 * @param create makes the maps that are missing on the way
 */
export function changedAt(
  node: Node | null,
  path: readonly string[],
  create: At | null,
  change: (found: Node | null) => Node | null,
): Node | null {
  const [step, ...rest] = path;
  if (step === undefined) return change(node);
  if (step === '*') {
    if (node?.type !== 'sequence') return node;
    return withItems(
      node,
      node.items.map((item) => changedAt(item, rest, create, change)),
    );
  }
  if (node !== null && node.type !== 'map') return node;
  if (node === null && create === null) return null;
  const map = node ?? mapAtPlace([], create as At);
  const found = map.pairs.findLast((pair) => pair.key.text === step)?.value ?? null;
  if (found === null && create === null) return node;
  const value = changedAt(found, rest, create, change);
  return value === found ? node : withValue(map, step, value);
}
