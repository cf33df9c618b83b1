import type { LinkProblem } from './link-problem.ts';

/** Who gets a call at first, of those in flight. */
export interface FirstGuess {
  /** Who made the fewest calls of the kind comes first, whatever else. */
  readonly isShared: boolean;
  /** Of others the first by this comes first; the shortest pause before the call. */
  readonly by: 'start' | 'last start' | 'end' | 'pause';
}

export const FIRST_GUESSES: readonly FirstGuess[] = [
  // First come, first served.
  { isShared: true, by: 'start' },
  // A call is made shortly before what it was made for ends: what is left to do comes behind a lock, in any order.
  { isShared: true, by: 'end' },
  // The last to come is the one that still has calls to make.
  { isShared: true, by: 'last start' },
  // What follows at once belongs together.
  { isShared: false, by: 'pause' },
  // Whoever holds the lock makes all of its calls, and ends first.
  { isShared: false, by: 'end' },
];

export function guess(problem: LinkProblem, { isShared, by }: FirstGuess): void {
  const { requests, callCount, calls } = problem;
  const times = by === 'end' ? requests.ends : requests.starts;
  const sign = by === 'last start' ? -1 : 1;
  problem.clear();
  for (let call = 0; call < callCount; call++) {
    const candidates = calls.candidates[call] as readonly number[];
    if (candidates.length === 0) continue;
    let owner = candidates[0] as number;
    let fewest = Infinity;
    let lowest = Infinity;
    for (let index = 0; candidates.length > 1 && index < candidates.length; index++) {
      const request = candidates[index] as number;
      const count = isShared ? alikeOf(problem, request, call) : 0;
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
