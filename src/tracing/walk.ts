import type { UsualCounts } from './usual-counts.ts';
import type { CallColumns, RequestTimes } from './columns.ts';

/*
 * A request is a walk over steps: it begins, makes its calls in order of their start, and answers. A
 * call that begins when no other is open comes `after` the last that ended; one that begins while
 * another is open comes `beside` the last that began (a fan-out). A program answers `after` its last
 * call; one that passes on what it gets (a proxy) begins to answer `beside` it, and ends after it.
 * A call that had to wait for its `turn` (`turn-taking.ts`) comes after that, whatever it came after itself.
 */

const BEGIN = 0;
const END = 1;
/** The first number that a call's step has. */
const FIRST_STEP = 2;
// In a loop the seventh round is like the eighth.
const MOST_ROUNDS = 8;
// Steps are told apart by multiplying: more kinds than that share the last.
const MAX_STEPS = 1 << 12;
// Added where the step had to wait for its turn.
const TURN = MAX_STEPS * 2;
const MAX_KEYS = TURN * 2;
// Where requests stand in line, each does one thing after another; one in that many would also explain some of what others do.
const BESIDE_ODDS = 0.5;
// Of most requests; there is no most.
const ROOM = 16;

/** The step of a kind's first call in a request; those of later ones follow. */
export const firstStepOf = (kind: number): number => Math.min(MAX_STEPS - MOST_ROUNDS, FIRST_STEP + kind * MOST_ROUNDS);

/** A transition's step to: twice its number, one more where it comes beside, and {@link TURN} more at its turn. */
export const keyOf = (transition: number): number => transition % MAX_KEYS;
/** A transition's step from. */
export const fromOf = (transition: number): number => (transition - keyOf(transition)) / MAX_KEYS;
/** The number of that step. */
export const stepOf = (key: number): number => (key % TURN) >> 1;
/** Whether a step comes while another is open. */
export const isBesideOther = (key: number): boolean => (key & 1) === 1;
/** Whether a step is waited for by nobody: it comes beside, and is no answer. */
export const isBeside = (key: number): boolean => isBesideOther(key) && key >> 1 !== END;

/** A number below 2^32 for another that looks like chance: sums of some tell which they were (the mix of MurmurHash3). */
export function markOf(step: number): number {
  let mark = Math.imul(step ^ (step >>> 16), 0x85ebca6b);
  mark = Math.imul(mark ^ (mark >>> 13), 0xc2b2ae35);
  return (mark ^ (mark >>> 16)) >>> 0;
}

/** The last walk that was taken: filled anew for each. */
export class Walk {
  count = 0;
  /** The same for the same calls in whatever order, and hardly ever for others. */
  set = Number.NaN;
  /** The step that was the last to end: what comes next comes after it. */
  lastStep = BEGIN;
  /** From which step to which. */
  transitions = new Int32Array(ROOM);
  /** When the step came, and what it came after. */
  times = new Float64Array(ROOM);
  sources = new Float64Array(ROOM);
  /** How long it was since then, or since its turn came. */
  pauses = new Float64Array(ROOM);
  /** Among how many lanes the step had the choice, and whether it took one of its request's (`lanes.ts`). */
  choices = new Int32Array(ROOM);
  /** How many calls it made beyond what requests of its kind make of each kind, or fewer. */
  uneven = 0;
  /** How likely it was, of all in flight, that it was its turn; 1 where it did not wait for that. */
  odds = new Float64Array(ROOM).fill(1);
  readonly #rounds = new Uint16Array(MAX_STEPS);

  /** @param calls in order of their start; the first `count` of them */
  take(
    requests: RequestTimes,
    request: number,
    { steps, starts, ends, lanes, freed, isShared, candidates }: CallColumns,
    calls: readonly number[],
    count: number,
    usual: UsualCounts | null,
    isCut: boolean,
  ): void {
    if (count >= this.transitions.length) this.#grow(2 * count);
    const rounds = this.#rounds;
    const { transitions, times, sources, pauses, odds } = this;
    let set = 0;
    let beyond = 0;
    let missing = usual === null || isCut ? 0 : usual.sum;
    let lastEnd = requests.starts[request] as number;
    let lastStep = BEGIN;
    let lastStart = lastEnd;
    let lastBegun = BEGIN;
    if (lanes !== null) lanes.begin();
    for (let index = 0; index < count; index++) {
      const call = calls[index] as number;
      const start = starts[call] as number;
      const end = ends[call] as number;
      const first = steps[call] as number;
      const made = rounds[first] as number;
      rounds[first] = made + 1;
      const step = first + Math.min(MOST_ROUNDS - 1, made);
      if (usual !== null) {
        if (made >= (usual.most[first] as number)) beyond++;
        if (!isCut && made < (usual.least[first] as number)) missing--;
      }
      set += markOf(step);
      if (lanes !== null) this.choices[index] = lanes.choiceOf(call);
      const isAfter = start >= lastEnd;
      const source = isAfter ? lastEnd : lastStart;
      const since = freed === null || !isAfter ? source : Math.max(source, freed[call] as number);
      transitions[index] = isAfter ? lastStep * MAX_KEYS + step * 2 : lastBegun * MAX_KEYS + step * 2 + 1;
      odds[index] = freed === null || isAfter ? 1 : BESIDE_ODDS;
      if (since > source) {
        transitions[index] = (transitions[index] as number) + TURN;
        // Whoever holds a lock goes on; of those that wait it may be any. What is shared lets all of them go on.
        odds[index] = isShared?.[call] === 1 ? 1 : 1 / (candidates[call] as readonly number[]).length;
      }
      times[index] = start;
      sources[index] = source;
      pauses[index] = start - since;
      lastStart = start;
      lastBegun = step;
      if (end >= lastEnd) {
        lastEnd = end;
        lastStep = step;
      }
    }
    for (let index = 0; index < count; index++) rounds[steps[calls[index] as number] as number] = 0;
    if (lanes !== null) this.choices[count] = 0;
    const respondedAt = requests.responses[request] as number;
    const isAfter = respondedAt >= lastEnd;
    transitions[count] = lastStep * MAX_KEYS + (isAfter ? END * 2 : END * 2 + 1);
    odds[count] = 1;
    const answered = isAfter ? respondedAt : (requests.ends[request] as number);
    times[count] = answered;
    sources[count] = lastEnd;
    pauses[count] = answered - lastEnd;
    this.lastStep = lastStep;
    this.count = count + 1;
    this.set = set;
    this.uneven = beyond + missing;
  }

  #grow(room: number): void {
    this.transitions = new Int32Array(room);
    this.times = new Float64Array(room);
    this.sources = new Float64Array(room);
    this.pauses = new Float64Array(room);
    this.choices = new Int32Array(room);
    this.odds = new Float64Array(room);
  }
}
