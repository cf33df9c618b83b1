const WORD = 2 ** 32;

/**
 * Random numbers that are the same each time: xoshiro128** 1.1 (Blackman and Vigna, "Scrambled
 * Linear Pseudorandom Number Generators", ACM TOMS 47, 2021). An answer must not change when
 * somebody asks again.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** @param state four words, not all zero */
  constructor(state: readonly [number, number, number, number]) {
    [this.#a, this.#b, this.#c, this.#d] = [state[0] | 0, state[1] | 0, state[2] | 0, state[3] | 0];
  }

  /** Of one number: neighbours give streams that have nothing in common. */
  static of(seed: number): Random {
    let mixed = seed | 0;
    // SplitMix32's steps (finaliser of MurmurHash3, weyl sequence), as the authors advise for seeding.
    const next = (): number => {
      mixed = (mixed + 0x9e3779b9) | 0;
      let word = mixed ^ (mixed >>> 16);
      word = Math.imul(word, 0x85ebca6b);
      word ^= word >>> 13;
      word = Math.imul(word, 0xc2b2ae35);
      return word ^ (word >>> 16);
    };
    return new Random([next(), next(), next(), next() | 1]);
  }

  /** A whole number from 0 to 2^32 - 1. */
  word(): number {
    const scrambled = Math.imul(rotated(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotated(this.#d, 11);
    return scrambled;
  }

  /** From 0 to below 1. */
  share(): number {
    return this.word() / WORD;
  }

  /** A whole number from 0 to below a bound of at most 2^32; its bias is that of 32 bits. */
  below(bound: number): number {
    return Math.floor((this.word() / WORD) * bound);
  }
}

const rotated = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/** mulberry32: small, quick, good enough to scatter things, and the same everywhere. @returns from 0 to below 1 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
