import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { UserError } from '../model/user-error.ts';
import { openFileSource } from './byte-source.ts';
import { ByteWindow } from './byte-window.ts';
import { CHUNK_BYTES, MAX_KEY_LINE_BYTES, MAX_KEY_LOG_BYTES } from './limits.ts';
import { LineReader, readLines } from './lines.ts';

/** Takes one line; whether it holds a secret. */
type TakeLine = (line: string) => boolean;

/** A key log that may grow while a capture runs. */
export interface KeyLogFile {
  /** Reads what was added since: what a program has written of a handshake before its packets came here. */
  more(): void;
}

const LINE_FEED = 10;

/**
 * Reads TLS secrets as programs write them with SSLKEYLOGFILE, or from a pipe.
 * @param mayGrow a capture runs: nothing need stand in the file yet
 * @throws UserError where it cannot be read, or is something else
 */
export async function openKeyLog(path: string, mayGrow: boolean, take: TakeLine): Promise<KeyLogFile> {
  const source = await openFileSource(path);
  const isFile = source.bytesTotal !== null;
  const window = new ByteWindow(source);
  let secrets = 0;
  let bytes = 0;
  // Up to here whole lines were read.
  let offset = 0;
  for await (const line of readLines(window, new LineReader(window, MAX_KEY_LINE_BYTES))) {
    bytes = source.bytesRead;
    if (bytes > MAX_KEY_LOG_BYTES) throw new UserError(`${path}: is too large for a key log`);
    if (!take(line)) continue;
    secrets++;
    offset = window.offset;
  }
  if (secrets === 0 && !(mayGrow && bytes === 0)) {
    const what = bytes === 0 ? 'is empty' : 'is no TLS key log';
    // Whoever writes one appends to what stands there, be it a capture.
    const file = bytes === 0 ? path : 'client.keys';
    throw new UserError(`${path}: ${what}; let the client or server write one: SSLKEYLOGFILE=${file}`);
  }
  return { more: isFile ? () => (offset = readFrom(path, offset, take)) : () => {} };
}

/** @returns up to where whole lines were read */
function readFrom(path: string, offset: number, take: TakeLine): number {
  let descriptor = -1;
  try {
    descriptor = openSync(path, 'r');
    const size = Math.min(fstatSync(descriptor).size, MAX_KEY_LOG_BYTES);
    while (offset < size) {
      const chunk = Buffer.allocUnsafe(Math.min(size - offset, CHUNK_BYTES));
      const length = readSync(descriptor, chunk, 0, chunk.length, offset);
      const end = chunk.subarray(0, length).lastIndexOf(LINE_FEED) + 1;
      // The last line is still being written, or is too long to be one.
      if (end === 0) return length < CHUNK_BYTES ? offset : offset + length;
      for (const line of chunk.toString('latin1', 0, end).split('\n')) take(line);
      offset += end;
    }
  } catch {
    // It was readable before: what was learned stays.
  } finally {
    if (descriptor >= 0) closeSync(descriptor);
  }
  return offset;
}
