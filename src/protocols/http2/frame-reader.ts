import { at } from '../../base/time.ts';
import type { Arrival } from '../../model/tracked-connection.ts';
import { findFrames, FLAG, FRAME, FRAME_HEADER_LENGTH, isValidFrame, unsigned24, unsigned31 } from './frame-header.ts';
import { PREFACE } from './preface.ts';

// Header lists beyond 64 KiB are refused by all servers known (gRPC: 8 or 16 KiB); four times that
// leaves room for many small frames.
const MAX_BLOCK = 256 * 1024;
// Settings have 6 bytes each and a GOAWAY some words; of longer ones nothing is read.
const MAX_CONTROL = 4096;
const FIRST_BUFFER = 512;
/** What a reader tells, with `reader` saying which frame it is of. Bytes are valid during the call. */
export interface FrameHandlers {
  /** A header block, whole: of `reader.blockStream`, with `reader.blockFlags`. */
  onBlock(reader: FrameReader, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void;
  /** A header block of which something is missing. Others before it may be, too. */
  onLostBlock(reader: FrameReader, arrival: Arrival): void;
  /** A DATA frame begins. */
  onData(reader: FrameReader, arrival: Arrival): void;
  /** Some of its content, without padding. */
  onContent(reader: FrameReader, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void;
  /** `length` bytes of its content are missing. */
  onLostContent(reader: FrameReader, length: number, arrival: Arrival): void;
  onDataEnd(reader: FrameReader, arrival: Arrival): void;
  /** Any other frame that means something to us, whole. */
  onControl(reader: FrameReader, bytes: Uint8Array, start: number, end: number, arrival: Arrival): void;
  /** Frames are missing. */
  onLost(reader: FrameReader, arrival: Arrival): void;
}

type Kind = 'data' | 'block' | 'control' | 'skip';

/** Cuts one side's bytes into frames, however they come; content of DATA is never kept. */
export class FrameReader {
  readonly fromClient: boolean;
  /** The frame at hand. */
  type = 0;
  flags = 0;
  stream = 0;
  length = 0;
  /** The packet with the first byte of the frame or, in `onBlock`, of the block's first frame. */
  readonly begun = { input: 0, number: 0, time: at(0) };
  /** The header block at hand: of HEADERS or PUSH_PROMISE, with that frame's flags and all its frames' bytes. */
  blockType = 0;
  blockStream = 0;
  blockFlags = 0;
  blockSize = 0;
  readonly #handlers: FrameHandlers;
  readonly #header = new Uint8Array(FRAME_HEADER_LENGTH);
  #headerFilled = 0;
  #kind: Kind = 'skip';
  /** Bytes of the frame's payload to come. */
  #left = 0;
  /** Of those, bytes at its end that are padding; -1 where the next byte says how many. */
  #padding = 0;
  #buffer: Buffer | null = null;
  #filled = 0;
  /** Where the payload of the frame at hand begins in the buffer. */
  #frameStart = 0;
  /** A block waits for its CONTINUATION. */
  #isOpen = false;
  /** Where frames begin is not known. */
  #isLost: boolean;

  constructor(fromClient: boolean, handlers: FrameHandlers, fromStart: boolean) {
    this.fromClient = fromClient;
    this.#handlers = handlers;
    this.#isLost = !fromStart;
  }

  push(bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    let position = start;
    while (position < end) {
      if (this.#isLost) {
        position = findFrames(bytes, position, end);
        if (position < 0) return;
        this.#isLost = false;
      }
      position =
        this.#left > 0 ? this.#payload(bytes, position, end, arrival) : this.#head(bytes, position, end, arrival);
    }
  }

  /** `length` bytes are missing here; 0 where nobody knows how many. */
  gap(length: number, arrival: Arrival): void {
    if (this.#isLost) return;
    if (length > 0 && length <= this.#left && this.#headerFilled === 0) {
      this.#skip(length, arrival);
      return;
    }
    // What began before is known to have ended within the gap.
    if (this.#left > 0) this.#skip(this.#left, arrival);
    this.#lose(arrival);
  }

  #head(bytes: Uint8Array, start: number, end: number, arrival: Arrival): number {
    if (this.#headerFilled === 0 && !this.#isOpen) {
      this.begun.input = arrival.input;
      this.begun.number = arrival.number;
      this.begun.time = arrival.time;
    }
    if (this.#headerFilled === 0 && end - start >= FRAME_HEADER_LENGTH) {
      this.#begin(bytes, start, arrival);
      return start + FRAME_HEADER_LENGTH;
    }
    let position = start;
    while (position < end && this.#headerFilled < FRAME_HEADER_LENGTH) {
      this.#header[this.#headerFilled++] = bytes[position++] as number;
    }
    if (this.#headerFilled === FRAME_HEADER_LENGTH) {
      this.#headerFilled = 0;
      this.#begin(this.#header, 0, arrival);
    }
    return position;
  }

  /** A frame's header is whole. */
  #begin(bytes: Uint8Array, start: number, arrival: Arrival): void {
    if (bytes[start] === PREFACE[0] && isPreface(bytes, start)) {
      this.#kind = 'skip';
      this.#left = PREFACE.length - FRAME_HEADER_LENGTH;
      this.#padding = 0;
      return;
    }
    this.length = unsigned24(bytes, start);
    this.type = bytes[start + 3] as number;
    this.flags = bytes[start + 4] as number;
    this.stream = unsigned31(bytes, start + 5);
    if (!isValidFrame(this.type, this.stream, this.length)) {
      this.#lose(arrival);
      return;
    }
    const continues = this.type === FRAME.continuation && this.#isOpen && this.stream === this.blockStream;
    if (this.#isOpen && !continues) {
      this.#loseBlock(arrival);
      this.begun.input = arrival.input;
      this.begun.number = arrival.number;
      this.begun.time = arrival.time;
    }
    this.#left = this.length;
    this.#padding = 0;
    switch (this.type) {
      case FRAME.data:
        this.#kind = 'data';
        if ((this.flags & FLAG.padded) !== 0) this.#padding = -1;
        this.#handlers.onData(this, arrival);
        break;
      case FRAME.headers:
      case FRAME.push:
        this.#kind = 'block';
        this.blockType = this.type;
        this.blockStream = this.stream;
        this.blockFlags = this.flags;
        this.blockSize = FRAME_HEADER_LENGTH + this.length;
        this.#isOpen = true;
        this.#filled = 0;
        this.#frameStart = 0;
        break;
      case FRAME.continuation:
        if (continues) {
          this.#kind = 'block';
          this.blockSize += FRAME_HEADER_LENGTH + this.length;
          this.#frameStart = this.#filled;
        } else {
          // The rest of a block whose start is missing.
          this.#kind = 'skip';
          this.blockStream = this.stream;
          this.blockFlags = 0;
          this.blockSize = 0;
          this.#handlers.onLostBlock(this, arrival);
        }
        break;
      case FRAME.reset:
      case FRAME.settings:
      case FRAME.ping:
      case FRAME.goaway:
      case FRAME.window:
        this.#kind = this.length <= MAX_CONTROL ? 'control' : 'skip';
        this.#filled = 0;
        this.#frameStart = 0;
        break;
      default:
        this.#kind = 'skip';
    }
    if (this.#left === 0) this.#end(bytes, 0, 0, arrival);
  }

  #payload(bytes: Uint8Array, start: number, end: number, arrival: Arrival): number {
    const isWhole = this.#left === this.length && end - start >= this.#left;
    const length = Math.min(this.#left, end - start);
    const stop = start + length;
    switch (this.#kind) {
      case 'data':
        this.#content(bytes, start, stop, arrival);
        if (this.#left === 0) this.#handlers.onDataEnd(this, arrival);
        return stop;
      case 'control':
      case 'block':
        this.#left -= length;
        if (isWhole && this.#filled === 0) {
          this.#end(bytes, start, stop, arrival);
        } else if (!this.#append(bytes, start, stop)) {
          this.#loseBlock(arrival);
        } else if (this.#left === 0) {
          this.#end(this.#buffer as Buffer, this.#frameStart, this.#filled, arrival);
        }
        return stop;
      default:
        this.#left -= length;
        return stop;
    }
  }

  /** Content and padding of a DATA frame. */
  #content(bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    let position = start;
    if (this.#padding < 0) {
      this.#left--;
      this.#padding = Math.min(bytes[position++] as number, this.#left);
    }
    const length = end - position;
    const content = Math.min(length, this.#left - this.#padding);
    this.#left -= length;
    if (content > 0) this.#handlers.onContent(this, bytes, position, position + content, arrival);
  }

  /** A frame that means something to us has ended: its payload. */
  #end(bytes: Uint8Array, start: number, end: number, arrival: Arrival): void {
    if (this.#kind === 'data') this.#handlers.onDataEnd(this, arrival);
    else if (this.#kind === 'control') this.#handlers.onControl(this, bytes, start, end, arrival);
    else if (this.#kind === 'block') this.#endOfBlockFrame(bytes, start, end, arrival);
  }

  #endOfBlockFrame(bytes: Uint8Array, payload: number, payloadEnd: number, arrival: Arrival): void {
    let start = payload;
    let end = payloadEnd;
    if (this.type !== FRAME.continuation) {
      if ((this.flags & FLAG.padded) !== 0) {
        end -= start < end ? (bytes[start] as number) : 0;
        start++;
      }
      // A stream and its weight (section 6.2), or the stream that is promised (section 6.6).
      if (this.type === FRAME.push) start += 4;
      else if ((this.flags & FLAG.priority) !== 0) start += 5;
      if (start > end) {
        this.#loseBlock(arrival);
        return;
      }
    }
    if ((this.flags & FLAG.endHeaders) === 0) {
      if (bytes === this.#buffer) {
        bytes.copyWithin(this.#frameStart, start, end);
        this.#filled = this.#frameStart + end - start;
      } else if (!this.#append(bytes, start, end)) this.#loseBlock(arrival);
      return;
    }
    this.#isOpen = false;
    // The first fragment lies in front of a last one that is in the buffer, else there is no first.
    if (this.#frameStart > 0) {
      if (bytes !== this.#buffer && !this.#append(bytes, start, end)) {
        this.#loseBlock(arrival);
        return;
      }
      this.#handlers.onBlock(this, this.#buffer as Buffer, 0, this.#filled, arrival);
    } else this.#handlers.onBlock(this, bytes, start, end, arrival);
    this.#filled = 0;
    if (this.#buffer !== null && this.#buffer.length > FIRST_BUFFER) this.#buffer = null;
  }

  #append(bytes: Uint8Array, start: number, end: number): boolean {
    const needed = this.#filled + end - start;
    if (needed > MAX_BLOCK) return false;
    if (this.#buffer === null || needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(FIRST_BUFFER, 2 ** Math.ceil(Math.log2(needed))));
      if (this.#buffer !== null) this.#buffer.copy(grown, 0, 0, this.#filled);
      this.#buffer = grown;
    }
    this.#buffer.set(bytes.subarray(start, end), this.#filled);
    this.#filled = needed;
    return true;
  }

  #skip(length: number, arrival: Arrival): void {
    this.#left -= length;
    if (this.#kind === 'data') {
      // Where the padding's length is missing, too, it is taken for none.
      const padding = Math.max(this.#padding, 0);
      this.#padding = padding;
      const content = Math.min(length, this.#left + length - padding);
      if (content > 0) this.#handlers.onLostContent(this, content, arrival);
      if (this.#left === 0) this.#handlers.onDataEnd(this, arrival);
    } else if (this.#kind === 'block') this.#loseBlock(arrival);
    else this.#kind = 'skip';
  }

  #loseBlock(arrival: Arrival): void {
    this.#kind = 'skip';
    this.#isOpen = false;
    this.#filled = 0;
    this.#buffer = null;
    this.#handlers.onLostBlock(this, arrival);
  }

  #lose(arrival: Arrival): void {
    if (this.#isOpen) this.#loseBlock(arrival);
    this.#headerFilled = 0;
    this.#left = 0;
    this.#isLost = true;
    this.#handlers.onLost(this, arrival);
  }
}

function isPreface(bytes: Uint8Array, start: number): boolean {
  for (let index = 0; index < FRAME_HEADER_LENGTH; index++) {
    if (bytes[start + index] !== PREFACE[index]) return false;
  }
  return true;
}
