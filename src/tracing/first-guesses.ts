import { NOBODY, type Child, type Parent } from './solve-links.ts';

/** Who gets a call at first, of those in flight: the lowest. */
export type FirstGuess = (parent: Parent, child: Child, children: readonly Child[]) => number;

// Who made the fewest calls of the kind comes first, whatever else.
const EACH_ALIKE = 1e15;

function alike({ calls }: Parent, { kind }: Child, children: readonly Child[]): number {
  let count = 0;
  for (const call of calls) if ((children[call] as Child).kind === kind) count++;
  return count * EACH_ALIKE;
}

/** How long nothing had happened in the request before the call. */
function pauseBefore({ startedAt, calls }: Parent, child: Child, children: readonly Child[]): number {
  let last = startedAt;
  for (const call of calls) {
    const other = children[call] as Child;
    last = Math.max(last, other.endedAt <= child.startedAt ? other.endedAt : other.startedAt);
  }
  return child.startedAt - last;
}

/** First come, first served. */
export const firstCome: FirstGuess = (parent, child, children) => alike(parent, child, children) + parent.startedAt;

export const FIRST_GUESSES: readonly FirstGuess[] = [
  firstCome,
  // A call is made shortly before what it was made for ends: what is left to do comes behind a lock, in any order.
  (parent, child, children) => alike(parent, child, children) + parent.endedAt,
  // The last to come is the one that still has calls to make.
  (parent, child, children) => alike(parent, child, children) - parent.startedAt,
  // What follows at once belongs together.
  pauseBefore,
  // Whoever holds the lock makes all of its calls, and ends first.
  (parent) => parent.endedAt,
];

export function guess(parents: readonly Parent[], children: readonly Child[], rank: FirstGuess): void {
  for (const parent of parents) parent.calls.length = 0;
  for (const [index, child] of children.entries()) {
    child.parent = NOBODY;
    let lowest = Infinity;
    for (const place of child.candidates) {
      const own = rank(parents[place] as Parent, child, children);
      if (own >= lowest) continue;
      child.parent = place;
      lowest = own;
    }
    if (child.parent !== NOBODY) (parents[child.parent] as Parent).calls.push(index);
  }
}
