import type { CallList } from './call-list.ts';
import type { LinkProblem } from './link-problem.ts';
import { overtakingsOf, Ways } from './ways.ts';

/** How likely requests are with what they have now, and how that changes with what they might have. */
export class Likelihoods {
  readonly #problem: LinkProblem;
  /** By request; NaN until it is asked for. */
  readonly #known: Float64Array;
  readonly #one = new Ways();
  readonly #other = new Ways();

  constructor(problem: LinkProblem) {
    this.#problem = problem;
    this.#known = new Float64Array(problem.requestCount).fill(Number.NaN);
  }

  /** The plans have changed. */
  relearned(): void {
    this.#known.fill(Number.NaN);
  }

  /** The request has other calls than before. */
  changed(request: number): void {
    this.#known[request] = Number.NaN;
  }

  /** What it would be if the request had these calls. */
  change(request: number, { places, count }: CallList): number {
    let known = this.#known[request] as number;
    if (known !== known) {
      const calls = this.#problem.callsOf[request] as readonly number[];
      known = this.#problem.logLikelihood(request, calls, calls.length);
      this.#known[request] = known;
    }
    return this.#problem.logLikelihood(request, places, count) - known;
  }

  /** What it would be if two requests had these calls. */
  bothChange(from: number, mine: CallList, to: number, theirs: CallList): number {
    const gain = this.change(from, mine) + this.change(to, theirs);
    const { overtaking } = this.#problem.planOf(from);
    if (overtaking === 0 || this.#problem.planOf(to) !== this.#problem.planOf(from)) return gain;
    return gain + overtaking * this.#overtakingChange(from, mine, to, theirs);
  }

  /** Where a program keeps the order of its requests, or does not: what two of them say of it. */
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
