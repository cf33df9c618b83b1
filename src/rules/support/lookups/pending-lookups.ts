import type { Duration, Timestamp } from '../../../base/time.ts';
import { copyLookup, type Lookup } from '../../../model/lookup.ts';
import type { LossAnalysis } from './loss-shape.ts';

// Lookups that were under way less than a second before the last packet that was read, or are when the capture ends.
const MAX_PENDING = 256;

const UNKNOWN = Number.NaN as Timestamp;
// Whether the capture lacks packets, which only its end tells.
const AT_THE_END = Number.POSITIVE_INFINITY as Timestamp;

interface Pending {
  readonly lookup: Lookup;
  readonly toldAt: Timestamp;
  /** What its server usually took when the lookup came. */
  readonly usual: Duration;
}

interface Judge {
  takeApart(lookup: Lookup, watchedUntil?: Timestamp): LossAnalysis;
  endOfInput(input: number): Timestamp;
  settle(lookup: Lookup, analysis: LossAnalysis, usual: Duration): void;
}

/** Lookups that wait for the capture to go on: whether their queries are lost only that can tell. */
export class PendingLookups {
  readonly #judge: Judge;
  #pending: Pending[] = [];

  constructor(judge: Judge) {
    this.#judge = judge;
  }

  get count(): number {
    return this.#pending.length;
  }

  /** Settles a lookup, now or when that can be told. */
  take(lookup: Lookup, analysis: LossAnalysis, usual: Duration): void {
    const isOpen = lookup.endBecause === 'captureEnd' && analysis.lost > 0;
    const toldAt = isOpen ? AT_THE_END : analysis.toldAt;
    if (this.#isTold(lookup.input, toldAt)) this.#judge.settle(lookup, analysis, usual);
    else if (this.count < MAX_PENDING) this.#pending.push({ lookup: copyLookup(lookup), toldAt, usual });
    // Too many to keep: judged by what their own waits show.
    else this.#judge.settle(lookup, this.#judge.takeApart(lookup, UNKNOWN), usual);
  }

  /** @param all whoever asks for verdicts gets them from what there is */
  settle(all: boolean): void {
    const before = this.#pending;
    if (!all && !before.some(({ lookup, toldAt }) => this.#isTold(lookup.input, toldAt))) return;
    this.#pending = [];
    for (const waiting of before) {
      const { lookup, usual } = waiting;
      if (!all && waiting.toldAt === AT_THE_END) {
        this.#pending.push(waiting);
        continue;
      }
      const analysis = this.#judge.takeApart(lookup);
      if (all || this.#isTold(lookup.input, analysis.toldAt)) this.#judge.settle(lookup, analysis, usual);
      else this.#pending.push({ ...waiting, toldAt: analysis.toldAt });
    }
  }

  #isTold(input: number, toldAt: Timestamp): boolean {
    return !(toldAt > this.#judge.endOfInput(input));
  }
}
