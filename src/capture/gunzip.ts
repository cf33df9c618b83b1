import { createGunzip, type Gunzip } from 'node:zlib';
import type { ByteSource } from './byte-source.ts';
import type { ByteWindow } from './byte-window.ts';
import { atByte } from './notes.ts';

// Deflate reaches 1,032 : 1, so one slice gives at most 16.5 MB: a bomb is eaten slice by slice.
const SLICE_BYTES = 16 << 10;
// What was inflated into the buffer at hand is lost where the data turn bad: so much and no more.
const OUTPUT_BYTES = 64 << 10;

/** gzip (RFC 1952), any number of members one after another. What stands before damage is given. */
export class GunzipSource implements ByteSource {
  readonly #input: ByteWindow;
  readonly #gunzip: Gunzip;
  readonly #output: Uint8Array[] = [];
  #taken = 0;
  #finished = false;
  #trouble: string | null = null;

  constructor(input: ByteWindow) {
    this.#input = input;
    this.#gunzip = createGunzip({ chunkSize: OUTPUT_BYTES });
    // Flowing and emptied after each slice: an error would throw away what waits inside the stream.
    this.#gunzip.on('data', (chunk: Uint8Array) => this.#output.push(chunk));
    this.#gunzip.on('end', () => {
      this.#finished = true;
    });
    this.#gunzip.on('error', (error: NodeJS.ErrnoException) => {
      this.#finished = true;
      const what = error.code === 'Z_BUF_ERROR' ? 'gzip data ends too early' : 'gzip data is damaged';
      this.#trouble ??= `${what}, before or ${atByte(this.#input.offset)} of the compressed file`;
    });
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
    // oxlint-disable-next-line no-await-in-loop -- one slice may give no byte
    while (this.#output.length === 0 && !this.#finished) await this.#feed();
    let filled = start;
    for (let chunk = this.#output[0]; chunk !== undefined && filled < target.length; chunk = this.#output[0]) {
      const piece = chunk.subarray(this.#taken, this.#taken + target.length - filled);
      target.set(piece, filled);
      filled += piece.length;
      this.#taken += piece.length;
      if (this.#taken === chunk.length) {
        this.#output.shift();
        this.#taken = 0;
      }
    }
    if (filled === start) this.close();
    return filled - start;
  }

  async #feed(): Promise<void> {
    const input = this.#input;
    if (input.length === 0) await input.fill();
    if (input.length === 0) return this.#end();
    // A copy: the window is refilled while the thread that inflates may still read.
    const slice = input.bytes.slice(input.start, Math.min(input.end, input.start + SLICE_BYTES));
    input.start += slice.length;
    return new Promise((resolve) => {
      const settle = (): void => {
        this.#gunzip.off('close', settle);
        resolve();
      };
      this.#gunzip.once('close', settle);
      this.#gunzip.write(slice, settle);
    });
  }

  #end(): Promise<void> {
    return new Promise((resolve) => {
      this.#gunzip.once('close', () => {
        this.#finished = true;
        resolve();
      });
      this.#gunzip.end();
    });
  }

  close(): void {
    this.#finished = true;
    this.#gunzip.destroy();
    this.#input.source.close();
  }
}
