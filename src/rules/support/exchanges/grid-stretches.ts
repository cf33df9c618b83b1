import { partitionPoint } from '../../../base/sorted.ts';
import { at, nanoseconds, type Duration, type Timestamp } from '../../../base/time.ts';
import type { Exchange } from '../../../model/exchange.ts';
import { gridThroughout, hasLengths, isPaced, type CfsGrid } from './cfs-grid.ts';
import { LEAST_SLOW } from './ordinary-exchanges.ts';
import type { AnsweringServer } from './server-answers.ts';
import { isProbe } from '../../../model/probe.ts';

// One open call is slow by itself; a process that is stopped keeps all that are open.
const LEAST_OPEN = 2;

/** What one server that is stopped in nearly every period kept its calls waiting. */
export interface GridStretches {
  readonly count: number;
  readonly grid: CfsGrid;
  /** What each call lost in these stretches together. */
  readonly lost: ReadonlyMap<Exchange, Duration>;
}

interface Stretch {
  readonly from: Timestamp;
  readonly until: Timestamp;
  readonly open: readonly Exchange[];
}

/**
 * A process that uses up its limit in nearly every period answers no call quickly, so that none is
 * late beside others. Then the stretches tell it in which it answers none of several open calls.
 * @returns null where they end at any time
 */
export function gridStretchesOf({ answers, slow }: AnsweringServer): GridStretches | null {
  const stretches = stretchesOf(
    answers.toSorted((a, b) => a - b),
    slow.filter((call) => !isProbe(call)).toSorted((a, b) => a.firstByteAt - b.firstByteAt),
  );
  const grid = gridThroughout(stretches);
  if (grid === null) return null;
  const calls = [...new Set(stretches.flatMap(({ open }) => open))];
  if (!hasLengths(calls) || isPaced(calls)) return null;
  const lost = new Map<Exchange, Duration>();
  for (const { from, until, open } of stretches) {
    for (const call of open) {
      lost.set(call, nanoseconds((lost.get(call) ?? 0) + until - Math.max(from, call.requestedAt)));
    }
  }
  return { count: stretches.length, grid, lost };
}

/** @param answers sorted @param slow in order of their answers */
function stretchesOf(answers: readonly number[], slow: readonly Exchange[]): Stretch[] {
  const found: Stretch[] = [];
  for (let index = 1; index < answers.length; index++) {
    const [before, until] = [answers[index - 1] as number, answers[index] as number];
    if (until - before < LEAST_SLOW) continue;
    const next = partitionPoint(slow.length, (place) => (slow[place] as Exchange).firstByteAt < until);
    const open = slow.slice(next).filter(({ requestedAt }) => until - requestedAt >= LEAST_SLOW);
    if (open.length < LEAST_OPEN) continue;
    const asked = Math.min(...open.map(({ requestedAt }) => requestedAt));
    found.push({ from: at(Math.max(before, asked)), until: at(until), open });
  }
  return found;
}
