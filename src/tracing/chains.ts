import { CallList } from './call-list.ts';
import type { CallPlan } from './call-plan.ts';
import type { Likelihoods } from './likelihoods.ts';
import type { LinkProblem } from './link-problem.ts';
import { MadeSets } from './made-sets.ts';

/*
 * A request that has a call too many and one that lacks it are often not in flight together: each of
 * those between them has the call of the next. No swap of two helps, since who gives is left without;
 * only all of them at once do (ejection chains: Glover 1996). Requests that wait for the same thing go
 * on at the same time: where one seems to make all their calls, those without any vouch for one another,
 * so that what is likely must be told by the others alone.
 */

// What fewer requests of a kind do is unusual: there a chain may begin.
const RARE_SHARE = 0.1;
// Requests that are in flight with none of the same are never far: calls shift by a few requests.
const MOST_LINKS = 8;
// Ways that are followed at once: the best.
const MOST_WAYS = 4;
// What a request has too many, tried one by one: of more, the first.
const MOST_SURPLUS = 6;
// As likely either way is no reason to change.
const LEAST_GAIN = 0.5;

const NONE: readonly never[] = [];

/** A request that takes over what the one before gives, and gives its own of the same kinds. */
interface Way {
  readonly request: number;
  readonly before: Way | null;
  readonly given: readonly number[];
  /** ln of how much likelier all is, up to here. */
  readonly gain: number;
}

export class Chains {
  readonly #problem: LinkProblem;
  readonly #likelihoods: Likelihoods;
  /** How many calls of each kind most requests of a plan have. */
  readonly #usual = new Map<CallPlan, ReadonlyMap<number, number>>();
  readonly #one = new CallList();
  readonly #other = new CallList();

  constructor(problem: LinkProblem, likelihoods: Likelihoods) {
    this.#problem = problem;
    this.#likelihoods = likelihoods;
  }

  /**
   * Shifts calls along each chain that makes all likelier.
   * @param isTold what is likely is told by requests alone that do what many others do, and who takes what is given
   * lacks it
   * @param changed is told of each request that has others then
   * @returns how many chains
   */
  shift(isTold: boolean, changed: (request: number) => void): number {
    const unusual = this.#unusual();
    if (!unusual.some((request) => this.#surplusOf(request).length > 0)) return 0;
    if (isTold) this.#unlearn(unusual);
    let count = 0;
    for (const request of unusual)
      for (let times = 0; times < MOST_SURPLUS && this.#shiftFrom(request, isTold, changed); times++) count++;
    if (isTold) this.#relearn();
    return count;
  }

  #unlearn(requests: readonly number[]): void {
    for (const request of requests) this.#problem.unlearn(request);
    this.#likelihoods.relearned();
  }

  #relearn(): void {
    this.#problem.relearn();
    this.#likelihoods.relearned();
  }

  #shiftFrom(request: number, isTold: boolean, changed: (request: number) => void): boolean {
    for (const given of this.#surplusOf(request)) {
      const best = this.#bestFrom(request, given, isTold);
      if (best === null) continue;
      for (let way: Way | null = best; way !== null; way = way.before) {
        this.#problem.settle(way.request, this.#filled(this.#one, way));
        this.#likelihoods.changed(way.request);
        changed(way.request);
      }
      return true;
    }
    return false;
  }

  /** Requests that do what few of their kind do. */
  #unusual(): number[] {
    const unusual: number[] = [];
    const { plans, counts } = new MadeSets(this.#problem);
    for (const { plan, requests, most } of plans) {
      this.#usual.delete(plan);
      for (const request of requests) {
        const count = counts[request] as number;
        if (count === most && !this.#usual.has(plan)) this.#usual.set(plan, this.#kindsOf(this.#callsOf(request)));
        if (count < requests.length * RARE_SHARE) unusual.push(request);
      }
    }
    return unusual;
  }

  /** What a request has beyond what is usual: the first or the last of each kind, or any one. */
  #surplusOf(request: number): readonly (readonly number[])[] {
    const own = this.#callsOf(request);
    const surplus = own.filter((call) => this.#isSurplus(call, own, request));
    if (surplus.length === 0) return NONE;
    const single = surplus.slice(0, MOST_SURPLUS).map((call) => [call]);
    const first = this.#firstOfEach(surplus);
    if (first.length < 2) return single;
    const last = this.#firstOfEach(surplus.toReversed()).toReversed();
    return first.length === surplus.length ? [first, ...single] : [first, last, ...single];
  }

  #isSurplus(call: number, own: readonly number[], request: number): boolean {
    if (this.#problem.calls.isFixed[call] === 1) return false;
    const kind = this.#kindOf(call);
    let count = 0;
    for (let index = 0; index < own.length; index++) if (this.#kindOf(own[index] as number) === kind) count++;
    return count > (this.#usualOf(request).get(kind) ?? 0);
  }

  #firstOfEach(calls: readonly number[]): number[] {
    const known = new Set<number>();
    return calls.filter((call) => {
      const kind = this.#kindOf(call);
      const isFirst = !known.has(kind);
      known.add(kind);
      return isFirst;
    });
  }

  /** The best chain that begins there; null where none is better than to leave all as it is. */
  #bestFrom(request: number, given: readonly number[], isTold: boolean): Way | null {
    let best: Way | null = null;
    let most = LEAST_GAIN;
    let ways: Way[] = [this.#begin(request, given)];
    for (let links = 0; links < MOST_LINKS && ways.length > 0; links++) {
      const next: Way[] = [];
      for (const way of ways) {
        this.#filled(this.#other, way);
        for (const taker of this.#takersOf(way)) {
          const end = !isTold || this.#lacks(taker, way.given) ? this.#wayTo(taker, way, []) : null;
          if (end !== null && end.gain > most) {
            most = end.gain;
            best = end;
          }
          const alike = this.#alikeOf(this.#callsOf(taker), way.given);
          if (alike !== null) next.push(this.#wayTo(taker, way, alike));
        }
      }
      ways = next.sort((a, b) => b.gain - a.gain).slice(0, MOST_WAYS);
    }
    return best;
  }

  #begin(request: number, given: readonly number[]): Way {
    const way = { request, before: null, given, gain: 0 };
    return { ...way, gain: this.#likelihoods.change(request, this.#filled(this.#one, way)) };
  }

  /** One further on than the way whose calls {@link Chains.#other} has. */
  #wayTo(request: number, before: Way, given: readonly number[]): Way {
    const way = { request, before, given, gain: before.gain };
    const gain = this.#likelihoods.change(request, this.#filled(this.#one, way));
    const order = this.#likelihoods.orderChange(request, this.#one, before.request, this.#other);
    return { ...way, gain: before.gain + gain + order };
  }

  /** What a request has that takes over what the one before gives, and gives its own. */
  #filled(list: CallList, { request, before, given }: Way): CallList {
    list.clear();
    const own = this.#callsOf(request);
    for (let index = 0; index < own.length; index++) {
      const call = own[index] as number;
      if (!given.includes(call)) list.push(call);
    }
    const taken = before === null ? NONE : before.given;
    for (let index = 0; index < taken.length; index++) list.push(taken[index] as number);
    list.sort();
    return list;
  }

  /** Who could have made all that is given, and is not in the chain yet. */
  #takersOf(way: Way): number[] {
    const { candidates } = this.#problem.calls;
    const [first, ...others] = way.given.map((call) => candidates[call] as readonly number[]);
    return (first ?? []).filter((request) => !isIn(way, request) && others.every((list) => list.includes(request)));
  }

  /** Requests of its kind mostly have more of such calls: else several that do what few do would become one that does it all. */
  #lacks(request: number, calls: readonly number[]): boolean {
    const own = this.#kindsOf(this.#callsOf(request));
    const usual = this.#usualOf(request);
    return calls.every((call) => (own.get(this.#kindOf(call)) ?? 0) < (usual.get(this.#kindOf(call)) ?? 0));
  }

  /** Its calls of the kinds of others, as many as those; null where that is not what it has. */
  #alikeOf(own: readonly number[], others: readonly number[]): readonly number[] | null {
    const kinds = others.map((call) => this.#kindOf(call));
    const alike = own.filter((call) => kinds.includes(this.#kindOf(call)));
    const isSame = alike.length === others.length && alike.every((call) => this.#problem.calls.isFixed[call] === 0);
    return isSame ? alike : null;
  }

  #usualOf(request: number): ReadonlyMap<number, number> {
    return this.#usual.get(this.#problem.planOf(request)) as ReadonlyMap<number, number>;
  }

  /** How many calls of each kind. */
  #kindsOf(calls: readonly number[]): Map<number, number> {
    const counts = new Map<number, number>();
    for (const call of calls) counts.set(this.#kindOf(call), (counts.get(this.#kindOf(call)) ?? 0) + 1);
    return counts;
  }

  #callsOf(request: number): readonly number[] {
    return this.#problem.callsOf[request] as readonly number[];
  }

  #kindOf(call: number): number {
    return this.#problem.calls.kinds[call] as number;
  }
}

function isIn(chain: Way, request: number): boolean {
  for (let way: Way | null = chain; way !== null; way = way.before) if (way.request === request) return true;
  return false;
}
