/**
 * V8 tells arrays apart by what they have ever held: one that began as `[]` was an array of small
 * integers, and code that was compiled for such is thrown away when another comes by. Lists that hot
 * paths read begin as what they will be.
 */

/** An empty list for objects or strings. */
export function emptyList<Item>(): Item[] {
  const list: (Item | null)[] = [null];
  list.pop();
  return list as Item[];
}

/** A list with one more. To push into an empty one makes room for 17, of which most lists need one. */
export function withOneMore<Item>(list: Item[], item: Item): Item[] {
  if (list.length === 0) return [item];
  list.push(item);
  return list;
}

/** A table of so many places for objects, all empty. */
export function emptySlots<Item>(count: number): (Item | null)[] {
  const slots: (Item | null)[] = [];
  // `Array.from` calls back for each place, which shows in the time that a small capture takes.
  slots.length = count;
  return slots.fill(null);
}

/** An empty list for numbers that are not all small integers, such as times. */
export function emptyNumbers<Kind extends number = number>(): Kind[] {
  const list = [Number.NaN];
  list.pop();
  return list as Kind[];
}
