import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { UserError } from '../model/user-error.ts';
import { STANDARD_STREAM } from './input-paths.ts';
import type { Io } from './io.ts';
import { openInPlace, openWholeFile, type OpenFile } from './whole-file.ts';

/** Where an answer goes: standard output, or the file of `--output`. */
export interface Destination {
  isTerminal: boolean;
  columns: number | null;
  write(text: string): void;
  close(): void;
}

// Fewer, larger writes: what a pipe holds on Linux (pipe(7): 64 KiB).
const HELD_LENGTH = 1 << 16;

/**
 * Opens nothing yet: the file is made when there is something to write. But what can be known
 * to fail then fails now, before minutes of reading.
 * @param inputs that must not be written over
 */
export function openDestination(io: Io, path: string | undefined, inputs: readonly string[] = []): Destination {
  if (path === undefined || path === STANDARD_STREAM) {
    return holding(
      io.stdout.isTerminal,
      io.stdout.columns,
      (text) => io.stdout.write(text),
      () => {},
    );
  }
  checkWritable(path, inputs);
  // Of a capture that runs rows are read while they are written.
  const open = inputs.includes(STANDARD_STREAM) ? openInPlace : openWholeFile;
  let file: OpenFile | null = null;
  return holding(
    false,
    null,
    (text) => {
      file ??= openFile(path, open);
      file.write(text);
    },
    () => file?.close(),
  );
}

function holding(
  isTerminal: boolean,
  columns: number | null,
  write: (text: string) => void,
  end: () => void,
): Destination {
  let held = '';
  return {
    isTerminal,
    columns,
    write(text) {
      held += text;
      if (held.length < HELD_LENGTH) return;
      write(held);
      held = '';
    },
    close() {
      if (held !== '') write(held);
      held = '';
      end();
    },
  };
}

function checkWritable(path: string, inputs: readonly string[]): void {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory()) throw new UserError(`${path}: is a directory; name a file after --output`);
  for (const input of inputs) {
    const read = input === STANDARD_STREAM ? undefined : statSync(input, { throwIfNoEntry: false });
    if (there !== undefined && read?.isFile() && read.dev === there.dev && read.ino === there.ino) {
      throw new UserError(`${path}: is an input and would be written over; name another file after --output`);
    }
  }
  try {
    accessSync(there === undefined ? dirname(path) : path, constants.W_OK);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

function openFile(path: string, open: (path: string) => OpenFile): OpenFile {
  try {
    return open(path);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

function cannotWrite(path: string, error: unknown): UserError {
  const { code } = error as NodeJS.ErrnoException;
  const why =
    code === 'ENOENT'
      ? 'its directory is not there'
      : code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
        ? 'no permission to write it'
        : `cannot be written (${String(code)})`;
  return new UserError(`${path}: ${why}; name another file after --output`);
}
