import type { Stamp } from './tcpdump-stamp.ts';

/** How the stamps of one text are to be read. */
export type ClockMode =
  /** -tttt and -tt: since 1970. */
  | 'absolute'
  /** The default: time of day, without a date. */
  | 'day'
  /** -ttt: since the packet before. */
  | 'previous'
  /** -ttttt: since the first packet. */
  | 'first';

const DAY_SECONDS = 86_400;
// A step back by more than this is midnight, not a packet out of order.
const MIDNIGHT_STEP_SECONDS = DAY_SECONDS / 2;
// Packets from two interfaces or processors may be printed out of order by so much, also around midnight.
const OUT_OF_ORDER_SECONDS = 60;
// Times of a day just after midnight hardly ever step back; differences to the packet before do all the time.
const STEPS_BACK_OF_DIFFERENCES = 0.25;

/**
 * Tells differences from times of day, which look alike: differences begin at zero and, when they
 * count from the packet before, keep stepping back.
 * @param stamps of the first packets, as many as are at hand
 */
export function chooseClock(stamps: readonly Stamp[]): ClockMode {
  const first = stamps[0];
  if (first === undefined) return 'day';
  if (first.kind !== 'day') return 'absolute';
  let stepsBack = 0;
  let withinFirstHour = true;
  for (const [index, stamp] of stamps.entries()) {
    if (index > 0 && isBefore(stamp, stamps[index - 1] as Stamp)) stepsBack++;
    if (stamp.seconds >= 3600) withinFirstHour = false;
  }
  if (first.seconds === 0 && first.nanoseconds === 0) return stepsBack > 0 ? 'previous' : 'first';
  return withinFirstHour && stepsBack > stamps.length * STEPS_BACK_OF_DIFFERENCES ? 'previous' : 'day';
}

const isBefore = (one: Stamp, other: Stamp): boolean =>
  one.seconds < other.seconds || (one.seconds === other.seconds && one.nanoseconds < other.nanoseconds);

/** Turns the stamps of one text into nanoseconds since its first packet. */
export class TextClock {
  /** Nanoseconds since 1970 of the first packet; null where the text carries no date. */
  origin: bigint | null = null;
  readonly #mode: ClockMode;
  #started = false;
  #firstSeconds = 0;
  #firstNanoseconds = 0;
  #lastSeconds = 0;
  #days = 0;
  #sum = 0;

  constructor(mode: ClockMode) {
    this.#mode = mode;
  }

  /** Null where the stamp is of another kind than the text's others. */
  time(stamp: Stamp): number | null {
    if ((stamp.kind === 'day') === (this.#mode === 'absolute')) return null;
    if (this.#mode === 'previous') {
      if (this.#started) this.#sum += stamp.seconds * 1e9 + stamp.nanoseconds;
      this.#started = true;
      return this.#sum;
    }
    const seconds = this.#mode === 'day' ? this.#acrossMidnight(stamp.seconds) : stamp.seconds;
    if (!this.#started) {
      this.#started = true;
      this.#firstSeconds = seconds;
      this.#firstNanoseconds = stamp.nanoseconds;
      if (this.#mode === 'absolute') this.origin = BigInt(seconds) * 1_000_000_000n + BigInt(stamp.nanoseconds);
    }
    return (seconds - this.#firstSeconds) * 1e9 + (stamp.nanoseconds - this.#firstNanoseconds);
  }

  #acrossMidnight(secondsOfDay: number): number {
    let seconds = this.#days * DAY_SECONDS + secondsOfDay;
    if (!this.#started) return (this.#lastSeconds = seconds);
    if (seconds < this.#lastSeconds - MIDNIGHT_STEP_SECONDS) {
      this.#days++;
      seconds += DAY_SECONDS;
    } else if (this.#days > 0 && Math.abs(seconds - DAY_SECONDS - this.#lastSeconds) <= OUT_OF_ORDER_SECONDS) {
      return seconds - DAY_SECONDS;
    }
    this.#lastSeconds = seconds;
    return seconds;
  }
}
