// Connections and clients at a time; beyond, all begin anew.
const MAX_KEYS = 1 << 14;

/**
 * What stood in the last row of the same connection, or of the same client: in the next stands mostly the same.
 * Who writes and who reads each keep it, by the same rows in the same order.
 */
export class LastTexts<Texts extends object> {
  readonly #none: Texts;
  readonly #byKey = new Map<string, Texts>();

  constructor(none: Texts) {
    this.#none = none;
  }

  /** To be changed to what stands in the row at hand. */
  of(key: string): Texts {
    let last = this.#byKey.get(key);
    if (last === undefined) {
      if (this.#byKey.size === MAX_KEYS) this.#byKey.clear();
      last = { ...this.#none };
      this.#byKey.set(key, last);
    }
    return last;
  }
}
