import { CallList } from './call-list.ts';
import type { CallPlan } from './call-plan.ts';
import type { Likelihoods } from './likelihoods.ts';
import type { LinkProblem } from './link-problem.ts';

/*
 * A request that has a call too many and one that lacks it are often not in flight together: each of
 * those between them has the call of the next. No swap of two helps, since who gives is left without;
 * only all of them at once do (ejection chains: Glover 1996).
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

/** A request that takes over what the one before gives, and gives its own of the same kinds. */
interface Way {
  readonly request: number;
  readonly before: Way | null;
  /** What it has then. */
  readonly calls: readonly number[];
  readonly given: readonly number[];
  /** ln of how much likelier all is, up to here. */
  readonly gain: number;
}

/** How often requests of a kind do what most of them do, and how many calls of each kind that is. */
interface Usual {
  readonly counts: ReadonlyMap<number, number>;
  /** Requests by the set of calls that they have. */
  readonly sets: ReadonlyMap<number, number>;
  readonly all: number;
}

export class Chains {
  readonly #problem: LinkProblem;
  readonly #likelihoods: Likelihoods;
  readonly #one = new CallList();
  readonly #other = new CallList();

  constructor(problem: LinkProblem, likelihoods: Likelihoods) {
    this.#problem = problem;
    this.#likelihoods = likelihoods;
  }

  /**
   * Shifts calls along each chain that makes all likelier.
   * @param changed is told of each request that has others then
   * @returns how many chains
   */
  shift(changed: (request: number) => void): number {
    let count = 0;
    for (const [request, usual] of this.#unusual()) {
      for (const given of this.#surplusOf(request, usual)) {
        const best = this.#bestFrom(request, given);
        if (best === null) continue;
        for (let way: Way | null = best; way !== null; way = way.before) {
          this.#problem.settle(way.request, filled(this.#one, way.calls));
          this.#likelihoods.changed(way.request);
          changed(way.request);
        }
        count++;
        break;
      }
    }
    return count;
  }

  /** Requests that do what few of their kind do, with what most of them do. */
  #unusual(): [number, Usual][] {
    const { requestCount } = this.#problem;
    const byPlan = new Map<CallPlan, number[]>();
    const sets = new Float64Array(requestCount);
    for (let request = 0; request < requestCount; request++) {
      const plan = this.#problem.planOf(request);
      const alike = byPlan.get(plan);
      if (alike === undefined) byPlan.set(plan, [request]);
      else alike.push(request);
      sets[request] = this.#problem.walkOf(request).set;
    }
    const unusual: [number, Usual][] = [];
    for (const alike of byPlan.values()) {
      const usual = this.#usualOf(alike, sets);
      for (const request of alike) {
        const count = usual.sets.get(sets[request] as number) ?? 0;
        if (count < usual.all * RARE_SHARE) unusual.push([request, usual]);
      }
    }
    return unusual;
  }

  #usualOf(requests: readonly number[], setOf: Float64Array): Usual {
    const sets = new Map<number, number>();
    let most = 0;
    let usual = requests[0] as number;
    for (const request of requests) {
      const set = setOf[request] as number;
      const count = (sets.get(set) ?? 0) + 1;
      sets.set(set, count);
      if (count <= most) continue;
      most = count;
      usual = request;
    }
    const counts = new Map<number, number>();
    for (const call of this.#callsOf(usual)) {
      const kind = this.#kindOf(call);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    return { counts, sets, all: requests.length };
  }

  /** What a request has beyond what is usual: the first or the last of each kind, or any one. */
  #surplusOf(request: number, { counts }: Usual): (readonly number[])[] {
    const { isFixed } = this.#problem.calls;
    const own = this.#callsOf(request);
    const surplus = own.filter((call) => {
      const kind = this.#kindOf(call);
      const count = own.filter((other) => this.#kindOf(other) === kind).length;
      return isFixed[call] === 0 && count > (counts.get(kind) ?? 0);
    });
    const single = surplus.slice(0, MOST_SURPLUS).map((call) => [call]);
    const first = this.#firstOfEach(surplus);
    if (first.length < 2) return single;
    const last = this.#firstOfEach(surplus.toReversed()).toReversed();
    return first.length === surplus.length ? [first, ...single] : [first, last, ...single];
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
  #bestFrom(request: number, given: readonly number[]): Way | null {
    const calls = this.#callsOf(request).filter((call) => !given.includes(call));
    const gain = this.#likelihoods.change(request, filled(this.#one, calls));
    let best: Way | null = null;
    let most = LEAST_GAIN;
    let ways: Way[] = [{ request, before: null, calls, given, gain }];
    for (let links = 0; links < MOST_LINKS && ways.length > 0; links++) {
      const next: Way[] = [];
      for (const way of ways) {
        for (const taker of this.#takersOf(way)) {
          const own = this.#callsOf(taker);
          const end = this.#wayTo(taker, way, own, []);
          if (end.gain > most) {
            most = end.gain;
            best = end;
          }
          const alike = this.#alikeOf(own, way.given);
          if (alike === null) continue;
          next.push(
            this.#wayTo(
              taker,
              way,
              own.filter((call) => !alike.includes(call)),
              alike,
            ),
          );
        }
      }
      ways = next.sort((a, b) => b.gain - a.gain).slice(0, MOST_WAYS);
    }
    return best;
  }

  /** @param kept what it keeps of its own */
  #wayTo(request: number, before: Way, kept: readonly number[], given: readonly number[]): Way {
    const calls = [...kept, ...before.given].sort((a, b) => a - b);
    const gain = this.#likelihoods.change(request, filled(this.#one, calls));
    const order = this.#likelihoods.orderChange(request, this.#one, before.request, filled(this.#other, before.calls));
    return { request, before, calls, given, gain: before.gain + gain + order };
  }

  /** Who could have made all that is given, and is not in the chain yet. */
  #takersOf(way: Way): number[] {
    const { candidates } = this.#problem.calls;
    const [first, ...others] = way.given.map((call) => candidates[call] as readonly number[]);
    return (first ?? []).filter((request) => !isIn(way, request) && others.every((list) => list.includes(request)));
  }

  /** Its calls of the kinds of others, as many as those; null where that is not what it has. */
  #alikeOf(own: readonly number[], others: readonly number[]): readonly number[] | null {
    const kinds = others.map((call) => this.#kindOf(call));
    const alike = own.filter((call) => kinds.includes(this.#kindOf(call)));
    const isSame = alike.length === others.length && alike.every((call) => this.#problem.calls.isFixed[call] === 0);
    return isSame ? alike : null;
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

function filled(list: CallList, calls: readonly number[]): CallList {
  list.clear();
  for (let index = 0; index < calls.length; index++) list.push(calls[index] as number);
  return list;
}
