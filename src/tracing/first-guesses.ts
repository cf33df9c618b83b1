import type { LinkProblem } from './link-problem.ts';

/** Who gets a call at first, of those in flight: the lowest. */
export type FirstGuess = (problem: LinkProblem, request: number, call: number) => number;

// Who made the fewest calls of the kind comes first, whatever else.
const EACH_ALIKE = 1e15;

function alike({ callsOf, calls: { kinds } }: LinkProblem, request: number, call: number): number {
  let count = 0;
  for (const other of callsOf[request] as readonly number[]) if (kinds[other] === kinds[call]) count++;
  return count * EACH_ALIKE;
}

/** How long nothing had happened in the request before the call. */
function pauseBefore({ requests, calls: { starts, ends }, callsOf }: LinkProblem, request: number, call: number) {
  const startedAt = starts[call] as number;
  let last = requests.starts[request] as number;
  for (const other of callsOf[request] as readonly number[]) {
    const end = ends[other] as number;
    last = Math.max(last, end <= startedAt ? end : (starts[other] as number));
  }
  return startedAt - last;
}

/** First come, first served. */
const firstCome: FirstGuess = (problem, request, call) =>
  alike(problem, request, call) + (problem.requests.starts[request] as number);

export const FIRST_GUESSES: readonly FirstGuess[] = [
  firstCome,
  // A call is made shortly before what it was made for ends: what is left to do comes behind a lock, in any order.
  (problem, request, call) => alike(problem, request, call) + (problem.requests.ends[request] as number),
  // The last to come is the one that still has calls to make.
  (problem, request, call) => alike(problem, request, call) - (problem.requests.starts[request] as number),
  // What follows at once belongs together.
  pauseBefore,
  // Whoever holds the lock makes all of its calls, and ends first.
  (problem, request) => problem.requests.ends[request] as number,
];

export function guess(problem: LinkProblem, rank: FirstGuess): void {
  problem.clear();
  for (let call = 0; call < problem.callCount; call++) {
    const candidates = problem.calls.candidates[call] as readonly number[];
    if (candidates.length === 0) continue;
    let owner = candidates[0] as number;
    let lowest = candidates.length === 1 ? 0 : rank(problem, owner, call);
    for (let index = 1; index < candidates.length; index++) {
      const own = rank(problem, candidates[index] as number, call);
      if (own >= lowest) continue;
      owner = candidates[index] as number;
      lowest = own;
    }
    problem.give(call, owner);
  }
}
