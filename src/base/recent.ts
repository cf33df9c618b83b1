import { emptyList } from './lists.ts';

/**
 * The last so many values by their keys. In a plain map the oldest is found behind the places of all
 * that were deleted before it: thousands, where many are kept.
 */
export class Recent<Key extends string, Value> {
  readonly #most: number;
  readonly #values = new Map<Key, Value>();
  /** In order of their coming, from {@link Recent.#oldest} on, round and round. */
  readonly #keys: Key[] = emptyList();
  #oldest = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: Key): Value | undefined {
    return this.#values.get(key);
  }

  /** A value that is replaced keeps its turn. */
  set(key: Key, value: Value): void {
    if (!this.#values.has(key)) this.#makeRoom(key);
    this.#values.set(key, value);
  }

  #makeRoom(key: Key): void {
    if (this.#keys.length < this.#most) {
      this.#keys.push(key);
      return;
    }
    this.#values.delete(this.#keys[this.#oldest] as Key);
    this.#keys[this.#oldest] = key;
    this.#oldest = (this.#oldest + 1) % this.#most;
  }
}
