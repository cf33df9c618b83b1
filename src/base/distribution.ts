import { emptyNumbers } from './lists.ts';
import { nanoseconds, type Duration } from './time.ts';

// Up to here every value is kept, so quantiles are exact; beyond, buckets of 1/128 of their value.
const EXACT_VALUES = 4096;
const SUB_BUCKETS_LOG2 = 7;
const SUB_BUCKETS = 1 << SUB_BUCKETS_LOG2;
// Each of some hundred distributions gets a value now and then: by then its sums, and one of its thousands
// of buckets, are in no cache. Of so many values at once the processor fetches them side by side.
const WAITING = 32;
const NONE = new Float64Array(0);
// 2^53 ns is 104 days: 53 powers of two.
const BUCKETS = 54 * SUB_BUCKETS;

/**
 * A latency distribution of bounded size that can be added up: exact while small, then a
 * log-linear histogram with a relative error below 0.8 %. Values are durations in nanoseconds;
 * below zero counts as zero.
 */
export class Distribution {
  #count = 0;
  #total = Number.NaN;
  #max: Duration = nanoseconds(Number.NaN);
  #exact: number[] | null = emptyNumbers();
  /** Counts: no capture has 2^31 rows. */
  #buckets: Int32Array | null = null;
  /** The exact ones in order, as long as there are no more. */
  #inOrder = NONE;
  /** Values that are in no bucket yet. */
  #waiting = NONE;
  #waitingCount = 0;

  constructor() {
    // Doubles from the start: a field that began with a small integer would cost all compiled code later.
    this.#total = 0;
    this.#max = nanoseconds(0);
  }

  get count(): number {
    return this.#count + this.#waitingCount;
  }

  get total(): number {
    this.#settle();
    return this.#total;
  }

  get max(): Duration {
    this.#settle();
    return this.#max;
  }

  add(value: Duration): void {
    const positive = value > 0 ? value : 0;
    if (this.#exact === null) {
      this.#waiting[this.#waitingCount++] = positive;
      if (this.#waitingCount === WAITING) this.#settle();
      return;
    }
    this.#sum(positive);
    this.#exact.push(positive);
    if (this.#exact.length > EXACT_VALUES) this.#coarsen();
  }

  #sum(value: number): void {
    this.#count++;
    this.#total += value;
    if (value > this.#max) this.#max = value as Duration;
  }

  /** Puts those that wait into their buckets. */
  #settle(): void {
    const count = this.#waitingCount;
    this.#waitingCount = 0;
    for (let index = 0; index < count; index++) {
      const value = this.#waiting[index] as number;
      this.#sum(value);
      this.#buckets![bucketOf(value)]!++;
    }
  }

  /** Adds all values of another distribution, which stays as it was. */
  addAll(other: Distribution): void {
    this.#settle();
    other.#settle();
    this.#count += other.#count;
    this.#total += other.#total;
    if (other.#max > this.#max) this.#max = other.#max;
    const values = other.#exact;
    if (this.#exact !== null && values !== null && this.#exact.length + values.length <= EXACT_VALUES) {
      this.#exact.push(...values);
      return;
    }
    if (this.#exact !== null) this.#coarsen();
    const buckets = this.#buckets as Int32Array;
    if (values === null) for (let bucket = 0; bucket < BUCKETS; bucket++) buckets[bucket]! += other.#buckets![bucket]!;
    else for (const value of values) buckets[bucketOf(value)]!++;
  }

  /** The nearest-rank quantile, 0 where the distribution is empty. @param share between 0 and 1 */
  quantile(share: number): Duration {
    if (this.count === 0) return nanoseconds(0);
    this.#settle();
    const rank = Math.min(this.count - 1, Math.max(0, Math.ceil(share * this.count) - 1));
    if (this.#exact !== null) return nanoseconds(this.#sorted()[rank] as number);
    const buckets = this.#buckets as Int32Array;
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += buckets[bucket] as number;
      if (seen > rank) return nanoseconds(Math.min(middleOf(bucket), this.max));
    }
    return this.max;
  }

  /**
   * This distribution with some of its values replaced: what it would be with a cause gone.
   * @param removed values that are in this distribution
   * @param added what stands in their place
   */
  replaced(removed: Distribution, added: Distribution): Distribution {
    const result = new Distribution();
    if (this.#exact !== null && removed.#exact !== null && added.#exact !== null) {
      const without = removed.#sorted();
      let next = 0;
      for (const value of this.#sorted()) {
        // What is not in here is passed over.
        while (next < without.length && (without[next] as number) < value) next++;
        if (next < without.length && without[next] === value) next++;
        else result.add(nanoseconds(value));
      }
      for (const value of added.#exact) result.add(nanoseconds(value));
      return result;
    }
    const [own, gone, come] = [this.#counts(), removed.#counts(), added.#counts()];
    const counts = new Int32Array(BUCKETS);
    let highest = -1;
    for (let bucket = bucketOf(Math.max(this.max, added.max)); bucket >= 0; bucket--) {
      const count = Math.max(0, (own[bucket] as number) - (gone[bucket] as number)) + (come[bucket] as number);
      if (count === 0) continue;
      if (highest < 0) highest = bucket;
      counts[bucket] = count;
      result.#count += count;
      result.#total += count * middleOf(bucket);
    }
    result.#coarsen();
    result.#buckets = counts;
    result.#max = nanoseconds(Math.min(highest < 0 ? 0 : middleOf(highest), Math.max(this.max, added.max)));
    return result;
  }

  /** This distribution with each value greater by so much: less where negative, and never below zero. */
  shifted(by: number): Distribution {
    const result = new Distribution();
    if (this.#exact !== null) {
      for (const value of this.#exact) result.add(nanoseconds(value + by));
      return result;
    }
    result.#coarsen();
    const counts = this.#counts();
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const count = counts[bucket] as number;
      if (count === 0) continue;
      const value = Math.max(0, Math.min(middleOf(bucket), this.max) + by);
      result.#buckets![bucketOf(value)]! += count;
      result.#count += count;
      result.#total += count * value;
    }
    result.#max = nanoseconds(Math.max(0, this.max + by));
    return result;
  }

  /** By how much values are greater than this one, in all. */
  beyond(value: number): number {
    if (this.#exact !== null) return this.#exact.reduce((sum, one) => sum + Math.max(0, one - value), 0);
    return this.#counts().reduce((sum, count, bucket) => sum + count * Math.max(0, middleOf(bucket) - value), 0);
  }

  /** Occupied buckets as [lower bound in nanoseconds, count], for export. */
  histogram(): [number, number][] {
    const occupied: [number, number][] = [];
    // Of the few values that most captures hold nearly all buckets are empty.
    if (this.#exact !== null) {
      let last = -1;
      for (const value of this.#sorted()) {
        const bucket = bucketOf(value);
        if (bucket === last) occupied.at(-1)![1]++;
        else occupied.push([lowerBoundOf(bucket), 1]);
        last = bucket;
      }
      return occupied;
    }
    const counts = this.#counts();
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const count = counts[bucket] as number;
      if (count > 0) occupied.push([lowerBoundOf(bucket), count]);
    }
    return occupied;
  }

  /** All values, the least first; asked for several quantiles in a row, it sorts once. */
  #sorted(): Float64Array {
    const values = this.#exact as number[];
    if (this.#inOrder.length !== values.length) this.#inOrder = Float64Array.from(values).sort();
    return this.#inOrder;
  }

  /** How many values each bucket holds. */
  #counts(): Int32Array {
    this.#settle();
    if (this.#buckets !== null) return this.#buckets;
    const counts = new Int32Array(BUCKETS);
    for (const value of this.#exact ?? []) counts[bucketOf(value)]!++;
    return counts;
  }

  #coarsen(): void {
    this.#buckets = this.#counts();
    this.#exact = null;
    this.#inOrder = NONE;
    this.#waiting = new Float64Array(WAITING);
  }
}

// `Math.log2` and `**` would take more time than all else that is done for a lookup.
const POWERS_OF_TWO = Float64Array.from({ length: 54 }, (_, exponent) => 2 ** exponent);
const WORD = 2 ** 32;
/** Below 2.1 s integers do. */
const SIGNED_WORD = 2 ** 31;

/** Values below 128 ns have a bucket each; above, each power of two has 128 equal buckets. */
function bucketOf(value: number): number {
  if (value < SIGNED_WORD) {
    const small = value | 0;
    if (small < SUB_BUCKETS) return small;
    const shift = 31 - Math.clz32(small) - SUB_BUCKETS_LOG2;
    return (shift + 1) * SUB_BUCKETS + (small >> shift) - SUB_BUCKETS;
  }
  const whole = Math.floor(value);
  if (whole > Number.MAX_SAFE_INTEGER) return BUCKETS - 1;
  const high = Math.floor(whole / WORD);
  const exponent = high === 0 ? 31 - Math.clz32(whole) : 63 - Math.clz32(high);
  const sub = Math.floor(whole / (POWERS_OF_TWO[exponent - SUB_BUCKETS_LOG2] as number)) - SUB_BUCKETS;
  return Math.min(BUCKETS - 1, (exponent - SUB_BUCKETS_LOG2 + 1) * SUB_BUCKETS + sub);
}

function lowerBoundOf(bucket: number): number {
  if (bucket < SUB_BUCKETS) return bucket;
  const exponent = Math.floor(bucket / SUB_BUCKETS) - 1;
  return (SUB_BUCKETS + (bucket % SUB_BUCKETS)) * 2 ** exponent;
}

const middleOf = (bucket: number): number =>
  bucket < SUB_BUCKETS ? bucket : (lowerBoundOf(bucket) + lowerBoundOf(bucket + 1)) / 2;
