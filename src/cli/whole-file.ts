import {
  chmodSync,
  closeSync,
  lstatSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  type Stats,
} from 'node:fs';
import { createBlockingWriter } from './blocking-writer.ts';

export interface OpenFile {
  write(text: string): void;
  close(): void;
}

/**
 * A file that takes its name when it is whole: until then, and where writing fails, what stood there before stays.
 * @param path that can be written, or made
 */
export function openWholeFile(path: string): OpenFile {
  const there = statSync(path, { throwIfNoEntry: false });
  // A link goes on to lead to the same file.
  const target = there === undefined ? path : realpathSync(path);
  const beside = `${target}.kubelag-${process.pid}`;
  const leadsNowhere = there === undefined && lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  const descriptor = isReplaceable(there) && !leadsNowhere ? openBeside(beside) : null;
  if (descriptor === null) return openInPlace(path);
  const discard = (): void => rmSync(beside, { force: true });
  process.once('exit', discard);
  const write = createBlockingWriter(descriptor, path);
  return {
    write,
    close() {
      closeSync(descriptor);
      if (there !== undefined) chmodSync(beside, there.mode & 0o7777);
      renameSync(beside, target);
      process.off('exit', discard);
    },
  };
}

/** What grows as it is written: for whoever reads along. */
export function openInPlace(path: string): OpenFile {
  const descriptor = openSync(path, 'w');
  return { write: createBlockingWriter(descriptor, path), close: () => closeSync(descriptor) };
}

/** No device or pipe, no file of several names, and nobody else's: another in its place would not be the same. */
const isReplaceable = (there: Stats | undefined): boolean =>
  there === undefined || (there.isFile() && there.nlink === 1 && there.uid === (process.getuid?.() ?? there.uid));

/** @returns null where its directory takes no new files */
function openBeside(path: string): number | null {
  try {
    return openSync(path, 'wx');
  } catch {
    return null;
  }
}
