import { Decompress } from 'fzstd';
import { UserError } from '../model/user-error.ts';
import type { ByteSource } from './byte-source.ts';
import type { ByteWindow } from './byte-window.ts';
import { MAX_ZSTD_WINDOW_BYTES } from './limits.ts';
import { atByte } from './notes.ts';

// RFC 8878 section 3.1.1.2.4: no block is larger, neither packed nor unpacked.
const MAX_ZSTD_BLOCK_BYTES = 128 << 10;
const ZSTD_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const MAX_FRAME_HEADER_BYTES = 18;
const BLOCK_HEADER_BYTES = 3;
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;

// The library moves its whole window for each block. Blocks are full (128 KiB) but for the last; a
// stream of thousands of tiny ones would turn a small file into minutes of copying.
const BLOCKS_BEFORE_JUDGING = 2000;
const LEAST_BYTES_A_BLOCK = 1024;

type Expected = 'frame' | 'block' | 'checksum';

/**
 * Zstandard (RFC 8878), any number of frames. The library unpacks; frames and blocks are walked
 * here, because it would allocate whatever window a header asks for and grow without bound on
 * blocks of one repeated byte.
 */
export class ZstdSource implements ByteSource {
  readonly #path: string;
  readonly #input: ByteWindow;
  readonly #output: Uint8Array[] = [];
  #decompress = this.#create();
  #expected: Expected = 'frame';
  #hasChecksum = false;
  #taken = 0;
  #blocks = 0;
  #unpacked = 0;
  #finished = false;
  #trouble: string | null = null;

  constructor(path: string, input: ByteWindow) {
    this.#path = path;
    this.#input = input;
  }

  get bytesRead(): number {
    return this.#input.source.bytesRead;
  }

  get bytesTotal(): number | null {
    return this.#input.source.bytesTotal;
  }

  get trouble(): string | null {
    return this.#input.source.trouble ?? this.#trouble;
  }

  async read(target: Uint8Array, start: number): Promise<number> {
    // oxlint-disable-next-line no-await-in-loop -- headers give no byte
    while (this.#output.length === 0 && !this.#finished) await this.#step();
    const chunk = this.#output[0];
    if (chunk === undefined) {
      this.close();
      return 0;
    }
    const piece = chunk.subarray(this.#taken, this.#taken + target.length - start);
    target.set(piece, start);
    this.#taken += piece.length;
    if (this.#taken === chunk.length) {
      this.#output.shift();
      this.#taken = 0;
    }
    return piece.length;
  }

  close(): void {
    this.#finished = true;
    this.#input.source.close();
  }

  #create(): Decompress {
    return new Decompress((chunk) => {
      if (chunk.length > 0) this.#output.push(chunk);
      this.#unpacked += chunk.length;
    });
  }

  async #step(): Promise<void> {
    if (this.#expected === 'frame') await this.#frame();
    else if (this.#expected === 'block') await this.#block();
    else {
      // The library wants the checksum's bytes but does not verify them.
      const complete = await this.#need(4);
      this.#expected = 'frame';
      if (complete) this.#give(4);
    }
  }

  async #frame(): Promise<void> {
    const { view } = await this.#atLeast(MAX_FRAME_HEADER_BYTES);
    const { start, length } = this.#input;
    if (length === 0) {
      this.#finished = true;
      return;
    }
    if (length < 5) return this.#stop('ends too early');
    const magic = view.getUint32(start, true);
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) return this.#skip();
    if (magic !== ZSTD_MAGIC) return this.#stop('is followed by something else');
    const descriptor = view.getUint8(start + 4);
    const header = frameHeaderBytes(descriptor);
    if (length < header) return this.#stop('ends too early');
    if ((descriptor & 3) !== 0) {
      throw new UserError(
        `${this.#path}: zstd data packed with a dictionary: unpack it first with zstd -d -D DICTIONARY`,
      );
    }
    const window = windowBytes(view, start, descriptor);
    if (window > MAX_ZSTD_WINDOW_BYTES) {
      throw new UserError(
        `${this.#path}: zstd frame ${atByte(this.#input.offset)} needs ${Math.ceil(window / 2 ** 20)} MiB to unpack; ` +
          'unpack it first: zstd -d --long=31',
      );
    }
    this.#hasChecksum = (descriptor & 4) !== 0;
    this.#decompress = this.#create();
    this.#expected = 'block';
    this.#give(header);
  }

  async #skip(): Promise<void> {
    if (!(await this.#need(8))) return;
    let left = 8 + this.#input.view.getUint32(this.#input.start + 4, true);
    while (left > 0) {
      const step = Math.min(left, this.#input.length);
      this.#input.start += step;
      left -= step;
      // oxlint-disable-next-line no-await-in-loop -- one read after another
      if (left > 0 && !(await this.#need(1))) return;
    }
  }

  async #block(): Promise<void> {
    if (!(await this.#need(BLOCK_HEADER_BYTES))) return;
    const { view, start } = this.#input;
    const header = view.getUint8(start) | (view.getUint16(start + 1, true) << 8);
    const type = (header >> 1) & 3;
    const size = header >> 3;
    if (type === RESERVED_BLOCK || size > MAX_ZSTD_BLOCK_BYTES) return this.#stop('is damaged');
    const length = BLOCK_HEADER_BYTES + (type === RLE_BLOCK ? 1 : size);
    if (!(await this.#need(length))) return;
    if (++this.#blocks > BLOCKS_BEFORE_JUDGING && this.#unpacked < this.#blocks * LEAST_BYTES_A_BLOCK) {
      return this.#stop('come in tiny blocks: unpack them first with zstd -d; stopped');
    }
    if ((header & 1) === 1) this.#expected = this.#hasChecksum ? 'checksum' : 'frame';
    this.#give(length);
  }

  /** Hands the library the next bytes; when a frame is expected after them, they are its last. */
  #give(length: number): void {
    const input = this.#input;
    // A copy: the library keeps what it cannot use yet, and the window is refilled.
    const piece = input.bytes.slice(input.start, input.start + length);
    try {
      this.#decompress.push(piece, this.#expected === 'frame');
    } catch {
      // Whatever it stumbled over, invalid data is the only thing it can have been given.
      this.#stop('is damaged');
    }
    input.start += length;
  }

  async #need(length: number): Promise<boolean> {
    await this.#atLeast(length);
    if (this.#input.length >= length) return true;
    this.#stop('ends too early');
    return false;
  }

  async #atLeast(length: number): Promise<ByteWindow> {
    const input = this.#input;
    // oxlint-disable-next-line no-await-in-loop -- one read after another
    while (input.length < length && !input.ended) await input.fill();
    return input;
  }

  #stop(what: string): void {
    this.#finished = true;
    this.#trouble ??= `zstd data ${what}, ${atByte(this.#input.offset)} of the compressed file`;
  }
}

const DICTIONARY_BYTES = [0, 1, 2, 4] as const;

const isSingleSegment = (descriptor: number): boolean => (descriptor & 0x20) !== 0;

/** Length of the frame header with its magic (RFC 8878 section 3.1.1.1). */
function frameHeaderBytes(descriptor: number): number {
  return (
    5 +
    (isSingleSegment(descriptor) ? 0 : 1) +
    (DICTIONARY_BYTES[descriptor & 3] as number) +
    contentSizeBytes(descriptor)
  );
}

function contentSizeBytes(descriptor: number): number {
  const flag = descriptor >> 6;
  return flag === 0 ? (isSingleSegment(descriptor) ? 1 : 0) : 1 << flag;
}

function windowBytes(view: DataView, start: number, descriptor: number): number {
  if (!isSingleSegment(descriptor)) {
    const value = view.getUint8(start + 5);
    const base = 2 ** (10 + (value >> 3));
    return base + (base / 8) * (value & 7);
  }
  const at = start + 5 + (DICTIONARY_BYTES[descriptor & 3] as number);
  const length = contentSizeBytes(descriptor);
  if (length === 1) return view.getUint8(at);
  if (length === 2) return view.getUint16(at, true) + 256;
  if (length === 4) return view.getUint32(at, true);
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}
