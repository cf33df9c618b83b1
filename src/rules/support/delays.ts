import { nanoseconds, type Duration } from '../../base/time.ts';

// Microseconds up to 2^31 of them (36 minutes), each power of two in quarters.
const BUCKETS = 32 * 4;

/**
 * How long answers took, as counts in buckets of a quarter of a power of two: enough for a
 * threshold, a few nanoseconds to fill. The largest is exact.
 */
export class Delays {
  count = 0;
  max: Duration = nanoseconds(0);
  readonly #buckets = new Float64Array(BUCKETS);

  add(delay: number): void {
    this.count++;
    if (delay > this.max) this.max = nanoseconds(delay);
    this.#buckets[bucketOf(delay)]!++;
  }

  /** These and others. */
  with(others: Iterable<Delays>): Delays {
    const sum = new Delays();
    for (const delays of [this, ...others]) {
      if (delays.count === 0) continue;
      sum.count += delays.count;
      if (delays.max > sum.max) sum.max = delays.max;
      for (let bucket = 0; bucket < BUCKETS; bucket++) sum.#buckets[bucket]! += delays.#buckets[bucket] as number;
    }
    return sum;
  }

  /** These but for some of them; the largest stays as it is. */
  without(some: Delays): Delays {
    if (some.count === 0) return this;
    const rest = new Delays();
    rest.count = this.count - some.count;
    rest.max = this.max;
    for (let bucket = 0; bucket < BUCKETS; bucket++)
      rest.#buckets[bucket] = (this.#buckets[bucket] as number) - (some.#buckets[bucket] as number);
    return rest;
  }

  /** How many lie between the two, each told by the middle of its bucket. */
  between(from: number, until: number): number {
    let count = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const middle = middleOf(bucket);
      if (middle >= from && middle < until) count += this.#buckets[bucket] as number;
    }
    return count;
  }

  /** The middle of the bucket that holds the quantile; 0 where nothing was counted. */
  quantile(share: number): Duration {
    const rank = Math.max(1, Math.ceil(share * this.count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#buckets[bucket] as number;
      if (seen >= rank) return nanoseconds(Math.min(middleOf(bucket), this.max));
    }
    return nanoseconds(0);
  }
}

function bucketOf(delay: number): number {
  const microseconds = Math.min(0x7fff_ffff, delay / 1000) | 0;
  if (microseconds < 4) return Math.max(0, microseconds);
  const exponent = 31 - Math.clz32(microseconds);
  return exponent * 4 + ((microseconds >> (exponent - 2)) & 3);
}

function middleOf(bucket: number): number {
  if (bucket < 8) return (bucket + 0.5) * 1000;
  const quarter = 2 ** (Math.floor(bucket / 4) - 2);
  return (4 + (bucket % 4) + 0.5) * quarter * 1000;
}
