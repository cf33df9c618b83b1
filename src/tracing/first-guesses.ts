import type { Lanes } from './lanes.ts';
import { NOBODY, type LinkProblem } from './link-problem.ts';

/** Who gets a call at first, of those in flight. */
export interface FirstGuess {
  /**
   * Who made the fewest calls of the kind comes first, whatever else: `one` counts each, `each` so many together as
   * there are for each request; `all` counts none.
   */
  readonly share: 'one' | 'each' | 'all';
  /** Of others the first by this comes first; the shortest pause before the call. */
  readonly by: 'start' | 'last start' | 'end' | 'pause';
  /** Whoever made the last call over a connection makes the next one over it, as many as there are for each. */
  readonly keepsLane?: boolean;
}

const FIRST_GUESSES: readonly FirstGuess[] = [
  // First come, first served.
  { share: 'one', by: 'start' },
  // A call is made shortly before what it was made for ends: what is left to do comes behind a lock, in any order.
  { share: 'one', by: 'end' },
  // The last to come is the one that still has calls to make.
  { share: 'one', by: 'last start' },
  // What follows at once belongs together.
  { share: 'all', by: 'pause' },
  // Whoever holds the lock makes all of its calls, and ends first.
  { share: 'all', by: 'end' },
];

// Whoever holds the lock makes as many as each does, and ends before those that wait for it.
const LOCKED_GUESS: FirstGuess = { share: 'each', by: 'end' };

// Whoever has taken a connection keeps it for all of its calls, as a pool mostly gives it back what it gave last.
const LANE_GUESS: FirstGuess = { share: 'one', by: 'start', keepsLane: true };

export const firstGuesses = ({ calls: { freed, lanes } }: LinkProblem): readonly FirstGuess[] => [
  ...FIRST_GUESSES,
  ...(freed === null ? [] : [LOCKED_GUESS]),
  ...(lanes === null ? [] : [LANE_GUESS]),
];

export function guess(problem: LinkProblem, first: FirstGuess): void {
  const { callCount, calls } = problem;
  const keepers = first.keepsLane === true && calls.lanes !== null ? new Keepers(problem, calls.lanes) : null;
  const together = first.share === 'each' ? callsForEach(problem) : null;
  problem.clear();
  for (let call = 0; call < callCount; call++) {
    const candidates = calls.candidates[call] as readonly number[];
    if (candidates.length === 0) continue;
    const owner = keepers?.of(call, candidates) ?? firstOf(problem, call, candidates, first, together);
    problem.give(call, owner);
    keepers?.note(call, owner);
  }
}

/** Of the candidates. */
function firstOf(
  problem: LinkProblem,
  call: number,
  candidates: readonly number[],
  { share, by }: FirstGuess,
  together: Float64Array | null,
): number {
  const { requests, calls } = problem;
  const times = by === 'end' ? requests.ends : requests.starts;
  const sign = by === 'last start' ? -1 : 1;
  let owner = candidates[0] as number;
  let fewest = Infinity;
  let lowest = Infinity;
  for (let index = 0; candidates.length > 1 && index < candidates.length; index++) {
    const request = candidates[index] as number;
    const made = share === 'all' ? 0 : alikeOf(problem, request, call);
    const count = together === null ? made : Math.floor(made / (together[calls.kinds[call] as number] as number));
    if (count > fewest) continue;
    const rank = by === 'pause' ? pauseBefore(problem, request, call) : sign * (times[request] as number);
    if (count === fewest && rank >= lowest) continue;
    fewest = count;
    lowest = rank;
    owner = request;
  }
  return owner;
}

/** By lane: who made the last call over it. */
class Keepers {
  readonly #problem: LinkProblem;
  readonly #lanes: Lanes;
  readonly #owners: Int32Array;
  readonly #most: Float64Array;

  constructor(problem: LinkProblem, lanes: Lanes) {
    this.#problem = problem;
    this.#lanes = lanes;
    this.#owners = new Int32Array(lanes.count).fill(NOBODY);
    this.#most = callsForEach(problem);
  }

  /** Undefined where it could not have made the call, or has made as many of the kind as there are for each. */
  of(call: number, candidates: readonly number[]): number | undefined {
    const keeper = this.#owners[this.#lanes.of[call] as number] ?? NOBODY;
    if (keeper === NOBODY || !candidates.includes(keeper)) return undefined;
    const most = this.#most[this.#problem.calls.kinds[call] as number] as number;
    return alikeOf(this.#problem, keeper, call) < most ? keeper : undefined;
  }

  note(call: number, owner: number): void {
    const lane = this.#lanes.of[call] as number;
    if (lane >= 0) this.#owners[lane] = owner;
  }
}

/** By kind: how many calls there are for each request, one at least. */
function callsForEach({ calls: { kinds }, callCount, requestCount, logAlone }: LinkProblem): Float64Array {
  const counts = new Float64Array(logAlone.length);
  for (let call = 0; call < callCount; call++) {
    const kind = kinds[call] as number;
    counts[kind] = (counts[kind] as number) + 1;
  }
  return counts.map((count) => Math.max(1, Math.round(count / requestCount)));
}

/** How many calls of the kind it made. */
function alikeOf({ callsOf, calls: { kinds } }: LinkProblem, request: number, call: number): number {
  const own = callsOf[request] as readonly number[];
  let count = 0;
  for (let index = 0; index < own.length; index++) if (kinds[own[index] as number] === kinds[call]) count++;
  return count;
}

/** How long nothing had happened in the request before the call. */
function pauseBefore({ requests, calls: { starts, ends }, callsOf }: LinkProblem, request: number, call: number) {
  const own = callsOf[request] as readonly number[];
  const startedAt = starts[call] as number;
  let last = requests.starts[request] as number;
  for (let index = 0; index < own.length; index++) {
    const other = own[index] as number;
    const end = ends[other] as number;
    last = Math.max(last, end <= startedAt ? end : (starts[other] as number));
  }
  return startedAt - last;
}
