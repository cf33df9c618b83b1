import { ESCAPE, NO_NUMBER, NO_TEXT, SAME_TEXT, type Batch } from './batch.ts';

const NONE: readonly never[] = [];
const EMPTY: Batch = {
  integers: new Int32Array(0),
  numbers: new Float64Array(0),
  end: 0,
  texts: NONE,
  objects: NONE,
  forgetsTexts: false,
};

/** Takes what a `BatchWriter` wrote, in the same order. */
export class BatchReader {
  #integers = EMPTY.integers;
  #numbers = EMPTY.numbers;
  #end = 0;
  #integer = 0;
  #number = 0;
  #texts: string[] = [];
  readonly #beginnings = new Map<number, string>();
  #objects = EMPTY.objects;
  #object = 0;

  begin({ integers, numbers, end, texts, objects, forgetsTexts }: Batch): void {
    this.#integers = integers;
    this.#numbers = numbers;
    this.#end = end;
    this.#integer = 0;
    this.#number = 0;
    if (forgetsTexts) this.#texts = [];
    for (const text of texts) this.#texts.push(text);
    this.#objects = objects;
    this.#object = 0;
  }

  get ended(): boolean {
    return this.#integer === this.#end;
  }

  integer(): number {
    return this.#integers[this.#integer++] as number;
  }

  number(): number {
    return this.#numbers[this.#number++] as number;
  }

  count(): number {
    const value = this.integer();
    return value === ESCAPE ? this.number() : value;
  }

  counts(): readonly number[] {
    const count = this.integer();
    if (count === 0) return NONE;
    const counts: number[] = [];
    for (let index = 0; index < count; index++) counts.push(this.count());
    return counts;
  }

  flag(): boolean {
    return this.integer() === 1;
  }

  one<T>(of: readonly T[]): T {
    return of[this.integer()] as T;
  }

  text(): string {
    return this.textAt(this.integer());
  }

  /** For who wants to know its place as well: that comes as an integer. */
  textAt(place: number): string {
    return this.#texts[place] as string;
  }

  textOrNull(): string | null {
    const place = this.integer();
    return place === NO_TEXT ? null : (this.#texts[place] as string);
  }

  textLike<Text extends string | null>(other: Text): Text {
    const place = this.integer();
    return place === SAME_TEXT ? other : ((place === NO_TEXT ? null : this.#texts[place]) as Text);
  }

  id(): string {
    const number = this.integer();
    return number === NO_NUMBER ? this.text() : this.#beginning(this.integer()) + number;
  }

  /** For ids that hardly anybody asks for: what one is put together from; `idNumber` is below zero where `idBegins` is all. */
  idInto(row: { idBegins: string; idNumber: number }): void {
    const number = this.integer();
    row.idNumber = number === NO_NUMBER ? -1 : number;
    row.idBegins = number === NO_NUMBER ? this.text() : this.#beginning(this.integer());
  }

  #beginning(characters: number): string {
    let beginning = this.#beginnings.get(characters);
    if (beginning === undefined) {
      beginning = '';
      for (let left = characters; left > 0; left >>= 8) beginning += String.fromCharCode(left & 0xff);
      this.#beginnings.set(characters, beginning);
    }
    return beginning;
  }

  texts(): readonly string[] {
    return this.#textsOf(this.integer());
  }

  textsLike(others: readonly string[]): readonly string[] {
    const count = this.integer();
    return count === SAME_TEXT ? others : this.#textsOf(count);
  }

  #textsOf(count: number): readonly string[] {
    if (count === 0) return NONE;
    const texts: string[] = [];
    for (let index = 0; index < count; index++) texts.push(this.text());
    return texts;
  }

  /** As the writer was given it. */
  object(): object {
    return this.#objects[this.#object++] as object;
  }

  objectOrNull<T extends object>(): T | null {
    return this.flag() ? (this.object() as T) : null;
  }

  /** A list that was written as `rare`. */
  rare<T extends object>(): readonly T[] {
    return this.flag() ? (this.object() as readonly T[]) : NONE;
  }
}
