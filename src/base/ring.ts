/** The last so many members: a new one takes the oldest's place, and nothing is moved. */
export class Ring<Item> {
  readonly #most: number;
  readonly #items: Item[];
  /** Where the oldest stands once all places are taken; 0 before. */
  #head = 0;

  /** @param empty of `base/lists`, of what the ring will hold */
  constructor(most: number, empty: Item[]) {
    this.#most = most;
    this.#items = empty;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The one that goes with the next; undefined while there is room. */
  get oldest(): Item | undefined {
    return this.#items.length < this.#most ? undefined : this.#items[this.#head];
  }

  put(item: Item): void {
    if (this.#items.length < this.#most) {
      this.#items.push(item);
      return;
    }
    this.#items[this.#head] = item;
    if (++this.#head === this.#most) this.#head = 0;
  }

  /** From the oldest on. */
  inOrder(): Item[] {
    return [...this.#items.slice(this.#head), ...this.#items.slice(0, this.#head)];
  }

  /** Takes out the oldest that is wanted; null where none is. */
  take(isWanted: (item: Item) => boolean): Item | null {
    const items = this.inOrder();
    const place = items.findIndex(isWanted);
    if (place < 0) return null;
    const [taken] = items.splice(place, 1);
    this.#items.splice(0, this.#items.length, ...items);
    this.#head = 0;
    return taken as Item;
  }
}
