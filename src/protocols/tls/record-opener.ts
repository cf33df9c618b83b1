import type { Side } from '../../model/connection.ts';
import type { Budget } from './budget.ts';
import type { Epoch, KeySchedule } from './key-schedule.ts';
import { openRecord, overheadOf } from './open-record.ts';
import { RECORD_HEADER_BYTES, type RecordHead } from './record.ts';

// Records that may have been lost before the one at hand: each costs a try to open it, some 10 µs.
const MAX_LOST_RECORDS = 64;
// So many in a row that no key opens: it is not the key that is missing its place.
const MAX_FAILURES = 16;
// What encryption adds at least, for counting how many records lost octets may have been.
const LEAST_RECORD = RECORD_HEADER_BYTES + 17;

/** A record that was opened. */
export interface Opened {
  /** What it holds: TLS 1.3 says so inside. */
  type: number;
  /** Its content: the first `length` octets. */
  bytes: Uint8Array;
  length: number;
  epoch: Epoch;
  /** Octets of content that were lost right before it; Infinity where it can't be told how many. */
  lost: number;
}

/**
 * Opens one side's sealed records in order. Where records were lost it looks for the place in
 * the sequence that fits; where none does it gives up.
 */
export class RecordOpener {
  #schedule: KeySchedule;
  readonly #from: Side;
  readonly #tries: Budget;
  #epoch: Epoch | null = null;
  /** The next record's number within its epoch, if none was lost. */
  #sequence = 0;
  /** Records that may have been lost before it, and the octets that they were. */
  #doubt = 0;
  #lostOctets = 0;
  #failures = 0;
  /** The key log when it last had nothing for this side. */
  #learned = -1;

  /** @param tries to open records in vain, of all connections together */
  constructor(schedule: KeySchedule, from: Side, tries: Budget) {
    this.#schedule = schedule;
    this.#tries = tries;
    this.#from = from;
  }

  /** What is opened with at present; null before the first record was. */
  get epoch(): Epoch | null {
    return this.#epoch;
  }

  /** There may be keys for the next record. */
  get hopes(): boolean {
    if (this.#failures >= MAX_FAILURES) return false;
    return this.#epoch !== null || this.#learned !== this.#schedule.learned;
  }

  /** What a record of `length` octets holds of content, if it is one of the present epoch. */
  contentOf(length: number): number {
    return Math.max(0, length - this.#overhead);
  }

  /** From the next record on other keys are used: Finished, EndOfEarlyData, KeyUpdate. */
  change(): void {
    const next = this.#schedule.following(this.#from, this.#epoch)[0];
    if (next !== undefined) this.#begin(next);
  }

  /** TLS 1.2: all begins anew with the keys that were negotiated. */
  restart(schedule: KeySchedule): void {
    this.#schedule = schedule;
    this.#epoch = null;
    this.#sequence = 0;
    this.#doubt = 0;
    this.#lostOctets = 0;
    this.#failures = 0;
    this.#learned = -1;
  }

  /** More is known of the keys: what failed may go well now. */
  retry(): void {
    this.#failures = 0;
  }

  /** A record passed by that could not be opened because octets of it are missing. */
  passed(): void {
    this.#sequence++;
  }

  /** So many octets of records passed by. */
  lost(octets: number): void {
    this.#lostOctets += octets;
    this.#doubt = Math.min(MAX_LOST_RECORDS, this.#doubt + Math.floor(octets / LEAST_RECORD));
  }

  open(head: RecordHead, bytes: Uint8Array, start: number, end: number): Opened | null {
    const known = this.#epoch;
    const opened = known === null ? null : this.#try(known, this.#sequence, head, bytes, start, end);
    if (opened !== null) return opened;
    const following = this.#schedule.following(this.#from, known);
    if (known === null && following.length === 0) this.#learned = this.#schedule.learned;
    // Where there was no epoch yet, what was counted so far may belong to any.
    const most = this.#doubt + (known === null ? this.#sequence : 0);
    for (const epoch of following) {
      const found = this.#try(epoch, 0, head, bytes, start, end, Math.min(MAX_LOST_RECORDS, most));
      if (found !== null) return found;
    }
    // It counts in the sequence whether it was opened or not.
    this.#sequence++;
    if (following.length > 0 || known !== null)
      this.#failures = this.#tries.take(1) ? this.#failures + 1 : MAX_FAILURES;
    return null;
  }

  #try(
    epoch: Epoch,
    first: number,
    head: RecordHead,
    bytes: Uint8Array,
    start: number,
    end: number,
    most = this.#doubt,
  ): Opened | null {
    const { crypto, is13 } = this.#schedule;
    for (let lost = 0; lost <= most; lost++) {
      if (lost > 0 && !this.#tries.take(1)) return null;
      const content = openRecord(crypto, epoch.keys, is13, first + lost, head, bytes, start, end);
      if (content === null) continue;
      const isNew = this.#epoch !== epoch;
      if (isNew) this.#begin(epoch);
      this.#sequence = first + lost + 1;
      const lostContent = lost === 0 ? 0 : isNew ? Infinity : this.#contentLost(lost);
      this.#doubt = 0;
      this.#lostOctets = 0;
      this.#failures = 0;
      const opened = { type: head.type, bytes: content, length: content.length, epoch, lost: lostContent };
      return is13 ? withInnerType(opened) : opened;
    }
    return null;
  }

  /** What so many lost records held, from the octets that they were. */
  #contentLost(records: number): number {
    return Math.max(0, this.#lostOctets - records * (RECORD_HEADER_BYTES + this.#overhead));
  }

  get #overhead(): number {
    return this.#epoch === null ? 0 : overheadOf(this.#epoch.keys, this.#schedule.is13);
  }

  #begin(epoch: Epoch): void {
    this.#epoch = epoch;
    this.#sequence = 0;
  }
}

/** RFC 8446 section 5.2: the type is the last octet that is not zero. */
function withInnerType(opened: Opened): Opened {
  const { bytes } = opened;
  let last = bytes.length - 1;
  while (last >= 0 && bytes[last] === 0) last--;
  opened.type = last < 0 ? -1 : (bytes[last] as number);
  opened.length = Math.max(0, last);
  return opened;
}
