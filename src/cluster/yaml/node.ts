/** A YAML or JSON value that knows where it stands: offsets are UTF-16 units of the file's text. */
export type Node = MapNode | SequenceNode | ScalarNode;

export interface ScalarNode {
  readonly type: 'scalar';
  readonly value: string | number | boolean | null;
  /** As it is spelt where it is plain (`1.0` stays that); the text without quotes where it is quoted. */
  readonly text: string;
  readonly style: 'plain' | 'single' | 'double' | 'block';
  readonly start: number;
  readonly end: number;
  /** Stands elsewhere too (an alias or a merge key): a change here would change all of them. */
  readonly shared: boolean;
}

export interface Pair {
  readonly key: ScalarNode;
  /** Null where nothing is written after the colon. */
  readonly value: Node | null;
}

export interface MapNode {
  readonly type: 'map';
  /** Written as `{ … }`. */
  readonly flow: boolean;
  readonly pairs: readonly Pair[];
  readonly start: number;
  readonly end: number;
  readonly shared: boolean;
}

export interface SequenceNode {
  readonly type: 'sequence';
  readonly flow: boolean;
  readonly items: readonly (Node | null)[];
  /** Where each item's `-` stands; as many as items. Empty where it is written as `[ … ]`. */
  readonly dashes: readonly number[];
  readonly start: number;
  readonly end: number;
  readonly shared: boolean;
}

/** Beside the tree: what is wrong with it though it can be read. */
export interface Findings {
  /** Keys that stand twice in one map. */
  duplicates: ScalarNode[];
  /** Maps and lists that stand as keys: what a template reads like before it is rendered. */
  complexKeys?: number;
}

/** The value of a key, null where it is not there or nothing. */
export function child(node: Node | null | undefined, key: string): Node | null {
  return pairOf(node, key)?.value ?? null;
}

export function pairOf(node: Node | null | undefined, key: string): Pair | null {
  if (node?.type !== 'map') return null;
  // Where a key stands twice, the last one counts: so do kubectl and the API server.
  return node.pairs.findLast((pair) => pair.key.text === key) ?? null;
}

/** The value at a path of keys. */
export function at(node: Node | null | undefined, ...keys: readonly string[]): Node | null {
  let found = node ?? null;
  for (const key of keys) found = child(found, key);
  return found;
}

export const scalarAt = (node: Node | null | undefined, ...keys: readonly string[]): ScalarNode | null => {
  const found = at(node, ...keys);
  return found?.type === 'scalar' ? found : null;
};

export const textAt = (node: Node | null | undefined, ...keys: readonly string[]): string | null => {
  const scalar = scalarAt(node, ...keys);
  return scalar === null || scalar.value === null ? null : scalar.text;
};

export function itemsAt(node: Node | null | undefined, ...keys: readonly string[]): readonly (Node | null)[] {
  const found = at(node, ...keys);
  return found?.type === 'sequence' ? found.items : [];
}

/** The value alone, as JSON has it. */
export function toJson(node: Node | null): unknown {
  if (node === null) return null;
  if (node.type === 'scalar') return node.value;
  if (node.type === 'sequence') return node.items.map(toJson);
  const object: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const { key, value } of node.pairs) object[key.text] = toJson(value);
  return object;
}

/** The same, so many characters further on. */
export function shifted(node: ScalarNode, by: number): ScalarNode;
export function shifted(node: Node | null, by: number): Node | null;
export function shifted(node: Node | null, by: number): Node | null {
  if (node === null || by === 0) return node;
  const place = { start: node.start + by, end: node.end + by };
  if (node.type === 'scalar') return { ...node, ...place };
  if (node.type === 'sequence') {
    const { items, dashes } = node;
    return {
      ...node,
      ...place,
      items: items.map((item) => shifted(item, by)),
      dashes: dashes.map((dash) => dash + by),
    };
  }
  const pairs = node.pairs.map(({ key, value }) => ({ key: shifted(key, by), value: shifted(value, by) }));
  return { ...node, ...place, pairs };
}
