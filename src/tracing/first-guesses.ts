import type { LinkProblem } from './link-problem.ts';

/** Who gets a call at first, of those in flight. */
export interface FirstGuess {
  /**
   * Who made the fewest calls of the kind comes first, whatever else: `one` counts each, `each` so many together as
   * there are for each request; `all` counts none.
   */
  readonly share: 'one' | 'each' | 'all';
  /** Of others the first by this comes first; the shortest pause before the call. */
  readonly by: 'start' | 'last start' | 'end' | 'pause';
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

export const firstGuesses = ({ calls: { freed } }: LinkProblem): readonly FirstGuess[] =>
  freed === null ? FIRST_GUESSES : [...FIRST_GUESSES, LOCKED_GUESS];

export function guess(problem: LinkProblem, { share, by }: FirstGuess): void {
  const { requests, callCount, calls } = problem;
  const times = by === 'end' ? requests.ends : requests.starts;
  const sign = by === 'last start' ? -1 : 1;
  const together = share === 'each' ? callsForEach(problem) : null;
  problem.clear();
  for (let call = 0; call < callCount; call++) {
    const candidates = calls.candidates[call] as readonly number[];
    if (candidates.length === 0) continue;
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
    problem.give(call, owner);
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
