import { NO_FRACTION } from '../base/fraction.ts';
import { CallSets } from './call-sets.ts';
import { GapDensity } from './gap-density.ts';
import { LaneHabit } from './lane-habit.ts';
import { NumberTable } from './number-table.ts';
import type { UsualCounts } from './usual-counts.ts';
import { Waits } from './waits.ts';
import { fromOf, isBesideOther, keyOf, type Walk } from './walk.ts';

/*
 * What requests of one kind usually do: which calls they make, which comes after which, and after what
 * pause (`walk.ts` says which pauses a request has).
 */

// A step that was never seen after this one: rare, and not impossible.
const NEVER_SEEN = 0.3;
// Of fewer other requests too little is known to do without what a request says of itself.
const FEW_OTHERS = 20;
// Of more pairs of steps, as kinds without end would make, the later ones are like none that was seen.
const MAX_TRANSITIONS = 1 << 12;
// Likelihoods are multiplied, since logarithms cost more; a step's is no less than some 10^-30.
const NEARLY_NOTHING = 1e-250;
/** Of so many requests one makes another number of calls than what is usual, by one; by more, the rarer. */
export const UNEVEN_SHARE = 0.02;
const LOG_UNEVEN = Math.log(UNEVEN_SHARE);

/** What comes after one step. */
interface Steps {
  total: number;
  /** How many were ever learned. */
  known: number;
}

/** One step after another. */
interface Transition {
  readonly from: Steps;
  /** Before the step, whatever came before: what its pause is where it was seldom seen after just this one. */
  readonly anywhere: GapDensity;
  /** Null: never learned. */
  gaps: GapDensity | null;
  /** Over which lane. */
  readonly lane: LaneHabit;
}

export class CallPlan {
  readonly #sets = new CallSets();
  readonly #steps = new Map<number, Steps>();
  readonly #transitions = new NumberTable<Transition>();
  readonly #anywhere = new Map<number, GapDensity>();
  readonly #grain: number;
  /**
   * ln of how much more often than by chance one request overtakes another in a step: below 0 where
   * the program keeps the order (`overtaking.ts`).
   */
  overtaking = NO_FRACTION;
  /** How many calls its requests make; null until that is asked for. */
  usual: UsualCounts | null = null;

  /** @param grain nanoseconds that readings of the clock lie apart at least */
  constructor(grain: number) {
    this.#grain = grain;
  }

  /** @param weight how sure it is that the request went this way; below 0 takes back what was learned */
  learn({ count, set, transitions, pauses, choices }: Walk, weight: number): void {
    this.#sets.learn(set, weight, count - 1);
    for (let index = 0; index < count; index++) {
      const transition = this.#transitionOf(transitions[index] as number);
      const pause = pauses[index] as number;
      if (transition.gaps === null) {
        transition.gaps = new GapDensity(this.#grain, transition.anywhere);
        transition.from.known++;
      }
      transition.from.total += weight;
      transition.gaps.learn(pause, weight);
      transition.anywhere.learn(pause, weight);
      transition.lane.learn(choices[index] as number, weight);
    }
  }

  /**
   * All that was learned is forgotten, but for which steps there were: what any guess came to is
   * something else that may follow, and takes a little from what usually does.
   */
  forget(): void {
    this.#sets.forget();
    for (const steps of this.#steps.values()) steps.total = 0;
    for (const [, { gaps, lane }] of this.#transitions.entries()) {
      gaps?.forget();
      lane.forget();
    }
    for (const gaps of this.#anywhere.values()) gaps.forget();
  }

  /**
   * ln of how likely a request is that goes just this way. Of one that was learned from: by what the others
   * taught, since what it taught itself would always speak for what is believed already.
   * @param weight what it was learned with, 0 where it was not
   */
  logLikelihood({ count, set, uneven, transitions, pauses, choices, odds }: Walk, weight: number): number {
    const others = Math.max(0, this.#sets.weight - weight);
    const own = weight === 0 ? 0 : (weight * others) / (others + FEW_OTHERS);
    let sum = this.#sets.logLarge(set, own, count - 1) + uneven * LOG_UNEVEN;
    let product = this.#sets.share(set, own);
    for (let index = 0; index < count; index++) {
      const { from, gaps, anywhere, lane } = this.#transitionOf(transitions[index] as number);
      const times = gaps === null ? 0 : Math.max(0, gaps.weight - own);
      const share = (times + NEVER_SEEN) / (Math.max(0, from.total - own) + NEVER_SEEN * (from.known + 1));
      product *= share * (gaps ?? anywhere).density(pauses[index] as number, own) * (odds[index] as number);
      const choice = choices[index] as number;
      if (choice !== 0) product *= lane.ratio(choice, own);
      if (product > NEARLY_NOTHING) continue;
      sum += Math.log(product);
      product = 1;
    }
    return sum + Math.log(product);
  }

  /** ln of how likely the step at a place is, whatever comes after it. */
  logStep({ transitions, pauses, choices, odds }: Walk, place: number): number {
    const { from, gaps, anywhere, lane } = this.#transitionOf(transitions[place] as number);
    const times = gaps === null ? 0 : gaps.weight;
    const share = (times + NEVER_SEEN) / (from.total + NEVER_SEEN * (from.known + 1));
    const density = (gaps ?? anywhere).density(pauses[place] as number, 0);
    return Math.log(share * density * (odds[place] as number) * lane.ratio(choices[place] as number, 0));
  }

  /** ln of how often requests make just these calls. */
  logShare({ set, uneven }: Walk): number {
    return Math.log(this.#sets.share(set, 0)) + uneven * LOG_UNEVEN;
  }

  /** By step: how long requests wait after it. */
  waits(): Map<number, Waits> {
    const waits = new Map<number, Waits>();
    for (const [number, { gaps }] of this.#transitions.entries()) {
      if (gaps === null || isBesideOther(keyOf(number))) continue;
      const from = fromOf(number);
      let known = waits.get(from);
      if (known === undefined) waits.set(from, (known = new Waits(this.#grain)));
      known.add(gaps);
    }
    return waits;
  }

  #transitionOf(number: number): Transition {
    return this.#transitions.get(number) ?? this.#created(number);
  }

  #created(number: number): Transition {
    const from = fromOf(number);
    const key = keyOf(number);
    let steps = this.#steps.get(from);
    if (steps === undefined) {
      steps = { total: NO_FRACTION, known: 0 };
      this.#steps.set(from, steps);
    }
    let anywhere = this.#anywhere.get(key);
    if (anywhere === undefined) {
      anywhere = new GapDensity(this.#grain);
      this.#anywhere.set(key, anywhere);
    }
    const transition: Transition = { from: steps, anywhere, gaps: null, lane: new LaneHabit() };
    if (this.#transitions.size < MAX_TRANSITIONS) this.#transitions.set(number, transition);
    return transition;
  }
}
