import { at } from '../../base/time.ts';
import { packetId } from '../../model/packet.ts';
import type { Arrival } from '../../model/tracked-connection.ts';
import type { Budget } from './budget.ts';
import { findRecord, RECORD, RECORD_HEADER_BYTES, recordLength, type RecordHead } from './record.ts';

/**
 * How a record's content is wanted: not at all, piece by piece as it comes, or in one piece when
 * it is there to its end.
 */
export type Wanted = 'skip' | 'pieces' | 'whole';

export interface RecordSink {
  begin(record: RecordHead, arrival: Arrival): Wanted;
  /** `pieces`: the next ones; `whole`: all. Valid during the call. */
  content(record: RecordHead, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void;
  /** So many of its octets were lost at this place. */
  hole(record: RecordHead, length: number, arrival: Arrival): void;
  /** The record's last octet came, or was lost: `record.missing` tells. */
  finish(record: RecordHead, arrival: Arrival): void;
  /** Octets were lost, or are no record: where the next one begins is not known. */
  lose(arrival: Arrival): void;
  /** A record begins behind so many octets that nobody could place: how many records they held is unknown. */
  resume(lost: number, arrival: Arrival): void;
}

const NO_BYTES = new Uint8Array(0);

/**
 * One side's records, over whatever segments they come in. What is not wanted costs no memory
 * and is not touched; where the place is lost, records are found again by their headers.
 */
export class RecordReader {
  /** What the side's records call themselves; 0 where that is not certain yet. */
  #version = 0;
  readonly #sink: RecordSink;
  readonly #budget: Budget;
  readonly #head: RecordHead = {
    type: 0,
    version: 0,
    length: 0,
    firstAt: at(0),
    firstPacket: 0,
    missing: 0,
  };
  #placed: boolean;
  #isReleased = false;
  /** Octets that were passed while the place was lost. */
  #lost = 0;
  readonly #header = new Uint8Array(RECORD_HEADER_BYTES);
  #headerFilled = 0;
  #inRecord = false;
  #remaining = 0;
  #wanted: Wanted = 'skip';
  #buffer = NO_BYTES;
  #filled = 0;

  /** @param placed the first bytes are a record's */
  constructor(sink: RecordSink, budget: Budget, placed: boolean) {
    this.#sink = sink;
    this.#budget = budget;
    this.#placed = placed;
  }

  push(bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    let position = start;
    while (position < end && !this.#isReleased) {
      if (this.#inRecord) {
        position = this.#body(bytes, position, end, arrival);
        continue;
      }
      if (!this.#placed) {
        const found = findRecord(bytes, position, end, this.#version);
        this.#lost += (found < 0 ? end : found) - position;
        if (found < 0) return;
        position = found;
        this.#placed = true;
        const lost = this.#lost;
        this.#lost = 0;
        this.#sink.resume(lost, arrival);
      }
      position = this.#start(bytes, position, end, arrival);
    }
  }

  /** `length` octets are missing here. */
  gap(length: number, arrival: Arrival): void {
    if (this.#inRecord) {
      const missing = Math.min(length, this.#remaining);
      this.#head.missing += missing;
      this.#remaining -= missing;
      this.#drop();
      this.#sink.hole(this.#head, missing, arrival);
      if (this.#remaining > 0) return;
      this.#end(arrival);
      length -= missing;
      if (length === 0) return;
    }
    this.#lose(length, arrival);
  }

  /** Nothing follows: what is kept is given back. */
  release(): void {
    this.#isReleased = true;
    this.#drop();
  }

  #lose(length: number, arrival: Arrival): void {
    if (this.#placed) this.#sink.lose(arrival);
    this.#lost += this.#headerFilled + length;
    this.#headerFilled = 0;
    this.#placed = false;
  }

  /** Reads a header. @returns where to go on */
  #start(bytes: Uint8Array, position: number, end: number, arrival: Arrival): number {
    const head = this.#head;
    let header = bytes;
    let headerAt = position;
    if (this.#headerFilled === 0) {
      head.firstAt = arrival.time;
      head.firstPacket = packetId(arrival.input, arrival.number);
    }
    if (this.#headerFilled > 0 || end - position < RECORD_HEADER_BYTES) {
      const take = Math.min(RECORD_HEADER_BYTES - this.#headerFilled, end - position);
      this.#header.set(bytes.subarray(position, position + take), this.#headerFilled);
      this.#headerFilled += take;
      position += take;
      if (this.#headerFilled < RECORD_HEADER_BYTES) return position;
      header = this.#header;
      headerAt = 0;
    } else position += RECORD_HEADER_BYTES;
    this.#headerFilled = 0;
    const length = recordLength(header, headerAt);
    if (length < 0) {
      this.#lose(RECORD_HEADER_BYTES, arrival);
      // The next record is looked for from the next segment on: within this one nothing is known.
      this.#lost += end - position;
      return end;
    }
    head.type = header[headerAt] as number;
    head.version = ((header[headerAt + 1] as number) << 8) | (header[headerAt + 2] as number);
    head.length = length;
    head.missing = 0;
    // A client's first record may call itself older than all that follow (RFC 8446 section 5.1).
    if (head.type !== RECORD.handshake) this.#version = head.version;
    this.#remaining = length;
    this.#inRecord = true;
    this.#wanted = this.#sink.begin(head, arrival);
    if (length === 0) this.#end(arrival);
    return position;
  }

  #body(bytes: Uint8Array, position: number, end: number, arrival: Arrival): number {
    const take = Math.min(this.#remaining, end - position);
    const head = this.#head;
    this.#remaining -= take;
    if (this.#wanted === 'pieces') this.#sink.content(head, bytes, position, position + take, arrival);
    else if (this.#wanted === 'whole' && head.missing === 0) {
      if (this.#filled === 0 && this.#remaining === 0) {
        this.#sink.content(head, bytes, position, position + take, arrival);
      } else this.#keep(bytes, position, position + take, arrival);
    }
    if (this.#remaining === 0) this.#end(arrival);
    return position + take;
  }

  #keep(bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    const head = this.#head;
    if (this.#filled === 0) {
      if (!this.#budget.take(head.length)) {
        head.missing += head.length;
        return;
      }
      this.#buffer = new Uint8Array(head.length);
    }
    this.#buffer.set(bytes.subarray(start, end), this.#filled);
    this.#filled += end - start;
    if (this.#remaining === 0) this.#sink.content(head, this.#buffer, 0, this.#filled, arrival);
  }

  #end(arrival: Arrival): void {
    this.#inRecord = false;
    this.#drop();
    this.#sink.finish(this.#head, arrival);
  }

  #drop(): void {
    if (this.#buffer.length > 0) this.#budget.give(this.#buffer.length);
    this.#buffer = NO_BYTES;
    this.#filled = 0;
  }
}
