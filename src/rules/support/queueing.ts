import { nanoseconds, type Duration, type Timestamp } from '../../base/time.ts';

/** One call from its start to its end. */
export interface Span {
  readonly from: Timestamp;
  readonly until: Timestamp;
}

/** Calls that were served so many at a time, the others waiting their turn. */
export interface Queue {
  /** How many at a time. */
  slots: number;
  /** What one takes once its turn has come: the median. */
  service: Duration;
  /** What each waited before its turn, in the order of the spans. */
  waits: Duration[];
}

// Of fewer, the pattern may be chance.
const LEAST_CALLS = 20;
// More workers than that behind one connection are no bottleneck.
const MAX_SLOTS = 32;
// Served in turn, calls take about the same; that explains them where it leaves a third of the spread.
const EXPLAINED = 1 / 3;
// And it matters where the waits are a third of all time.
const LEAST_SHARE = 1 / 3;
// Clocks and packets are no finer.
const LEAST_SERVICE = 1000;

/**
 * Whether calls on one connection wait for one another: as if the server took `slots` of them at a
 * time, in order, each for about the same time. From each call's start and end alone: its turn comes
 * when fewer than `slots` that began before it are still open.
 * @param spans in order of their start
 * @returns null where it explains the times no better than that calls just take that long
 */
export function queueOf(spans: readonly Span[]): Queue | null {
  if (spans.length < LEAST_CALLS) return null;
  const spread = spreadOf(spans.map(({ from, until }) => until - from));
  let best: { slots: number; turns: number[]; spread: number } | null = null;
  for (let slots = 1; slots <= MAX_SLOTS; slots++) {
    const turns = turnsOf(spans, slots);
    const left = spreadOf(spans.map(({ until }, index) => until - (turns[index] as number)));
    if (best === null || left < best.spread) best = { slots, turns, spread: left };
  }
  if (best === null || best.spread > EXPLAINED * spread) return null;
  const { slots, turns } = best;
  const waits = spans.map(({ from }, index) => nanoseconds(Math.max(0, (turns[index] as number) - from)));
  const total = spans.reduce((sum, { from, until }) => sum + until - from, 0);
  const waited = waits.reduce<number>((sum, wait) => sum + wait, 0);
  if (waited < LEAST_SHARE * total) return null;
  const services = spans.map(({ until }, index) => until - (turns[index] as number)).toSorted((a, b) => a - b);
  return { slots, service: nanoseconds(services[services.length >> 1] as number), waits };
}

/** When each one's turn came: at its start, or when enough of those before it had ended. */
function turnsOf(spans: readonly Span[], slots: number): number[] {
  // The latest `slots` ends of those before, the earliest first, and room for one more.
  const ends = new Float64Array(slots + 1);
  let count = 0;
  return spans.map(({ from, until }) => {
    const turn = count < slots ? from : Math.max(from, ends[0] as number);
    let place = count++;
    for (; place > 0 && (ends[place - 1] as number) > until; place--) ends[place] = ends[place - 1] as number;
    ends[place] = until;
    if (count > slots) ends.copyWithin(0, 1, count--);
    return turn;
  });
}

/** The variance of the logarithms: how unlike the times are, whatever their size. */
function spreadOf(times: readonly number[]): number {
  const logs = times.map((time) => Math.log(Math.max(LEAST_SERVICE, time)));
  const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
  return logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / logs.length;
}
