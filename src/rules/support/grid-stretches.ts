import { partitionPoint } from '../../base/sorted.ts';
import { at, nanoseconds, type Duration, type Timestamp } from '../../base/time.ts';
import type { Exchange } from '../../model/exchange.ts';
import { CFS_PERIOD, concentrationOf, isOnGridThroughout } from './cfs-grid.ts';
import { LEAST_SLOW } from './ordinary-exchanges.ts';
import type { AnsweringServer } from './server-answers.ts';
import { isProbe } from './single-use.ts';

// One open call is slow by itself; a process that is stopped keeps all that are open.
const LEAST_OPEN = 2;
// Calls of one length that come at a steady pace end on a grid as well: of a throttled process some take
// a period or two more than others.
const LEAST_OF_LENGTH = 3;
const LEAST_LENGTHS = 2;

/** What one server that is stopped in nearly every period kept its calls waiting. */
export interface GridStretches {
  readonly count: number;
  readonly concentration: number;
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
  if (!isOnGridThroughout(stretches) || !hasLengths(stretches)) return null;
  const lost = new Map<Exchange, Duration>();
  for (const { from, until, open } of stretches) {
    for (const call of open) {
      lost.set(call, nanoseconds((lost.get(call) ?? 0) + until - Math.max(from, call.requestedAt)));
    }
  }
  return { count: stretches.length, concentration: concentrationOf(stretches), lost };
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

/** Some take a period or two more than others. */
function hasLengths(stretches: readonly Stretch[]): boolean {
  const lengths = new Map<number, number>();
  const calls = new Set(stretches.flatMap(({ open }) => open));
  for (const { firstByteAt, requestedAt } of calls) {
    const periods = Math.round((firstByteAt - requestedAt) / CFS_PERIOD);
    lengths.set(periods, (lengths.get(periods) ?? 0) + 1);
  }
  return [...lengths.values()].filter((count) => count >= LEAST_OF_LENGTH).length >= LEAST_LENGTHS;
}
