/** Stands for all clients, servers or names beyond a bound. */
export const OTHERS = 'others';

/** Items by key, in order of first appearance. */
export function groupBy<Item, Key>(items: Iterable<Item>, keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) addTo(groups, keyOf(item), item);
  return groups;
}

/** What is kept of a key: made where it is new; undefined for a new one beyond so many. */
export function keptOf<Key, Value>(
  kept: Map<Key, Value>,
  key: Key,
  most: number,
  create: () => Value,
): Value | undefined {
  const known = kept.get(key);
  if (known !== undefined || kept.size >= most) return known;
  const added = create();
  kept.set(key, added);
  return added;
}

/** One item more of that key. */
export function addTo<Key, Item>(groups: Map<Key, Item[]>, key: Key, item: Item): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [item]);
  else group.push(item);
}
