import type { CallList } from './call-list.ts';
import type { LinkProblem } from './link-problem.ts';
import { overtakingsOf } from './overtaking.ts';
import { Walk } from './walk.ts';

/** How likely requests are with what they have now, and how that changes with what they might have. */
export class Likelihoods {
  readonly #problem: LinkProblem;
  /** By request. */
  readonly #known: Float64Array;
  /** How often the plans had changed when it was worked out. */
  readonly #knownOf: Int32Array;
  #learned = 0;
  readonly #one = new Walk();
  readonly #other = new Walk();

  constructor(problem: LinkProblem) {
    this.#problem = problem;
    this.#known = new Float64Array(problem.requestCount);
    this.#knownOf = new Int32Array(problem.requestCount).fill(-1);
  }

  /** The plans have changed. */
  relearned(): void {
    this.#learned++;
  }

  /** The request has other calls than before. */
  changed(request: number): void {
    this.#knownOf[request] = -1;
  }

  /** What it would be if the request had these calls. */
  change(request: number, { places, count }: CallList): number {
    return this.#problem.logLikelihood(request, places, count) - this.#of(request);
  }

  /** What it would be if two requests had these calls. */
  bothChange(from: number, mine: CallList, to: number, theirs: CallList): number {
    return this.change(from, mine) + this.change(to, theirs) + this.#orderChange(from, mine, to, theirs);
  }

  /** Where a program keeps the order of its requests, or does not: what two of them say of it. */
  #orderChange(from: number, mine: CallList, to: number, theirs: CallList): number {
    const { overtaking } = this.#problem.planOf(from);
    if (overtaking === 0 || this.#problem.planOf(to) !== this.#problem.planOf(from)) return 0;
    const before = overtakingsOf(this.#problem.walkOf(from, this.#one), this.#problem.walkOf(to, this.#other));
    const now = overtakingsOf(
      this.#problem.walkWith(from, mine.places, mine.count, this.#one),
      this.#problem.walkWith(to, theirs.places, theirs.count, this.#other),
    );
    return overtaking * (now - before);
  }

  #of(request: number): number {
    if (this.#knownOf[request] !== this.#learned) {
      const calls = this.#problem.callsOf[request] as readonly number[];
      this.#known[request] = this.#problem.logLikelihood(request, calls, calls.length);
      this.#knownOf[request] = this.#learned;
    }
    return this.#known[request] as number;
  }
}
