import { seededRandom } from '../base/random.ts';
import type { CallList } from './call-list.ts';
import type { CallPlan } from './call-plan.ts';
import type { CallColumns, RequestTimes } from './columns.ts';
import { firstStepOf, Walk } from './walk.ts';

/** Received calls, with what requests of their kind usually do. */
export interface RequestColumns extends RequestTimes {
  readonly plans: readonly CallPlan[];
}

export const NOBODY = -1;

// The same links for the same calls, whenever.
const SEED = 0x5eed;

/** Whose calls are these? With what is believed so far. */
export class LinkProblem {
  readonly requests: RequestColumns;
  readonly calls: CallColumns;
  readonly requestCount: number;
  readonly callCount: number;
  /** By call: {@link NOBODY} or a request. */
  readonly owners: Int32Array;
  /** By request: its calls by place, and so in order of their start. */
  readonly callsOf: readonly number[][];
  /** ln of how likely it is, by kind, that a call at just this time belongs to no request. */
  readonly logAlone: Float64Array;
  /** By request: 1 where it could have a call that another could have as well. */
  readonly isDoubtful: Uint8Array;
  /** Nanoseconds from the first request or call to the last. */
  readonly lasts: number;
  /** Whether requests are held to make as many calls as others of their kind (`learn-counts.ts`). */
  isEven = false;
  /** From 0 to below 1. */
  random: () => number;
  /** Before when calls are looked at. */
  readonly #until: number;
  readonly #walk = new Walk();
  /** By request: with which calls the plans learned from it, and what it counted for. */
  readonly #learned: number[][];
  readonly #weights: Float64Array;
  /** The plans learned from every request with a weight of 1, and from nothing else. */
  #isLearned = false;

  /** @param callCount the first calls are looked at, and the requests that began before the last of them */
  constructor(requests: RequestColumns, calls: CallColumns, kinds: number, callCount = calls.kinds.length) {
    const until = callCount < calls.starts.length ? (calls.starts[callCount - 1] as number) : Infinity;
    this.#until = until;
    let requestCount = 0;
    while (requestCount < requests.starts.length && (requests.starts[requestCount] as number) <= until) requestCount++;
    this.requests = requests;
    this.calls = calls;
    this.requestCount = requestCount;
    this.callCount = callCount;
    this.owners = new Int32Array(callCount).fill(NOBODY);
    this.callsOf = Array.from({ length: requestCount }, () => []);
    this.#learned = Array.from({ length: requestCount }, () => []);
    this.#weights = new Float64Array(requestCount);
    this.logAlone = new Float64Array(kinds);
    this.isDoubtful = doubtfulOf(calls, callCount, requestCount);
    this.lasts = lastsOf(requests, requestCount, calls, callCount);
    this.random = seededRandom(SEED);
  }

  /** Whether it goes on behind the calls that are looked at. */
  isCut(request: number): boolean {
    return (this.requests.ends[request] as number) > this.#until;
  }

  /** Steps of calls are below. */
  get stepCount(): number {
    return firstStepOf(this.logAlone.length);
  }

  /** The first calls as a problem of their own. */
  beginning(callCount: number): LinkProblem {
    return new LinkProblem(this.requests, this.calls, this.logAlone.length, callCount);
  }

  /** Tries what may be taken back: what comes after it is as if nothing had been tried. */
  tries<Result>(attempt: () => Result): Result {
    const { random } = this;
    this.random = seededRandom(SEED);
    const result = attempt();
    this.random = random;
    return result;
  }

  planOf(request: number): CallPlan {
    return this.requests.plans[request] as CallPlan;
  }

  /** What a request does, until the next is asked for. */
  walkOf(request: number, walk = this.#walk): Walk {
    const calls = this.callsOf[request] as readonly number[];
    return this.walkWith(request, calls, calls.length, walk);
  }

  /** What it would do with the first `count` of these calls. */
  walkWith(request: number, calls: readonly number[], count: number, walk = this.#walk): Walk {
    return this.#taken(request, calls, count, walk, this.isEven);
  }

  /** How many calls it makes beyond what requests of its kind do, or fewer. */
  unevenOf(request: number): number {
    const calls = this.callsOf[request] as readonly number[];
    return this.#taken(request, calls, calls.length, this.#walk, true).uneven;
  }

  #taken(request: number, calls: readonly number[], count: number, walk: Walk, isEven: boolean): Walk {
    const usual = isEven ? this.planOf(request).usual : null;
    walk.take(this.requests, request, this.calls, calls, count, usual, this.isCut(request));
    return walk;
  }

  /** The plans know what all requests do now, and nothing else. */
  relearn(): void {
    if (!this.#isLearned) this.forget();
    for (let request = 0; request < this.requestCount; request++) {
      if (this.#isLearned && this.#weights[request] === 1) {
        const calls = this.callsOf[request] as readonly number[];
        if (isSame(this.#learned[request] as readonly number[], calls, calls.length)) continue;
        this.unlearn(request);
      }
      this.learn(request, 1);
    }
    this.#isLearned = true;
  }

  /** The plans know nothing. */
  forget(): void {
    this.#isLearned = false;
    for (const plan of new Set(this.requests.plans.slice(0, this.requestCount))) plan.forget();
  }

  /** Its plan learns from what the request has now. */
  learn(request: number, weight: number): void {
    const calls = this.callsOf[request] as readonly number[];
    const learned = this.#learned[request] as number[];
    for (let index = 0; index < calls.length; index++) learned[index] = calls[index] as number;
    if (learned.length > calls.length) learned.length = calls.length;
    this.#weights[request] = weight;
    this.planOf(request).learn(this.walkOf(request), weight);
  }

  /** Its plan knows what all learned from it no more, until all is relearned. */
  unlearn(request: number): void {
    const learned = this.#learned[request] as readonly number[];
    this.planOf(request).learn(this.walkWith(request, learned, learned.length), -(this.#weights[request] as number));
    this.#weights[request] = 0;
  }

  /** ln of how likely a request is with the first `count` of these calls, by what the other requests taught. */
  logLikelihood(request: number, calls: readonly number[], count: number): number {
    const isLearned = isSame(this.#learned[request] as readonly number[], calls, count);
    const weight = isLearned ? (this.#weights[request] as number) : 0;
    return this.planOf(request).logLikelihood(this.walkWith(request, calls, count), weight);
  }

  assign(owners: Int32Array): void {
    this.clear();
    for (let call = 0; call < this.callCount; call++) this.give(call, owners[call] as number);
  }

  clear(): void {
    this.owners.fill(NOBODY);
    for (let request = 0; request < this.requestCount; request++) (this.callsOf[request] as number[]).length = 0;
  }

  /** The request has these calls from now on. */
  settle(request: number, calls: CallList): void {
    calls.copyTo(this.callsOf[request] as number[]);
    for (let index = 0; index < calls.count; index++) this.owners[calls.places[index] as number] = request;
  }

  /** @param owner of a call that lies behind all that it has */
  give(call: number, owner: number): void {
    this.owners[call] = owner;
    if (owner !== NOBODY) (this.callsOf[owner] as number[]).push(call);
  }
}

function isSame(some: readonly number[], others: readonly number[], count: number): boolean {
  if (some.length !== count) return false;
  for (let index = 0; index < count; index++) if (some[index] !== others[index]) return false;
  return true;
}

function lastsOf(requests: RequestTimes, requestCount: number, { starts }: CallColumns, callCount: number): number {
  let first = starts[0] ?? 0;
  let last = starts[callCount - 1] ?? 0;
  // One call alone takes no time, but the request around it does.
  for (let request = 0; request < requestCount; request++) {
    first = Math.min(first, requests.starts[request] as number);
    last = Math.max(last, requests.ends[request] as number);
  }
  return Math.max(1, last - first);
}

function doubtfulOf({ candidates }: CallColumns, callCount: number, requestCount: number): Uint8Array {
  const isDoubtful = new Uint8Array(requestCount);
  for (let call = 0; call < callCount; call++) {
    const several = candidates[call] as readonly number[];
    for (let index = 0; several.length > 1 && index < several.length; index++) isDoubtful[several[index] as number] = 1;
  }
  return isDoubtful;
}
