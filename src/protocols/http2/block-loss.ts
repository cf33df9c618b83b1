import { FLAG, FRAME } from './frame-header.ts';
import type { FrameReader } from './frame-reader.ts';
import type { Http2Stream } from './stream.ts';

interface OpenStreams {
  readonly size: number;
  get(id: number): Http2Stream | null;
}

/**
 * Whether frames of one side that are missing may have held a header block. Mostly they held none:
 * data, window updates and pings are more than half of what is sent. Told from the block that comes
 * next, and only where it is a proof; without one the table of names is taken for lost.
 */
export class BlockLoss {
  /** Frames are missing, and no block came since. */
  isOpen = false;
  /** The highest stream of which headers came. */
  #highest = 0;
  /** So many streams were open then, and which. */
  #streamsThen = 0;
  #highestThen = 0;
  /** The other side gave a stream up since the last block: its answer may have been on its way. */
  #hasCancelled = false;
  /** Requests may exist of which nothing was seen. */
  #isBlind: boolean;

  constructor(fromStart: boolean) {
    this.#isBlind = !fromStart;
  }

  begin(streams: OpenStreams, highestRequest: number): void {
    // Of two losses without a block between them the earlier one says more.
    if (this.isOpen) return;
    this.isOpen = true;
    this.#streamsThen = streams.size;
    this.#highestThen = highestRequest;
  }

  /** Of the other side's blocks some are missing. */
  blind(): void {
    this.#isBlind = true;
  }

  cancelled(): void {
    this.#hasCancelled = true;
  }

  /** A block came, or a part of one. */
  seen({ blockType, blockStream }: FrameReader): void {
    if (blockType === FRAME.headers && blockStream > this.#highest) this.#highest = blockStream;
    this.isOpen = false;
    this.#hasCancelled = false;
  }

  get highest(): number {
    return this.#highest;
  }

  /**
   * New streams have higher numbers than all before (RFC 9113 section 5.1.1): between this one and
   * the last there is none. Trailers of a request, which gRPC does not have, are nobody's.
   */
  lacksNoRequest({ blockType, blockStream }: FrameReader): boolean {
    return blockType === FRAME.headers && this.#highest > 0 && blockStream === this.#highest + 2;
  }

  /**
   * Of one call alone: its head comes now, or came before and now its trailers do. A block that ends
   * an answer without a head may as well be trailers whose head is missing.
   */
  lacksNoAnswer({ blockType, blockStream, blockFlags }: FrameReader, streams: OpenStreams): boolean {
    if (blockType !== FRAME.headers || this.#hasCancelled || this.#isBlind) return false;
    const stream = streams.get(blockStream);
    if (stream === null || stream.isPartial || streams.size !== 1) return false;
    const wasAlone = this.#streamsThen === 0 || (this.#streamsThen === 1 && blockStream <= this.#highestThen);
    const hasHead = !Number.isNaN(stream.response.begunAt);
    return wasAlone && hasHead === ((blockFlags & FLAG.endStream) !== 0);
  }
}
