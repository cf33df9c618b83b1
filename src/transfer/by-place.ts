/**
 * What is remembered by the place of a text: the last row of a connection, say, or of a client, since in the next
 * stands mostly the same. Who writes and who reads each keep it, by the same rows in the same order; so it does no harm
 * that it stays where places begin anew and another text gets the place. There are no more than places.
 */
export class ByPlace<Item> {
  readonly #create: () => Item;
  readonly #items: (Item | undefined)[] = [];

  /** @param create what is remembered of one that was not seen before */
  constructor(create: () => Item) {
    this.#create = create;
  }

  /** To be changed to what stands in the row at hand. */
  of(place: number): Item {
    return (this.#items[place] ??= this.#create());
  }
}
