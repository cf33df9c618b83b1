/** What an entry costs beside its octets (RFC 7541 section 4.1). */
export const ENTRY_OVERHEAD = 32;
/** RFC 9113 section 6.5.2: SETTINGS_HEADER_TABLE_SIZE before anybody says otherwise. */
export const DEFAULT_TABLE_SIZE = 4096;
// 64 KiB, which browsers and proxies allow at most, hold 2048 entries at most. Of a larger table
// the older entries are forgotten, and say so.
const MAX_ENTRIES = 2048;
const FIRST_CAPACITY = 16;

/**
 * One side's dynamic table (RFC 7541 section 2.3.2): a ring of the newest entries. Only values
 * that somebody wants are kept as strings; of all others their size is enough.
 */
export class DynamicTable {
  /** Entries that are known. */
  length = 0;
  /** Older entries may exist that are not known: the capture began late, or lost some. */
  hasUnknown: boolean;
  #names = new Int32Array(FIRST_CAPACITY);
  #nameLengths = new Int32Array(FIRST_CAPACITY);
  #valueLengths = new Int32Array(FIRST_CAPACITY);
  #values: string[] = [];
  /** The slot that the next entry takes. */
  #head = 0;
  #size = 0;
  #limit: number;

  /** @param fromStart false where the connection is older than what is seen of it: its limit is not known either */
  constructor(fromStart: boolean) {
    this.hasUnknown = !fromStart;
    this.#limit = fromStart ? DEFAULT_TABLE_SIZE : Infinity;
  }

  add(name: number, nameLength: number, valueLength: number, value: string): void {
    const size = nameLength + valueLength + ENTRY_OVERHEAD;
    // Larger than the table: it empties it and is not in it (section 4.4).
    if (size > this.#limit) {
      this.#evictTo(0);
      return;
    }
    this.#evictTo(this.#limit - size);
    if (this.length === MAX_ENTRIES) {
      this.#evictOldest();
      this.hasUnknown = true;
    }
    if (this.length === this.#names.length) this.#grow();
    const slot = this.#head;
    this.#names[slot] = name;
    this.#nameLengths[slot] = nameLength;
    this.#valueLengths[slot] = valueLength;
    this.#values[slot] = value;
    this.#head = (slot + 1) & (this.#names.length - 1);
    this.#size += size;
    this.length++;
  }

  /** The encoder's new limit (section 6.3). */
  resize(limit: number): void {
    this.#limit = limit;
    this.#evictTo(limit);
    if (limit === 0) this.hasUnknown = false;
  }

  /** An unknown number of entries was added: no index says any more what it said. */
  forget(): void {
    this.#evictTo(-1);
    this.hasUnknown = true;
  }

  /** @param index 0 is the newest; less than {@link length} */
  name(index: number): number {
    return this.#names[this.#slot(index)] as number;
  }

  nameLength(index: number): number {
    return this.#nameLengths[this.#slot(index)] as number;
  }

  value(index: number): string {
    return this.#values[this.#slot(index)] as string;
  }

  #slot(index: number): number {
    return (this.#head - 1 - index) & (this.#names.length - 1);
  }

  #evictTo(size: number): void {
    while (this.#size > size && this.length > 0) this.#evictOldest();
  }

  #evictOldest(): void {
    const slot = this.#slot(this.length - 1);
    this.#size -= (this.#nameLengths[slot] as number) + (this.#valueLengths[slot] as number) + ENTRY_OVERHEAD;
    this.#values[slot] = '';
    this.length--;
  }

  #grow(): void {
    const old = this.#names.length;
    const names = new Int32Array(old * 2);
    const nameLengths = new Int32Array(old * 2);
    const valueLengths = new Int32Array(old * 2);
    const values: string[] = [];
    for (let age = old - 1, slot = 0; age >= 0; age--, slot++) {
      const from = this.#slot(age);
      names[slot] = this.#names[from] as number;
      nameLengths[slot] = this.#nameLengths[from] as number;
      valueLengths[slot] = this.#valueLengths[from] as number;
      values.push(this.#values[from] as string);
    }
    this.#names = names;
    this.#nameLengths = nameLengths;
    this.#valueLengths = valueLengths;
    this.#values = values;
    this.#head = old;
  }
}
