import type { Arrival } from '../../model/tracked-connection.ts';
import { Chunks } from './chunks.ts';
import { MAX_LINE, type Head } from './head.ts';
import { recogniseRequest, recogniseStatus, trimEnd } from './start-line.ts';
import { startsWithPreface } from '../http2/preface.ts';
import type { Recognition } from '../protocol.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

// Servers take 8 KiB (nginx, Tomcat) to 96 KiB (Envoy) of head; only a line's beginning is kept of it.
const MAX_HEAD = 256 << 10;
/** A first line's end tells its version: the last bytes are kept besides its beginning. */
const TAIL = 16;
const MAX_CARRIED = MAX_LINE + TAIL;
// A line of that many lone CRs and LFs between messages is no message.
const MAX_BLANK = 64;

/** How a body ends; a length of 0 or more is a length. */
export const BODY = { chunked: -1, untilEnd: -2, stop: -3 } as const;

/** Where a reader stands. */
const PLACE = {
  /** Before a message's first byte. */
  start: 0,
  firstLine: 1,
  headers: 2,
  /** In a body of known length. */
  length: 3,
  chunks: 4,
  untilEnd: 5,
  /** Bytes were lost, or are no HTTP: waits for a message's beginning. */
  adrift: 6,
  stopped: 7,
} as const;
type Place = (typeof PLACE)[keyof typeof PLACE];

/** Who is told what a reader finds; all of it in order. */
export interface ReaderOwner {
  /** A message's first line was read. @param first the packet of its first byte */
  began(head: Head, first: Arrival): void;
  /** So many bytes of the message at hand, or, adrift, of what can't be told. */
  saw(length: number, arrival: Arrival): void;
  /** The head is whole. @returns the body's length, or one of {@link BODY} */
  headed(head: Head, arrival: Arrival): number;
  /** Bytes of the message's body as they stand on the wire, before `saw` tells of them. */
  body?(bytes: Uint8Array, start: number, end: number): void;
  /** The message is whole. @param isSure its last byte was seen, and when */
  done(arrival: Arrival, isSure: boolean): void;
  /**
   * The framing is lost, and perhaps was before. @param missing bytes that stand where a message
   * begins or, if one whose end is not known is still open, in that; 0 where nothing is missing
   * but the end of the one at hand
   */
  strayed(missing: number, arrival: Arrival): void;
  /** HTTP/2 begins: what asked for it, or agreed to it, was lost. */
  turnedToHttp2?(arrival: Arrival): void;
}

/** Takes one direction's bytes apart into messages; copies nothing but lines that span segments. */
export class Reader {
  readonly #owner: ReaderOwner;
  readonly #head: Head;
  readonly #isRequests: boolean;
  #place: Place;
  readonly #chunks = new Chunks();
  #remaining = 0;
  #headBytes = 0;
  /** The body's first bytes would be another answer if the request was HEAD, which was not seen. */
  doubtsBody = false;
  /** The line at hand may be anything. */
  #isStrict = false;
  #carried: Uint8Array | null = null;
  #carriedLength = 0;
  readonly #first: { input: number; number: number; time: Arrival['time'] };
  #lastNumber = -1;

  constructor(owner: ReaderOwner, head: Head, first: Arrival, fromStart: boolean) {
    this.#isRequests = head.isRequest;
    this.#owner = owner;
    this.#head = head;
    this.#first = { input: first.input, number: first.number, time: first.time };
    this.#place = fromStart ? PLACE.start : PLACE.adrift;
  }

  get isOpen(): boolean {
    return this.#place !== PLACE.stopped;
  }

  /** @returns where it stopped: before `end` only where what follows is not for it */
  push(bytes: Uint8Array, start: number, end: number, arrival: Arrival): number {
    this.#lastNumber = arrival.number;
    let position = start;
    while (position < end) {
      if (this.doubtsBody) this.#judgeBody(bytes, position, end, arrival);
      switch (this.#place) {
        case PLACE.start:
          position = this.#atStart(bytes, position, end, arrival);
          break;
        case PLACE.firstLine:
        case PLACE.headers:
          position = this.#inHead(bytes, position, end, arrival);
          break;
        case PLACE.length:
          position = this.#inBody(bytes, position, end, arrival);
          break;
        case PLACE.chunks:
          position = this.#inChunks(bytes, position, end, arrival);
          break;
        case PLACE.untilEnd:
          this.#owner.body?.(bytes, position, end);
          this.#owner.saw(end - position, arrival);
          position = end;
          break;
        case PLACE.adrift:
          position = this.#adrift(bytes, position, end, position === start, arrival);
          break;
        default:
          return position;
      }
    }
    return position;
  }

  gap(length: number, arrival: Arrival): void {
    const place = this.#place;
    // Cut off by the capture: the packet that lacks them is at hand, so it is known when they came.
    const isSure = arrival.number === this.#lastNumber;
    if (place === PLACE.stopped || place === PLACE.untilEnd) return;
    if (place === PLACE.adrift) {
      if (isSure) this.#owner.saw(length, arrival);
      else this.#owner.strayed(length, arrival);
      return;
    }
    if (place === PLACE.chunks && this.#chunks.skip(length)) {
      this.#owner.saw(length, arrival);
      return;
    }
    if (place === PLACE.length) {
      const inBody = Math.min(length, this.#remaining);
      this.#remaining -= inBody;
      this.#owner.saw(inBody, arrival);
      if (this.#remaining > 0) return;
      this.#place = PLACE.start;
      this.#owner.done(arrival, isSure && inBody === length);
      if (inBody < length) this.#stray(length - inBody, arrival);
      return;
    }
    const isBegun = place === PLACE.firstLine ? this.#beginCut() : place !== PLACE.start;
    if (isBegun && isSure) this.#owner.saw(length, arrival);
    this.#stray(isBegun ? 0 : length, arrival);
  }

  /** The first line ends in a gap. */
  #beginCut(): boolean {
    if (this.#carried === null || !this.#head.beginCut(this.#carried, 0, this.#carriedLength)) return false;
    this.#owner.began(this.#head, this.#first);
    this.#owner.saw(this.#carriedLength, this.#first);
    return true;
  }

  /** Nothing follows. */
  end(arrival: Arrival, isWhole: boolean): void {
    const place = this.#place;
    this.#carried = null;
    this.#place = PLACE.stopped;
    if (place !== PLACE.untilEnd || !isWhole) return;
    // Who reads until the end knows only now that this is it.
    this.#owner.saw(0, arrival);
    this.#owner.done(arrival, true);
  }

  #stray(missing: number, arrival: Arrival): void {
    this.#place = PLACE.adrift;
    this.#carried = null;
    this.#carriedLength = 0;
    this.#owner.strayed(missing, arrival);
  }

  #atStart(bytes: Uint8Array, start: number, end: number, arrival: Arrival): number {
    let position = start;
    while (position < end && (bytes[position] === CARRIAGE_RETURN || bytes[position] === LINE_FEED)) position++;
    this.#headBytes += position - start;
    if (position === end) {
      if (this.#headBytes > MAX_BLANK) this.#place = PLACE.adrift;
      return end;
    }
    this.#beginLine(arrival);
    return position;
  }

  #beginLine(arrival: Arrival): void {
    this.#isStrict = this.#place === PLACE.adrift;
    this.#place = PLACE.firstLine;
    this.#headBytes = 0;
    this.#carriedLength = 0;
    this.#first.input = arrival.input;
    this.#first.number = arrival.number;
    this.#first.time = arrival.time;
  }

  /** Lines until an empty one. */
  #inHead(bytes: Uint8Array, start: number, end: number, arrival: Arrival): number {
    let position = start;
    let told = start;
    while (position < end) {
      let newline = position;
      while (newline < end && bytes[newline] !== LINE_FEED) newline++;
      this.#headBytes += newline - position + 1;
      if (this.#headBytes > MAX_HEAD) return this.#lose(told, end, arrival);
      if (newline === end) {
        this.#headBytes--;
        this.#carry(bytes, position, end);
        if (this.#place === PLACE.headers) this.#owner.saw(end - told, arrival);
        // What can't become a first line any more is none.
        else if (this.#recognise(this.#carried as Uint8Array, 0, this.#carriedLength) === 'no') {
          this.#forgetLine();
          this.#place = PLACE.adrift;
          return position;
        }
        return end;
      }
      let line = bytes;
      let first = position;
      let last = newline;
      if (this.#carriedLength > 0) {
        this.#carry(bytes, position, newline);
        line = this.#carried as Uint8Array;
        first = 0;
        last = this.#carriedLength;
      }
      last = trimEnd(line, first, last);
      position = newline + 1;
      if (this.#place === PLACE.firstLine) {
        if (!this.#head.begin(line, first, last)) {
          this.#forgetLine();
          this.#place = PLACE.adrift;
          this.#isStrict = true;
          return this.#adriftFrom(bytes, told, end, arrival);
        }
        this.#owner.began(this.#head, this.#first);
        // What came before this packet was not told as long as it might have been anything.
        const before = this.#headBytes - (position - told);
        if (before > 0) this.#owner.saw(before, this.#first);
        this.#place = PLACE.headers;
      } else if (last === first) {
        this.#forgetLine();
        this.#owner.saw(position - told, arrival);
        this.#beginBody(arrival);
        return position;
      } else {
        this.#head.line(line, first, last);
      }
      this.#carriedLength = 0;
    }
    this.#owner.saw(end - told, arrival);
    return end;
  }

  #recognise(bytes: Uint8Array, start: number, end: number): Recognition {
    return this.#isRequests ? recogniseRequest(bytes, start, end, this.#isStrict) : recogniseStatus(bytes, start, end);
  }

  #forgetLine(): void {
    this.#carried = null;
    this.#carriedLength = 0;
  }

  /** The head is too long to be one. */
  #lose(told: number, end: number, arrival: Arrival): number {
    const hasBegun = this.#place === PLACE.headers;
    if (hasBegun) this.#owner.saw(end - told, arrival);
    this.#stray(0, arrival);
    return end;
  }

  /** Keeps a line's piece: its beginning, and its last bytes. */
  #carry(bytes: Uint8Array, start: number, end: number): void {
    const carried = (this.#carried ??= new Uint8Array(MAX_CARRIED));
    const length = end - start;
    if (this.#carriedLength + length <= MAX_CARRIED) {
      carried.set(bytes.subarray(start, end), this.#carriedLength);
      this.#carriedLength += length;
      return;
    }
    const room = Math.max(0, MAX_LINE - this.#carriedLength);
    if (room > 0) carried.set(bytes.subarray(start, start + room), this.#carriedLength);
    const rest = length - room;
    if (rest >= TAIL) {
      carried.set(bytes.subarray(end - TAIL, end), MAX_LINE);
    } else {
      carried.copyWithin(MAX_LINE, this.#carriedLength - (TAIL - rest), this.#carriedLength);
      carried.set(bytes.subarray(end - rest, end), MAX_CARRIED - rest);
    }
    this.#carriedLength = MAX_CARRIED;
  }

  #beginBody(arrival: Arrival): void {
    const body = this.#owner.headed(this.#head, arrival);
    this.#headBytes = 0;
    if (body === BODY.chunked) {
      this.#chunks.begin();
      this.#place = PLACE.chunks;
    } else if (body === BODY.untilEnd) {
      this.#place = PLACE.untilEnd;
    } else if (body === BODY.stop) {
      this.#place = PLACE.stopped;
    } else if (body > 0) {
      this.#place = PLACE.length;
      this.#remaining = body;
    } else {
      this.doubtsBody = false;
      this.#place = PLACE.start;
      this.#owner.done(arrival, true);
    }
  }

  /** The request is not known: was it HEAD, its answer had no body, and this is the next answer's beginning. */
  #judgeBody(bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    if (this.#recognise(bytes, start, end) === 'yes') this.endDoubt(arrival);
    this.doubtsBody = false;
  }

  /** The next request begins, and no body has: there is none. */
  endDoubt(arrival: Arrival): void {
    if (!this.doubtsBody) return;
    this.doubtsBody = false;
    this.#place = PLACE.start;
    this.#owner.done(arrival, true);
  }

  #inBody(bytes: Uint8Array, start: number, end: number, arrival: Arrival): number {
    const length = Math.min(end - start, this.#remaining);
    this.#owner.body?.(bytes, start, start + length);
    this.#remaining -= length;
    this.#owner.saw(length, arrival);
    if (this.#remaining === 0) {
      this.#place = PLACE.start;
      this.#owner.done(arrival, true);
    }
    return start + length;
  }

  #inChunks(bytes: Uint8Array, start: number, end: number, arrival: Arrival): number {
    const position = this.#chunks.read(bytes, start, end);
    if (position < 0) {
      this.#stray(0, arrival);
      return start;
    }
    this.#owner.body?.(bytes, start, position);
    this.#owner.saw(position - start, arrival);
    if (this.#chunks.isDone) {
      this.#place = PLACE.start;
      this.#owner.done(arrival, true);
    }
    return position;
  }

  /** Looks for a message's beginning where a segment begins, or behind an empty line. */
  #adrift(bytes: Uint8Array, start: number, end: number, isSegment: boolean, arrival: Arrival): number {
    this.#isStrict = true;
    if (isSegment && this.#recognise(bytes, start, end) !== 'no') {
      this.#beginLine(arrival);
      return start;
    }
    return this.#adriftFrom(bytes, start, end, arrival);
  }

  #adriftFrom(bytes: Uint8Array, start: number, end: number, arrival: Arrival): number {
    if (this.#isRequests && startsWithPreface(bytes, start, end) === 'yes') {
      this.#place = PLACE.stopped;
      this.#owner.turnedToHttp2?.(arrival);
      return start;
    }
    let lineBytes = 1;
    for (let position = start; position < end; position++) {
      const byte = bytes[position];
      if (byte === LINE_FEED) {
        if (lineBytes === 0 && this.#recognise(bytes, position + 1, end) === 'yes') {
          this.#owner.saw(position + 1 - start, arrival);
          this.#beginLine(arrival);
          return position + 1;
        }
        lineBytes = 0;
      } else if (byte !== CARRIAGE_RETURN) {
        lineBytes++;
      }
    }
    this.#owner.saw(end - start, arrival);
    return end;
  }
}
