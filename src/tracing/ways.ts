import type { LinkProblem } from './link-problem.ts';
import { isBeside, keyOf, stepOf, Walk } from './walk.ts';

/** What a request did without regard to what it began meanwhile: for which step it waited before each. Filled anew for each. */
export class Ways {
  readonly #walk = new Walk();
  count = 0;
  /** A number for the step that was waited for and the one that came then. */
  pairs = new Int32Array(0);
  /** When the one was over, and the other came. */
  origins = new Float64Array(0);
  targets = new Float64Array(0);

  /** @param calls the first `count` of them */
  take(problem: LinkProblem, request: number, calls: readonly number[], count: number): this {
    const { count: steps, transitions, times, sources } = problem.walkWith(request, calls, count, this.#walk);
    if (this.pairs.length < transitions.length) this.#grow(transitions.length);
    let from = 0;
    let origin = 0;
    this.count = steps;
    for (let index = 0; index < steps; index++) {
      const transition = transitions[index] as number;
      const source = sources[index] as number;
      const key = keyOf(transition);
      if (!isBeside(key)) {
        from = transition - key;
        origin = source;
      }
      this.pairs[index] = from + stepOf(key);
      this.origins[index] = origin;
      this.targets[index] = times[index] as number;
    }
    return this;
  }

  #grow(room: number): void {
    this.pairs = new Int32Array(room);
    this.origins = new Float64Array(room);
    this.targets = new Float64Array(room);
  }
}

/** How often one request overtook the other, in the steps that both took. */
export function overtakingsOf(one: Ways, other: Ways): number {
  let count = 0;
  for (let mine = 0; mine < one.count; mine++) {
    for (let theirs = 0; theirs < other.count; theirs++) {
      if (one.pairs[mine] !== other.pairs[theirs]) continue;
      const came = (one.origins[mine] as number) - (other.origins[theirs] as number);
      const went = (one.targets[mine] as number) - (other.targets[theirs] as number);
      if (came * went < 0) count++;
      break;
    }
  }
  return count;
}
