/**
 * Rows on their way from one thread to another. Numbers lie in memory that both see; what is text goes once
 * and is named by its place from then on; what is rare goes as the object that it is.
 */
export interface Batch {
  readonly integers: Int32Array;
  readonly numbers: Float64Array;
  /** How many of the integers count. */
  readonly end: number;
  /** Texts that no batch before brought, by their next place. */
  readonly texts: readonly string[];
  readonly objects: readonly object[];
  /** The places of texts begin anew. */
  readonly forgetsTexts: boolean;
}

/** Batches that may be on their way at a time: each has memory of its own. */
export const BATCHES = 4;

/** Stands for a whole number that 32 bits do not hold, or that is this one: it is among the numbers. */
export const ESCAPE = -(2 ** 31);

/** Stands for the place of a text that is null, and of one that is the one before. */
export const NO_TEXT = -1;
export const SAME_TEXT = -2;

/** Stands for the number of an id that is no short beginning with one behind it: it is among the texts. */
export const NO_NUMBER = -1;
/** The characters before the number that one integer holds. */
export const ID_CHARACTERS = 4;

/** What comes next in a batch. */
export const KIND = { lookup: 0, connection: 1, exchange: 2, endsAt: 3, inputs: 4, begin: 5, leftOut: 6 } as const;
