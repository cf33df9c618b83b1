import { valueAt } from '../../../base/sorted.ts';
import { nanoseconds, type Duration } from '../../../base/time.ts';
import { LEAST_EACH } from './one-at-a-time.ts';
import { MAX_SLOTS, takenUp, turnsOf, type Span } from './queueing.ts';

// What a call takes by itself, those tell that find a worker free; of fewer the others must be clearer.
const LEAST_FREE = 5;
const FEWEST_FREE = 2;
// Calls that stand in line: as many as a person would want to see before he believes it.
const LEAST_IN_LINE = 30;
// Behind others they take that many times as long: else nobody need wait for anybody.
const LONGER = 1.5;
const FAR_LONGER = 2;
// From its turn on, each takes as long as those that found a worker free…
const AS_LONG = 1.4;
// …and hardly any is done before its turn, or far sooner than any of those. (Woken threads may overtake.)
const HARDLY_ANY = 0.05;
const SOONER = 0.5;
// They differ among themselves about as much: what is slow for a while by itself ends as evenly or unevenly as it came.
const UNEVEN = 1.5;
const SAME = 0.1;
// Of their time at least so much is waiting.
const WAITED_SHARE = 0.3;

/** How a server that works at several calls at a time answers. */
export interface ManyAtATime {
  readonly slots: number;
  /** From so many to so many explain it as well. */
  readonly least: number;
  readonly most: number;
  /** What one call takes once its turn has come. */
  readonly each: Duration;
  /** What each waited for its turn, as the calls were given. */
  readonly waits: readonly Duration[];
}

interface Fit extends Omit<ManyAtATime, 'least' | 'most'> {
  /** How far what calls take from their turn on is from what those take that find a worker free. */
  readonly off: number;
  /** That may be chance. */
  readonly noise: number;
}

/**
 * Whether calls stand in one line before a server that works at several at a time: who comes while fewer are there
 * takes as long as the others do from their turn on, and hardly anybody is done before his turn. Calls that are slow
 * for a while by themselves make as many at once, but do not end in the order in which they came.
 * @param calls in order of their start
 */
export function manyAtATime(calls: readonly Span[]): ManyAtATime | null {
  if (calls.length < LEAST_IN_LINE) return null;
  const order = takenUp(calls);
  const spans = order.map((index) => calls[index] as Span);
  const turns = new Float64Array(spans.length);
  const fits: Fit[] = [];
  for (let slots = 2; slots <= MAX_SLOTS; slots++) {
    turnsOf(spans, slots, turns);
    const fit = fitOf(spans, order, turns, slots);
    if (fit === 'no line') break;
    if (fit !== null) fits.push(fit);
  }
  const best = fits.toSorted((a, b) => a.off - b.off)[0];
  if (best === undefined) return null;
  const alike = fits.filter(({ off, noise }) => off <= noise);
  const chosen = alike[0] ?? best;
  const all = [chosen, ...alike.filter(({ off }) => off <= chosen.off + chosen.noise)].map(({ slots }) => slots);
  return { ...chosen, least: Math.min(...all), most: Math.max(...all) };
}

function fitOf(
  spans: readonly Span[],
  order: readonly number[],
  turns: Float64Array,
  slots: number,
): Fit | 'no line' | null {
  const free: number[] = [];
  const inLine: number[] = [];
  const took: number[] = [];
  const waits = spans.map(() => nanoseconds(0));
  let [waited, total] = [0, 0];
  for (const [place, { from, until }] of spans.entries()) {
    const turn = turns[place] as number;
    total += until - from;
    if (turn <= from) {
      free.push(until - from);
      continue;
    }
    waited += Math.min(turn, until) - from;
    waits[order[place] as number] = nanoseconds(Math.min(turn, until) - from);
    inLine.push(until - from);
    took.push(until - turn);
  }
  if (inLine.length < LEAST_IN_LINE || waited < WAITED_SHARE * total) return 'no line';
  if (free.length < FEWEST_FREE) return null;
  const spread = deviation(took);
  if (free.length >= LEAST_FREE && spread > UNEVEN * changes(free) + SAME) return null;
  for (const values of [free, inLine, took]) values.sort((a, b) => a - b);
  const each = valueAt(took, 0.5);
  const alone = valueAt(free, 0.5);
  if (each < LEAST_EACH) return null;
  const isFew = free.length < LEAST_FREE;
  const ratio = each / alone;
  const isLonger = valueAt(inLine, 0.5) >= (isFew ? FAR_LONGER : LONGER) * alone;
  const soonest = SOONER * (isFew ? each : (free[0] as number));
  const isInTurn = valueAt(took, HARDLY_ANY) >= soonest;
  if (!isLonger || !isInTurn || ratio > AS_LONG) return null;
  return {
    slots,
    each: nanoseconds(each),
    waits,
    off: Math.abs(Math.log(ratio)),
    noise: (2 * spread) / Math.sqrt(free.length),
  };
}

/** Of their logarithms. */
function deviation(values: readonly number[]): number {
  const logs = values.map((value) => Math.log(Math.max(1, value)));
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  return Math.sqrt(logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / logs.length);
}

/** The same of what one differs from the one before in: what all take longer for a while does not count. */
function changes(values: readonly number[]): number {
  let squares = 0;
  for (let index = 1; index < values.length; index++) {
    squares += Math.log((values[index] as number) / (values[index - 1] as number)) ** 2;
  }
  return Math.sqrt(squares / (2 * (values.length - 1)));
}
