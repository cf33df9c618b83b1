import { TextDecoder } from 'node:util';
import { WindowSource } from './window-source.ts';
import type { ByteWindow } from './byte-window.ts';

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** Cuts a window into lines of bounded length. */
export class LineReader {
  /** Lines that were longer than the bound; they are passed over. */
  overlong = 0;
  readonly #window: ByteWindow;
  readonly #mostBytes: number;
  /** Where the search for the line's end goes on, from the line's start. */
  #searched = 0;
  #passingOver = false;

  constructor(window: ByteWindow, mostBytes: number) {
    this.#window = window;
    this.#mostBytes = mostBytes;
  }

  /** The next line without its end; null where the window holds no whole one (`ended`: none at all). */
  next(): string | null {
    const window = this.#window;
    for (;;) {
      const from = window.start + this.#searched;
      const found = from < window.end ? window.bytes.indexOf(LINE_FEED, from) : -1;
      // The buffer holds old bytes behind the end.
      const end = found < 0 || found >= window.end ? -1 : found;
      if (end < 0 && !window.ended) {
        this.#searched = window.length;
        if (window.length > this.#mostBytes) this.#passOver();
        return null;
      }
      const { start } = window;
      const lineEnd = end < 0 ? window.end : end;
      if (end < 0 && lineEnd === start) return null;
      window.start = end < 0 ? window.end : end + 1;
      this.#searched = 0;
      if (this.#passingOver) {
        this.#passingOver = false;
        continue;
      }
      if (lineEnd - start > this.#mostBytes) {
        this.overlong++;
        continue;
      }
      const stop = lineEnd > start && window.bytes[lineEnd - 1] === CARRIAGE_RETURN ? lineEnd - 1 : lineEnd;
      return decode(window.bytes, start, stop);
    }
  }

  #passOver(): void {
    if (!this.#passingOver) this.overlong++;
    this.#passingOver = true;
    this.#window.start = this.#window.end;
    this.#searched = 0;
  }
}

const decode = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');

/** Lines one after another, reading as they are asked for. */
export async function* readLines(window: ByteWindow, reader: LineReader): AsyncGenerator<string> {
  try {
    for (;;) {
      const line = reader.next();
      if (line !== null) yield line;
      else if (window.ended) return;
      // oxlint-disable-next-line no-await-in-loop -- one read after another
      else await window.fill();
    }
  } finally {
    window.source.close();
  }
}

/** UTF-16 as UTF-8: what PowerShell's `>` makes of a program's text. */
export class Utf16Source extends WindowSource {
  readonly #decoder: TextDecoder;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(window: ByteWindow, littleEndian: boolean) {
    super(window);
    this.#decoder = new TextDecoder(littleEndian ? 'utf-16le' : 'utf-16be');
  }

  async read(target: Uint8Array, start: number): Promise<number> {
    const { window } = this;
    while (this.#rest.length === 0) {
      // oxlint-disable-next-line no-await-in-loop -- one read after another
      if (window.length === 0) await window.fill();
      if (window.length === 0) return 0;
      this.#rest = Buffer.from(this.#decoder.decode(window.bytes.subarray(window.start, window.end), { stream: true }));
      window.start = window.end;
    }
    const count = Math.min(this.#rest.length, target.length - start);
    target.set(this.#rest.subarray(0, count), start);
    this.#rest = this.#rest.subarray(count);
    return count;
  }
}
