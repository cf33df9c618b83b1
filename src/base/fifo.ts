const FIRST_CAPACITY = 64;

/** First in, first out, in a ring that grows: no allocation per member, and no member is touched. */
export class Fifo<Item> {
  size = 0;
  #ring: (Item | undefined)[] = Array.from({ length: FIRST_CAPACITY }, () => undefined);
  #head = 0;

  get first(): Item | undefined {
    return this.size === 0 ? undefined : this.#ring[this.#head];
  }

  push(item: Item): void {
    if (this.size === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.size) & (this.#ring.length - 1)] = item;
    this.size++;
  }

  shift(): Item | undefined {
    if (this.size === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.size--;
    return item;
  }

  *[Symbol.iterator](): Generator<Item> {
    for (let index = 0; index < this.size; index++) {
      yield this.#ring[(this.#head + index) & (this.#ring.length - 1)] as Item;
    }
  }

  #grow(): void {
    const items = [...this];
    this.#ring = Array.from({ length: this.#ring.length * 2 }, (_, index) => items[index]);
    this.#head = 0;
  }
}
