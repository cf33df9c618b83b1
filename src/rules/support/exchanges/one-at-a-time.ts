import { valueAt } from '../../../base/sorted.ts';
import { milliseconds, type Duration, type Timestamp } from '../../../base/time.ts';
import type { Span } from './queueing.ts';

// So many calls of a server tell how it works; more tell no more.
const MAX_CALLS = 1 << 10;
// Answers that leave while others wait: as many as a person would want to see before he believes it.
const LEAST_GAPS = 30;
// Calls that find nobody there, and tell what one takes by itself.
const LEAST_ALONE = 5;
// By itself a call takes as long as the next answer needs behind the one before, give or take what calls differ by.
const SHORTER = 0.6;
const LONGER = 1.4;
// Two that are worked at together leave together: hardly any may come in half that time.
const TOGETHER = 0.5;
const HARDLY_ANY = 0.05;
// Without such calls the beat tells: answers leave as regularly as that, though each call takes another time.
const REGULAR = { from: 0.7, to: 1.5 };
const UNEVEN = 2;
// Callers who each ask again when answered soon all wait for as long. Then the beginning tells, where several ask
// together and are answered one by one: what takes each caller as long answers those together.
const LEAST_TOGETHER = 4;
const AT_ONCE = 0.2;
// Of their time at least so much is waiting, and each takes what anybody would notice.
const WAITED_SHARE = 0.3;
export const LEAST_EACH = milliseconds(5);

/** How a server that works at one call at a time answers. */
export interface OneAtATime {
  /** What one call takes. */
  readonly each: Duration;
  /** The most that were there at once. */
  readonly most: number;
}

/** When calls were asked and answered at one server. */
export class AnswerLog {
  readonly #asked: Timestamp[] = [];
  readonly #answered: Timestamp[] = [];
  #last = Number.NEGATIVE_INFINITY;

  /** @returns for how long it stood behind the answer before, in nanoseconds */
  add(asked: Timestamp, answered: Timestamp): number {
    if (this.#asked.length < MAX_CALLS) {
      this.#asked.push(asked);
      this.#answered.push(answered);
    }
    const waited = Math.max(0, Math.min(this.#last, answered) - asked);
    if (answered > this.#last) this.#last = answered;
    return waited;
  }

  /**
   * Whether answers leave one by one while others wait, each as long behind the one before as a call takes that
   * finds nobody there: null where they do not, or too little tells.
   */
  judge(): OneAtATime | null {
    const order = this.#asked.map((_, index) => index).toSorted((a, b) => this.#answeredAt(a) - this.#answeredAt(b));
    const { gaps, alone, waited, took, most } = this.#apart(order);
    if (gaps.length < LEAST_GAPS) return null;
    const times = took.toSorted(ascending);
    const between = gaps.toSorted(ascending);
    const each = valueAt(between, 0.5);
    const total = took.reduce((sum, time) => sum + time, 0);
    if (each < LEAST_EACH || waited < WAITED_SHARE * total) return null;
    const isOne =
      alone.length >= LEAST_ALONE
        ? asAlone(between, valueAt(alone.toSorted(ascending), 0.5))
        : isRegular(between) && (isUneven(times) || this.#leftApart(each));
    return isOne ? { each: each as Duration, most } : null;
  }

  get calls(): number {
    return this.#asked.length;
  }

  /** The most that were there at once. */
  most(): number {
    return mostAtOnce(this.#asked, this.#answered.toSorted(ascending));
  }

  /** What was asked and answered, in order of the asking. */
  spans(): Span[] {
    return this.#asked
      .map((from, index): Span => ({ from, until: this.#answered[index] as Timestamp }))
      .toSorted((a, b) => a.from - b.from);
  }

  /** Some were asked together and answered one after another. */
  #leftApart(each: number): boolean {
    const order = this.#asked
      .map((_, index) => index)
      .toSorted((a, b) => (this.#asked[a] as number) - (this.#asked[b] as number));
    let together: number[] = [];
    for (const index of order) {
      const first = together[0];
      if (first !== undefined && (this.#asked[index] as number) - (this.#asked[first] as number) > AT_ONCE * each) {
        if (areApart(together.map(this.#answeredAt), each)) return true;
        together = [];
      }
      together.push(index);
    }
    return areApart(together.map(this.#answeredAt), each);
  }

  #answeredAt = (index: number): number => this.#answered[index] as number;

  #apart(order: readonly number[]) {
    const asked = order.map((index) => this.#asked[index] as number);
    const answered = order.map(this.#answeredAt);
    // Who is answered later and was there before.
    const earliest: number[] = [];
    let first = Infinity;
    for (let place = order.length - 1; place >= 0; place--) {
      earliest[place] = first;
      first = Math.min(first, asked[place] as number);
    }
    const gaps: number[] = [];
    const alone: number[] = [];
    const took: number[] = [];
    let waited = 0;
    let before = -Infinity;
    for (let place = 0; place < order.length; place++) {
      const came = asked[place] as number;
      const left = answered[place] as number;
      took.push(left - came);
      if (came <= before) {
        gaps.push(left - before);
        waited += before - came;
      } else if ((earliest[place] as number) > came) alone.push(left - came);
      before = left;
    }
    return { gaps, alone, waited, took, most: mostAtOnce(asked, answered) };
  }
}

const ascending = (a: number, b: number): number => a - b;

function asAlone(gaps: readonly number[], alone: number): boolean {
  const each = valueAt(gaps, 0.5);
  return each >= SHORTER * alone && each <= LONGER * alone && valueAt(gaps, HARDLY_ANY) >= TOGETHER * alone;
}

const isRegular = (gaps: readonly number[]): boolean => {
  const each = valueAt(gaps, 0.5);
  return valueAt(gaps, 0.1) >= REGULAR.from * each && valueAt(gaps, 0.9) <= REGULAR.to * each;
};

const isUneven = (times: readonly number[]): boolean => valueAt(times, 0.9) >= UNEVEN * valueAt(times, 0.1);

function areApart(answers: readonly number[], each: number): boolean {
  if (answers.length < LEAST_TOGETHER) return false;
  const sorted = answers.toSorted(ascending);
  return sorted.every((time, place) => place === 0 || time - (sorted[place - 1] as number) >= SHORTER * each);
}

function mostAtOnce(asked: readonly number[], answered: readonly number[]): number {
  const came = asked.toSorted(ascending);
  let most = 0;
  let gone = 0;
  for (let place = 0; place < came.length; place++) {
    while ((answered[gone] as number) <= (came[place] as number)) gone++;
    most = Math.max(most, place + 1 - gone);
  }
  return most;
}
