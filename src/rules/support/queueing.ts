import { milliseconds, nanoseconds, type Duration, type Timestamp } from '../../base/time.ts';

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
// Calls that arrive at once are taken up in any order: threads and goroutines are not woken in that of
// the packets. Those of a fiftieth of a call's time are at once, as in one packet; a server takes a
// millisecond at most to hand them out. More would let any times look like those of a queue.
const AT_ONCE_SHARE = 1 / 50;
const AT_ONCE = milliseconds(1);
// Twice as many at a time, each for twice as long, fit as well: the fewer are meant.
const CLEARLY = 0.75;
// Clocks and packets are no finer.
const LEAST_SERVICE = 1000;

/**
 * Whether calls on one connection wait for one another: as if the server took `slots` of them at a
 * time, in order, each for about the same time. From each call's start and end alone: its turn comes
 * when fewer than `slots` that began before it are still open.
 * @param calls in order of their start
 * @returns null where it explains the times no better than that calls just take that long
 */
export function queueOf(calls: readonly Span[]): Queue | null {
  if (calls.length < LEAST_CALLS) return null;
  const order = takenUp(calls);
  const spans = order.map((index) => calls[index] as Span);
  const turns = Float64Array.from(spans, ({ from }) => from);
  const spread = spreadOf(spans, turns);
  let slots = 1;
  let left = Infinity;
  for (let tried = 1; tried <= MAX_SLOTS; tried++) {
    const own = spreadOf(spans, turnsOf(spans, tried, turns));
    if (own < CLEARLY * left) [slots, left] = [tried, own];
  }
  if (left > EXPLAINED * spread) return null;
  turnsOf(spans, slots, turns);
  const waits = calls.map(() => nanoseconds(0));
  for (const [place, index] of order.entries()) {
    waits[index] = nanoseconds(Math.max(0, (turns[place] as number) - (calls[index] as Span).from));
  }
  const total = spans.reduce((sum, { from, until }) => sum + until - from, 0);
  const waited = waits.reduce<number>((sum, wait) => sum + wait, 0);
  if (waited < LEAST_SHARE * total) return null;
  const services = spans.map(({ until }, index) => until - (turns[index] as number)).toSorted((a, b) => a - b);
  return { slots, service: nanoseconds(services[services.length >> 1] as number), waits };
}

/** The calls' places in the order in which they were taken up: of those that arrived at once, as they were done. */
function takenUp(calls: readonly Span[]): number[] {
  const durations = calls.map(({ from, until }) => until - from).toSorted((a, b) => a - b);
  const atOnce = Math.min(AT_ONCE, AT_ONCE_SHARE * (durations[durations.length >> 1] as number));
  const order: number[] = [];
  let together: number[] = [];
  const take = (): void => {
    order.push(...together.toSorted((a, b) => (calls[a] as Span).until - (calls[b] as Span).until));
    together = [];
  };
  for (const [index, { from }] of calls.entries()) {
    const [first] = together;
    if (first !== undefined && from - (calls[first] as Span).from > atOnce) take();
    together.push(index);
  }
  take();
  return order;
}

/**
 * When each one's turn came: at its start, or when enough of those before it had ended.
 * @param turns filled and returned: all numbers of slots are tried, and no list is made for each
 */
function turnsOf(spans: readonly Span[], slots: number, turns: Float64Array): Float64Array {
  // The latest `slots` ends of those before, the earliest first, and room for one more.
  const ends = new Float64Array(slots + 1);
  let count = 0;
  for (let index = 0; index < spans.length; index++) {
    const { from, until } = spans[index] as Span;
    turns[index] = count < slots ? from : Math.max(from, ends[0] as number);
    let place = count++;
    for (; place > 0 && (ends[place - 1] as number) > until; place--) ends[place] = ends[place - 1] as number;
    ends[place] = until;
    if (count > slots) ends.copyWithin(0, 1, count--);
  }
  return turns;
}

/** The variance of the logarithms of what each took once its turn had come: how unlike they are, whatever their size. */
function spreadOf(spans: readonly Span[], turns: Float64Array): number {
  const logs = new Float64Array(spans.length);
  let sum = 0;
  for (let index = 0; index < logs.length; index++) {
    const took = (spans[index] as Span).until - (turns[index] as number);
    const log = Math.log(Math.max(LEAST_SERVICE, took));
    logs[index] = log;
    sum += log;
  }
  const mean = sum / logs.length;
  let squares = 0;
  for (let index = 0; index < logs.length; index++) squares += ((logs[index] as number) - mean) ** 2;
  return squares / logs.length;
}
