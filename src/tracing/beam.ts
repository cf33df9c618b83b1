import type { CallPlan } from './call-plan.ts';
import { NOBODY, type LinkProblem } from './link-problem.ts';
import type { Waits } from './waits.ts';
import { markOf } from './walk.ts';

/*
 * All calls in order of their start, each to whichever request it is likely for by what was learned. Which one that is
 * shows later: a request that got another's call lacks one, or has none when its turn comes. So several answers are
 * followed at once, the likeliest so far (beam search: Lowerre 1976). Two that differ only in what is over are one, the
 * likelier, as Viterbi's algorithm has it.
 */

// Answers that are followed at once.
const MOST_ANSWERS = 32;
// What is so much less likely than the best so far, one in e^12 = 160,000, will hardly come out best.
const HOPELESS = 12;
// Marks of as many requests as can be in flight add up to less than 2^53.
const MARKS = 2 ** 14;

const NO_CALLS: readonly number[] = [];
const NONE = -1;

/** What one request has done so far. */
interface Course {
  readonly request: number;
  readonly calls: readonly number[];
  /** Alike where the same may follow. */
  readonly mark: number;
  /** When the last of its calls ends. */
  readonly lastEnd: number;
  readonly waits: Waits | undefined;
  /** How sure its calls are at most, since not all answers are followed. */
  limit: number;
  /** For the call that is looked at: ln of how likely it has waited so long… */
  waited: number;
  /** …ln of how likely it makes the call, NaN until that is asked for… */
  gain: number;
  /** …and what it has done then; null until that is asked for. */
  next: Course | null;
  /** Which call that is. */
  lookedAt: number;
}

/** Whose the calls were, the last first. */
interface Given {
  readonly call: number;
  readonly owner: number;
  readonly before: Given | null;
  /** ln of how much less likely the best answer was in which the call is another's. */
  margin: number;
}

interface Answer {
  /** ln of how likely it is so far. */
  score: number;
  /** The same with what those in flight wait for. */
  hope: number;
  /** Of the requests in flight, in their order. */
  courses: Course[];
  given: Given | null;
  /** Whose course goes on with the call: its place; {@link NONE} where it is nobody's. */
  place: number;
}

/** What linking in order comes to. */
export interface Ordered {
  readonly owners: Int32Array;
  /** By call: ln of how much less likely the best answer was that was found with another owner. */
  readonly margins: Float64Array;
}

/** Leaves the problem with the likeliest answer that was found. */
export function linkInOrder(problem: LinkProblem): Ordered {
  const { callCount, owners } = problem;
  const beam = new Beam(problem);
  for (let call = 0; call < callCount; call++) beam.take(call);
  const found = owners.slice().fill(NOBODY);
  const margins = new Float64Array(callCount);
  for (let given = beam.finish(); given !== null; given = given.before) {
    found[given.call] = given.owner;
    margins[given.call] = Math.min(given.margin, beam.limits[given.call] as number);
  }
  problem.assign(found);
  return { owners: found, margins };
}

/** Both may go on alike, or one is not followed any more: what they differ in is only so sure (soft-output Viterbi: Hagenauer 1989). */
function compare(better: Given | null, other: Given | null, difference: number): void {
  if (difference >= HOPELESS) return;
  let mine = better;
  let theirs = other;
  while (mine !== theirs && mine !== null) {
    if (theirs !== null && theirs.call > mine.call) {
      theirs = theirs.before;
      continue;
    }
    const isSame = theirs !== null && theirs.call === mine.call;
    if (!isSame || theirs?.owner !== mine.owner) mine.margin = Math.min(mine.margin, difference);
    if (isSame) theirs = theirs?.before ?? null;
    mine = mine.before;
  }
}

class Beam {
  readonly #problem: LinkProblem;
  readonly #waits: ReadonlyMap<CallPlan, ReadonlyMap<number, Waits>>;
  #answers: Answer[] = [{ score: 0, hope: 0, courses: [], given: null, place: NONE }];
  #open: number[] = [];
  readonly #tried: number[] = [];
  #next = 0;
  /** By call: how sure it is at most. */
  readonly limits: Float64Array;

  constructor(problem: LinkProblem) {
    this.#problem = problem;
    this.limits = new Float64Array(problem.callCount).fill(Infinity);
    const { plans } = problem.requests;
    this.#waits = new Map(Array.from(new Set(plans), (plan) => [plan, plan.waits()]));
  }

  take(call: number): void {
    const { calls, logAlone } = this.#problem;
    const start = calls.starts[call] as number;
    this.#begin(start);
    this.#end(start);
    const places = (calls.candidates[call] as readonly number[]).map((request) => this.#open.indexOf(request));
    const alone = logAlone[calls.kinds[call] as number] as number;
    const found = new Map<number, Answer>();
    let best = -Infinity;
    const add = (one: Answer, mark: number, score: number, hope: number, place: number): void => {
      if (hope < best - HOPELESS) return;
      const known = found.get(mark);
      if (known !== undefined) {
        const isBetter = known.hope >= hope;
        compare(isBetter ? known.given : one.given, isBetter ? one.given : known.given, Math.abs(known.hope - hope));
        if (isBetter) return;
      }
      best = Math.max(best, hope);
      found.set(mark, { score, hope, courses: one.courses, given: one.given, place });
    };
    for (const one of this.#answers) {
      let mark = 0;
      let waited = 0;
      for (const course of one.courses) {
        if (course.lookedAt !== call) this.#look(course, call, start);
        mark += course.mark;
        waited += course.waited;
      }
      add(one, mark, one.score + alone, one.score + alone + waited, NONE);
      for (const place of places) {
        const course = one.courses[place] as Course;
        if (course.gain !== course.gain) course.gain = this.#gainOf(course, call);
        const score = one.score + course.gain;
        const hope = score + waited - course.waited;
        if (hope < best - HOPELESS) continue;
        course.next ??= this.#courseOf(course.request, [...course.calls, call], course.limit);
        add(one, mark - course.mark + course.next.mark, score, hope, place);
      }
    }
    const all = [...found.values()].filter(({ hope }) => hope >= best - HOPELESS).sort((a, b) => b.hope - a.hope);
    this.#answers = all.slice(0, MOST_ANSWERS);
    for (const one of this.#answers) this.#follow(one, call);
    const left = all[MOST_ANSWERS];
    if (left !== undefined) this.#limit(best - left.hope);
  }

  /** What is in flight is only so sure: an answer that was so much less likely is not followed. */
  #limit(margin: number): void {
    for (const { courses } of this.#answers)
      for (const course of courses) if (course.limit > margin) course.limit = margin;
  }

  /** @returns the likeliest answer */
  finish(): Given | null {
    this.#begin(Infinity);
    this.#end(Infinity);
    const best = this.#answers.reduce((most, one) => (one.score > most.score ? one : most));
    for (const one of this.#answers) if (one !== best) compare(best.given, one.given, best.score - one.score);
    return best.given;
  }

  #follow(one: Answer, call: number): void {
    const { place, courses, given } = one;
    one.courses = courses.slice();
    if (place === NONE) return;
    const next = (courses[place] as Course).next as Course;
    one.courses[place] = next;
    one.given = { call, owner: next.request, before: given, margin: Infinity };
  }

  /** Requests that began by then. */
  #begin(until: number): void {
    const { requests, requestCount } = this.#problem;
    for (; this.#next < requestCount && (requests.starts[this.#next] as number) <= until; this.#next++) {
      const course = this.#courseOf(this.#next, NO_CALLS, Infinity);
      this.#open.push(this.#next);
      for (const { courses } of this.#answers) courses.push(course);
    }
  }

  /** Requests that were over before then. */
  #end(until: number): void {
    const { requests } = this.#problem;
    const isOpen = this.#open.map((request) => (requests.ends[request] as number) >= until);
    if (isOpen.every(Boolean)) return;
    const ends = new Map<Course, number>();
    for (const one of this.#answers) {
      for (const [place, course] of one.courses.entries()) {
        if (isOpen[place] === true) continue;
        let end = ends.get(course);
        if (end === undefined) {
          end = this.#logEnd(course);
          ends.set(course, end);
          for (const call of course.calls) this.limits[call] = Math.min(this.limits[call] as number, course.limit);
        }
        one.score += end;
      }
      one.courses = one.courses.filter((_, place) => isOpen[place]);
    }
    this.#open = this.#open.filter((_, place) => isOpen[place]);
  }

  #courseOf(request: number, calls: readonly number[], limit: number): Course {
    const { lastStep, set, sources } = this.#problem.walkWith(request, calls, calls.length);
    const last = markOf(calls.at(-1) ?? NONE);
    const mark = markOf(markOf(request) ^ markOf(last ^ (set % 2 ** 32))) * MARKS + (markOf(last + set) % MARKS);
    const lastEnd = sources[calls.length] as number;
    const waits = this.#waits.get(this.#problem.planOf(request))?.get(lastStep);
    return { request, calls, mark, lastEnd, waits, limit, waited: 0, gain: Number.NaN, next: null, lookedAt: NONE };
  }

  #look(course: Course, call: number, start: number): void {
    const { lastEnd, waits } = course;
    course.lookedAt = call;
    course.next = null;
    course.gain = Number.NaN;
    course.waited = lastEnd <= start && waits !== undefined ? waits.logLonger(start - lastEnd) : 0;
  }

  #gainOf({ request, calls }: Course, call: number): number {
    const tried = this.#tried;
    for (let index = 0; index < calls.length; index++) tried[index] = calls[index] as number;
    tried[calls.length] = call;
    return this.#problem
      .planOf(request)
      .logStep(this.#problem.walkWith(request, tried, calls.length + 1), calls.length);
  }

  #logEnd({ request, calls }: Course): number {
    const plan = this.#problem.planOf(request);
    const walk = this.#problem.walkWith(request, calls, calls.length);
    return plan.logStep(walk, calls.length) + plan.logShare(walk);
  }
}
