import { milliseconds, nanoseconds, type Duration, type Timestamp } from '../../../base/time.ts';

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
export const MAX_SLOTS = 32;
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
// Clocks and packets are no finer; who ended before its turn was not served in order.
const LEAST_SERVICE = 1000;
// Without those that fit worst the others must be alike to a sixth: of any calls some nine in ten fit turns
// a little. And calls that all take about the same are explained by that, whatever else explains them: those
// of a queue do so, too, once it is steady, and its beginning tells it.
const MOST_SPREAD = 0.15 ** 2;
const LEAST_SPREAD = 0.1 ** 2;
// What is alike to two hundredths is the same.
const SAME = 0.02 ** 2;

/**
 * Whether calls on one connection wait for one another: as if the server took `slots` of them at a
 * time, in order, each for about the same time. From each call's start and end alone: its turn comes
 * when fewer than `slots` that began before it are still open.
 * @param calls in order of their start
 * @param late the share of calls that may be late besides, for reasons of their own
 * @returns null where it explains the times no better than that calls just take that long
 */
export function queueOf(calls: readonly Span[], late = 0): Queue | null {
  if (calls.length < LEAST_CALLS) return null;
  const order = takenUp(calls);
  const spans = order.map((index) => calls[index] as Span);
  const turns = new Float64Array(spans.length);
  const slots = slotsOf(spans, turns, 0) ?? (late > 0 ? slotsOf(spans, turns, late) : null);
  if (slots === null) return null;
  turnsOf(spans, slots, turns);
  const waits = calls.map(() => nanoseconds(0));
  for (const [place, index] of order.entries()) {
    waits[index] = nanoseconds(Math.max(0, (turns[place] as number) - (calls[index] as Span).from));
  }
  const total = spans.reduce((sum, { from, until }) => sum + until - from, 0);
  const waited = waits.reduce<number>((sum, wait) => sum + wait, 0);
  if (waited < LEAST_SHARE * total) return null;
  const services = spans.map(({ until }, index) => until - (turns[index] as number)).toSorted((a, b) => a - b);
  const service = services[services.length >> 1] as number;
  return service < LEAST_SERVICE ? null : { slots, service: nanoseconds(service), waits };
}

/** How many at a time explain the calls' ends, but for the share that is late; null where no number does. */
function slotsOf(spans: readonly Span[], turns: Float64Array, late: number): number | null {
  const durations = logsOf(spans, (index) => (spans[index] as Span).from);
  let slots = 1;
  let left = Infinity;
  let spread = 0;
  for (let tried = 1; tried <= MAX_SLOTS; tried++) {
    turnsOf(spans, tried, turns);
    const services = logsOf(spans, (index) => turns[index] as number);
    const kept = keptOf(services, late);
    const own = Math.max(SAME, spreadOf(services, kept));
    if (own < CLEARLY * left) [slots, left, spread] = [tried, own, spreadOf(durations, kept)];
  }
  if (left > EXPLAINED * spread) return null;
  return late > 0 && (left > MOST_SPREAD || spread < LEAST_SPREAD) ? null : slots;
}

/** The calls' places in the order in which they were taken up: of those that arrived at once, as they were done. */
export function takenUp(calls: readonly Span[]): number[] {
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
export function turnsOf(spans: readonly Span[], slots: number, turns: Float64Array): Float64Array {
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

/** The logarithm of what each took since then: so that it is their likeness that counts, and not their size. */
function logsOf(spans: readonly Span[], since: (index: number) => number): Float64Array {
  return Float64Array.from(spans, ({ until }, index) => Math.log(Math.max(LEAST_SERVICE, until - since(index))));
}

/** Without that share of them that is least like the one in the middle. */
function keptOf(logs: Float64Array, late: number): Uint32Array {
  const all = Uint32Array.from(logs, (_, index) => index);
  if (late === 0) return all;
  const middle = logs.toSorted()[logs.length >> 1] as number;
  const off = logs.map((log) => Math.abs(log - middle));
  return all.sort((a, b) => (off[a] as number) - (off[b] as number)).subarray(0, Math.ceil((1 - late) * all.length));
}

/** The variance of these logarithms. */
function spreadOf(logs: Float64Array, kept: Uint32Array): number {
  let sum = 0;
  for (const index of kept) sum += logs[index] as number;
  const mean = sum / kept.length;
  let squares = 0;
  for (const index of kept) squares += ((logs[index] as number) - mean) ** 2;
  return squares / kept.length;
}
