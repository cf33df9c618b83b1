import type { CallList } from './call-list.ts';
import type { LinkProblem } from './link-problem.ts';
import { markOf } from './walk.ts';
import { overtakingsOf, Ways } from './ways.ts';

// What is remembered: so many for each call, and a megabyte at most.
const REMEMBERED_BY_CALL = 8;
const MOST_REMEMBERED = 1 << 16;
// A request and which calls it has make one whole number below 2^53; of a request's sets two in a
// hundred million are taken for one.
const MARKS = 2 ** 38;
const SECOND_BITS = 6;

/** How likely requests are with what they have now, and how that changes with what they might have. */
export class Likelihoods {
  readonly #problem: LinkProblem;
  /** By request; NaN until it is asked for. */
  readonly #known: Float64Array;
  /**
   * Requests with calls, since the same few are tried over and over: each in its place, or another that came later.
   * Its key, and how likely it is: side by side, since memory is fetched by the line.
   */
  readonly #remembered: Float64Array;
  /** By call: sums of some tell which they were. */
  readonly #marks: Float64Array;
  readonly #one = new Ways();
  readonly #other = new Ways();

  constructor(problem: LinkProblem) {
    this.#problem = problem;
    this.#known = new Float64Array(problem.requestCount).fill(Number.NaN);
    let room = REMEMBERED_BY_CALL;
    while (room < Math.min(MOST_REMEMBERED, problem.callCount * REMEMBERED_BY_CALL)) room *= 2;
    this.#remembered = new Float64Array(2 * room).fill(Number.NaN);
    this.#marks = new Float64Array(problem.callCount);
    for (let call = 0; call < problem.callCount; call++)
      this.#marks[call] = markOf(call) * 2 ** SECOND_BITS + (markOf(~call) >>> (32 - SECOND_BITS));
  }

  /** The plans have changed. */
  relearned(): void {
    this.reassigned();
    this.#remembered.fill(Number.NaN);
  }

  /** The request has other calls than before. */
  changed(request: number): void {
    this.#known[request] = Number.NaN;
  }

  /** All requests may have others than before. */
  reassigned(): void {
    this.#known.fill(Number.NaN);
  }

  /** With what the request has now. */
  now(request: number): number {
    let known = this.#known[request] as number;
    if (known !== known) {
      const calls = this.#problem.callsOf[request] as readonly number[];
      known = this.#of(request, calls, calls.length);
      this.#known[request] = known;
    }
    return known;
  }

  /** What it would be if the request had these calls. */
  change(request: number, { places, count }: CallList): number {
    const now = this.now(request);
    return this.#of(request, places, count) - now;
  }

  /** With the first `count` of these calls. */
  #of(request: number, calls: readonly number[], count: number): number {
    const marks = this.#marks;
    const remembered = this.#remembered;
    let sum = 0;
    for (let index = 0; index < count; index++) {
      sum += marks[calls[index] as number] as number;
      if (sum >= MARKS) sum -= MARKS;
    }
    const key = request * MARKS + sum;
    const place = 2 * ((sum ^ Math.imul(request, 0x9e3779b1)) & (remembered.length / 2 - 1));
    if (remembered[place] === key) return remembered[place + 1] as number;
    const likelihood = this.#problem.logLikelihood(request, calls, count);
    remembered[place] = key;
    remembered[place + 1] = likelihood;
    return likelihood;
  }

  /** What it would be if two requests had these calls. */
  bothChange(from: number, mine: CallList, to: number, theirs: CallList): number {
    return this.change(from, mine) + this.change(to, theirs) + this.orderChange(from, mine, to, theirs);
  }

  /** Of that, what they say of each other: where a program keeps the order of its requests. */
  orderChange(from: number, mine: CallList, to: number, theirs: CallList): number {
    const { overtaking } = this.#problem.planOf(from);
    if (overtaking === 0 || this.#problem.planOf(to) !== this.#problem.planOf(from)) return 0;
    return overtaking * this.#overtakingChange(from, mine, to, theirs);
  }

  #overtakingChange(from: number, mine: CallList, to: number, theirs: CallList): number {
    const problem = this.#problem;
    const own = problem.callsOf[from] as readonly number[];
    const others = problem.callsOf[to] as readonly number[];
    const before = overtakingsOf(
      this.#one.take(problem, from, own, own.length),
      this.#other.take(problem, to, others, others.length),
    );
    const now = overtakingsOf(
      this.#one.take(problem, from, mine.places, mine.count),
      this.#other.take(problem, to, theirs.places, theirs.count),
    );
    return now - before;
  }
}
