import { BATCHES, ESCAPE, ID_CHARACTERS, NO_NUMBER, NO_TEXT, SAME_TEXT, type Batch } from './batch.ts';

// Some 6,000 rows. Each message wakes the other thread, which may take this one's processor from it for a moment:
// with an eighth of it a large capture took a sixth longer.
const INTEGERS = 1 << 18;
const NUMBERS = 1 << 17;
// A batch goes when so much of it is full: most rows find room in the rest.
const FULL = 0.75;
// Addresses, names, paths: beyond, their places begin anew.
const MAX_TEXTS = 1 << 15;

// Each is copied with the message, some microseconds and a kilobyte each.
const MAX_OBJECTS = 1 << 10;

const integersOf = (count: number): Int32Array<SharedArrayBuffer> => new Int32Array(new SharedArrayBuffer(4 * count));
const numbersOf = (count: number): Float64Array<SharedArrayBuffer> =>
  new Float64Array(new SharedArrayBuffer(8 * count));

/**
 * Puts rows into batches.
 * @param send takes a batch; returns when no more than `BATCHES - 1` are unread
 */
export class BatchWriter {
  readonly #send: (batch: Batch) => void;
  readonly #memory = Array.from({ length: BATCHES }, () => ({
    integers: integersOf(INTEGERS),
    numbers: numbersOf(NUMBERS),
  }));
  #slot = 0;
  #integers: Int32Array = this.#memory[0]!.integers;
  #numbers: Float64Array = this.#memory[0]!.numbers;
  #integer = 0;
  #number = 0;
  readonly #places = new Map<string, number>();
  #texts: string[] = [];
  #objects: object[] = [];
  #forgetsTexts = false;

  constructor(send: (batch: Batch) => void) {
    this.#send = send;
  }

  /** One of 32 bits. */
  integer(value: number): void {
    if (this.#integer === this.#integers.length) this.#growIntegers();
    this.#integers[this.#integer++] = value;
  }

  number(value: number): void {
    if (this.#number === this.#numbers.length) this.#growNumbers();
    this.#numbers[this.#number++] = value;
  }

  /** Whole, and seldom large. */
  count(value: number): void {
    if ((value | 0) === value && value !== ESCAPE) return this.integer(value);
    this.integer(ESCAPE);
    this.number(value);
  }

  counts(values: readonly number[]): void {
    this.integer(values.length);
    for (const value of values) this.count(value);
  }

  flag(value: boolean): void {
    this.integer(value ? 1 : 0);
  }

  one<T>(of: readonly T[], value: T): void {
    this.integer(of.indexOf(value));
  }

  /** One that comes again and again. @returns its place, which the reader has, too */
  text(value: string): number {
    let place = this.#places.get(value);
    if (place === undefined) {
      place = this.#places.size;
      this.#places.set(value, place);
      this.#texts.push(value);
    }
    this.integer(place);
    return place;
  }

  textOrNull(value: string | null): void {
    if (value === null) this.integer(NO_TEXT);
    else this.text(value);
  }

  /** One that mostly is the same as another, which the reader has: to compare takes less than to find it. */
  textLike<Text extends string | null>(value: Text, other: Text): void {
    if (value === other) this.integer(SAME_TEXT);
    else this.textOrNull(value);
  }

  /** `0.e17`: nearly all ids are a number behind a few characters, each in one row alone. */
  id(value: string): void {
    const start = numberStart(value);
    if (start === value.length) {
      this.integer(NO_NUMBER);
      this.text(value);
      return;
    }
    let number = 0;
    for (let index = start; index < value.length; index++) number = 10 * number + value.charCodeAt(index) - ZERO;
    let before = 0;
    for (let index = start - 1; index >= 0; index--) before = (before << 8) | value.charCodeAt(index);
    this.integer(number);
    this.integer(before);
  }

  texts(values: readonly string[]): void {
    this.integer(values.length);
    for (const value of values) this.text(value);
  }

  /** Some that mostly are the same as others, which the reader has. */
  textsLike(values: readonly string[], others: readonly string[]): void {
    if (areSame(values, others)) this.integer(SAME_TEXT);
    else this.texts(values);
  }

  /** Without functions; what it holds must not change until the batch is sent. */
  object(value: object): void {
    this.#objects.push(value);
  }

  objectOrNull(value: object | null): void {
    this.flag(value !== null);
    if (value !== null) this.object({ ...value });
  }

  /** A list that is empty nearly always, of what may be used again once the row is told. */
  rare(values: readonly object[]): void {
    this.flag(values.length > 0);
    if (values.length > 0) this.object(values.map((value) => ({ ...value })));
  }

  /** A row ends. */
  endRow(): void {
    const isFull = this.#integer > FULL * INTEGERS || this.#number > FULL * NUMBERS;
    if (isFull || this.#objects.length > MAX_OBJECTS || this.#texts.length > MAX_TEXTS) this.flush();
  }

  /** What is written goes. */
  flush(): void {
    if (this.#integer === 0) return;
    this.#send({
      integers: this.#integers,
      numbers: this.#numbers,
      end: this.#integer,
      texts: this.#texts,
      objects: this.#objects,
      forgetsTexts: this.#forgetsTexts,
    });
    this.#slot = (this.#slot + 1) % BATCHES;
    const { integers, numbers } = this.#memory[this.#slot]!;
    this.#integers = integers;
    this.#numbers = numbers;
    this.#integer = 0;
    this.#number = 0;
    this.#texts = [];
    this.#objects = [];
    this.#forgetsTexts = this.#places.size > MAX_TEXTS;
    if (this.#forgetsTexts) this.#places.clear();
  }

  #growIntegers(): void {
    const wider = integersOf(2 * this.#integers.length);
    wider.set(this.#integers);
    this.#integers = wider;
  }

  #growNumbers(): void {
    const wider = numbersOf(2 * this.#numbers.length);
    wider.set(this.#numbers);
    this.#numbers = wider;
  }
}

function areSame(values: readonly string[], others: readonly string[]): boolean {
  if (values === others) return true;
  if (values.length !== others.length) return false;
  for (let index = 0; index < values.length; index++) if (values[index] !== others[index]) return false;
  return true;
}

const ZERO = 48;
const NINE = 57;
// Longer ones are not sure to fit in 31 bits.
const MAX_DIGITS = 9;

/** Where the number begins that an id ends with; its length where it can't be written as one. */
function numberStart(id: string): number {
  let start = id.length;
  while (start > 0 && isDigit(id.charCodeAt(start - 1))) start--;
  const digits = id.length - start;
  const isPlain = digits <= MAX_DIGITS && (digits === 1 || id.charCodeAt(start) !== ZERO);
  if (!isPlain || start > ID_CHARACTERS) return id.length;
  for (let index = 0; index < start; index++) if (!isOfByte(id.charCodeAt(index))) return id.length;
  return start;
}

// Four in an integer that stays positive; NUL is what fewer leave.
const isOfByte = (code: number): boolean => code > 0 && code < 0x80;
const isDigit = (code: number): boolean => code >= ZERO && code <= NINE;
