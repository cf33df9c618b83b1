import { milliseconds } from '../base/time.ts';

// RFC 6298 section 2.3: alpha = 1/8.
const SMOOTHING = 1 / 8;
// The shortest delayed acknowledgment of Linux (TCP_DELACK_MIN, 40 ms), less what a timer may come early.
export const SHORTEST_DELAYED_ACKNOWLEDGMENT = milliseconds(35);

/**
 * The time from data to its acknowledgment, smoothed as RFC 6298 has it. What the other side's
 * program or its delayed-acknowledgment timer adds to a sample is no part of the way: such
 * samples count only where they are no longer than what is known.
 */
export class RoundTrip {
  /** NaN before the first sample. */
  smoothed = Number.NaN;
  least = Number.NaN;
  /** A sample held no time of the other side's program or timer: before, all that is known is an upper bound. */
  isSettled = false;

  /** The least; 0 before the first sample. */
  get shortest(): number {
    return this.least || 0;
  }

  /**
   * @param sample nanoseconds from data that was sent once to its acknowledgment
   * @param carriesData the acknowledgment came with data: the program may have been waited for
   * @param isLone it acknowledges one segment only, which may be delayed (RFC 9293 section 3.8.6.3)
   */
  push(sample: number, carriesData: boolean, isLone: boolean): void {
    // Merged inputs may be a little out of order.
    if (!(sample >= 0)) return;
    if (!(sample >= this.least)) this.least = sample;
    const isLate = isLone && sample >= this.least + SHORTEST_DELAYED_ACKNOWLEDGMENT;
    const waited = carriesData || isLate;
    if (Number.isNaN(this.smoothed) || (!this.isSettled && !waited)) {
      this.smoothed = sample;
      this.isSettled = !waited;
    } else if (!waited || sample < this.smoothed) this.smoothed += (sample - this.smoothed) * SMOOTHING;
  }
}
