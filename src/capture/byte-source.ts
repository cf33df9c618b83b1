import { close, fstat, open, read, readSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CHUNK_BYTES } from './limits.ts';
import { UserError } from '../model/user-error.ts';

/** Where bytes come from: a file, a pipe, what a decompressor gives. */
export interface ByteSource {
  /** Reads into `target` from `start`; resolves with how many bytes came, 0 at the end. */
  read(target: Uint8Array, start: number): Promise<number>;
  /**
   * Takes a buffer in exchange for one in which what comes next stands already, so that it need not be
   * copied; resolves with null where there is none, and then `read` does.
   * @param from where those of its bytes begin that are still needed: they come along
   * @param to where they end
   */
  swap?(bytes: Uint8Array, from: number, to: number): Promise<Swapped | null>;
  close(): void;
  /** Bytes taken from the file or pipe itself. */
  readonly bytesRead: number;
  readonly bytesTotal: number | null;
  /** Why the bytes end before they should, in words; null where they end well. */
  readonly trouble: string | null;
}

export interface Swapped {
  readonly bytes: Uint8Array;
  /** Where what came along begins… */
  readonly start: number;
  /** …and where what came behind it ends. */
  readonly end: number;
  /** Bytes that came, 0 at the end. */
  readonly count: number;
}

// Half of what a reader has room for, so that it takes all at once and the next read begins; what is
// still needed of the bytes before finds room in the other half.
const AHEAD_BYTES = CHUNK_BYTES >> 1;

const openFile = promisify(open);
const statFile = promisify(fstat);
const readFile = promisify(read);
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied: read it with sudo, or chmod it',
  EPERM: 'permission denied: read it with sudo, or chmod it',
  ENOTDIR: 'no such file',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many open files',
};

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** Opens a file, a named pipe or a device. @throws UserError where it cannot be read */
export async function openFileSource(path: string): Promise<ByteSource> {
  if (path.includes('\0')) throw new UserError(`${JSON.stringify(path)}: no such file`);
  let descriptor: number;
  try {
    descriptor = await openFile(path, 'r');
  } catch (error) {
    throw new UserError(`${path}: ${REASONS[codeOf(error)] ?? `cannot be opened (${codeOf(error)})`}`);
  }
  const status = await statFile(descriptor);
  if (status.isDirectory()) {
    close(descriptor);
    throw new UserError(`${path}: is a directory: name the captures in it: ${join(path, '*')}`);
  }
  return new FileSource(path, descriptor, status.isFile() ? status.size : null);
}

class FileSource implements ByteSource {
  bytesRead = 0;
  readonly bytesTotal: number | null;
  trouble: string | null = null;
  readonly #path: string;
  #descriptor: number;
  /** What comes next is read by another thread while this one works. */
  #ahead: ReadAhead | null = null;

  constructor(path: string, descriptor: number, size: number | null) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.bytesTotal = size;
  }

  async read(target: Uint8Array, start: number): Promise<number> {
    if (this.#descriptor < 0) return 0;
    return (await this.#heeded(this.#read(target, start))) ?? 0;
  }

  async swap(bytes: Uint8Array, from: number, to: number): Promise<Swapped | null> {
    const ahead = this.#ahead;
    if (this.#descriptor < 0 || ahead === null || !ahead.canSwap(bytes, to - from)) return null;
    let swapped: Swapped | null = null;
    await this.#heeded(ahead.swap(bytes, from, to).then((done) => (swapped = done).count));
    return swapped;
  }

  /** Counts what comes, and takes note where none does any more. @returns null where reading failed */
  async #heeded(reading: Promise<number>): Promise<number | null> {
    let count: number | null;
    try {
      count = await reading;
    } catch (error) {
      // Nothing read yet: there is nothing to report on. Later, what came before still stands.
      if (this.bytesRead === 0) {
        this.close();
        throw new UserError(`${this.#path}: ${REASONS[codeOf(error)] ?? `cannot be read (${codeOf(error)})`}`);
      }
      this.trouble = `reading failed (${codeOf(error)})`;
      count = null;
    }
    this.bytesRead += count ?? 0;
    if (count === null || count === 0) this.close();
    return count;
  }

  async #read(target: Uint8Array, start: number): Promise<number> {
    const length = target.length - start;
    if (this.bytesTotal === null) return (await readFile(this.#descriptor, target, start, length, null)).bytesRead;
    if (this.#ahead !== null) return this.#ahead.take(target, start);
    // From a small file the synchronous call is cheapest; the turn lets signals and timers through.
    const count = readSync(this.#descriptor, target, start, length, null);
    await nextTurn();
    if (count === length) this.#ahead = new ReadAhead(this.#descriptor);
    return count;
  }

  close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    if (descriptor < 0) return;
    if (this.#ahead === null) close(descriptor);
    else this.#ahead.close();
  }
}

/** Reads the next chunk of a plain file before it is asked for: as if reading took no time. */
class ReadAhead {
  readonly #descriptor: number;
  /** The chunk stands at its end: see {@link AHEAD_BYTES}. */
  #buffer: Uint8Array = new Uint8Array(CHUNK_BYTES);
  #pending: Promise<{ bytesRead: number }>;
  #taken = 0;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    this.#pending = this.#read();
  }

  /** @returns how many bytes came, 0 at the end */
  async take(target: Uint8Array, start: number): Promise<number> {
    const { bytesRead } = await this.#pending;
    const count = Math.min(bytesRead - this.#taken, target.length - start);
    const from = AHEAD_BYTES + this.#taken;
    target.set(this.#buffer.subarray(from, from + count), start);
    this.#taken += count;
    if (bytesRead > 0 && this.#taken === bytesRead) this.#pending = this.#read();
    return count;
  }

  /** @param kept so many of its bytes are still needed */
  canSwap({ length }: Uint8Array, kept: number): boolean {
    return this.#taken === 0 && length === CHUNK_BYTES && kept <= AHEAD_BYTES;
  }

  async swap(bytes: Uint8Array, from: number, to: number): Promise<Swapped> {
    const { bytesRead: count } = await this.#pending;
    const buffer = this.#buffer;
    const start = AHEAD_BYTES - (to - from);
    buffer.set(bytes.subarray(from, to), start);
    this.#buffer = bytes;
    if (count > 0) this.#pending = this.#read();
    return { bytes: buffer, start, end: AHEAD_BYTES + count, count };
  }

  /** After what is on its way, which may fail unheard. */
  close(): void {
    const closed = (): void => close(this.#descriptor);
    this.#pending.then(closed, closed);
  }

  #read(): Promise<{ bytesRead: number }> {
    this.#taken = 0;
    const pending = readFile(this.#descriptor, this.#buffer, AHEAD_BYTES, AHEAD_BYTES, null);
    // A failure is told to who takes; until somebody does, it is nobody's.
    pending.catch(() => {});
    return pending;
  }
}

/** Bytes of a stream or of any iterable of chunks: standard input, a child's output, a test. */
export class ChunkSource implements ByteSource {
  bytesRead = 0;
  readonly bytesTotal = null;
  trouble: string | null = null;
  readonly #chunks: AsyncIterator<unknown>;
  #rest: Uint8Array = new Uint8Array(0);
  #ended = false;

  constructor(chunks: AsyncIterable<unknown>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async read(target: Uint8Array, start: number): Promise<number> {
    while (this.#rest.length === 0) {
      if (this.#ended) return 0;
      // oxlint-disable-next-line no-await-in-loop -- an empty chunk is no end
      await this.#pull();
    }
    const count = Math.min(this.#rest.length, target.length - start);
    target.set(this.#rest.subarray(0, count), start);
    this.#rest = this.#rest.subarray(count);
    this.bytesRead += count;
    return count;
  }

  async #pull(): Promise<void> {
    try {
      const { value, done } = await this.#chunks.next();
      if (done === true) this.#ended = true;
      else this.#rest = typeof value === 'string' ? Buffer.from(value) : (value as Uint8Array);
    } catch (error) {
      this.#ended = true;
      this.trouble = `reading failed (${codeOf(error) || 'the stream broke off'})`;
    }
  }

  close(): void {
    this.#ended = true;
    this.#rest = new Uint8Array(0);
    void this.#chunks.return?.();
  }
}
