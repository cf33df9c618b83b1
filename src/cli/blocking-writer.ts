import { writeSync } from 'node:fs';
import { UserError } from '../model/user-error.ts';
import { ClosedOutput } from './io.ts';

// A reader that is slower than we are is asked again after so long: no busy loop, no noticeable wait.
const RETRY_AFTER_MS = 2;

/**
 * Writes to a file descriptor and waits where its reader is slow. Streams would queue without
 * bound here, because whoever writes rows does so from within the reading of packets.
 * @param name of the file, for errors
 */
export function createBlockingWriter(descriptor: number, name: string): (text: string) => void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  return (text) => {
    const bytes = Buffer.from(text);
    let offset = 0;
    while (offset < bytes.length) {
      try {
        offset += writeSync(descriptor, bytes, offset);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw writeError(error, name);
        Atomics.wait(pause, 0, 0, RETRY_AFTER_MS);
      }
    }
  };
}

/** What a failed write means to the user. */
function writeError(error: unknown, name: string): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EPIPE':
    // What Windows says of a closed pipe.
    case 'EOF':
      return new ClosedOutput();
    case 'ENOSPC':
    case 'EDQUOT':
      return new UserError(`${name}: no space is left to write to; free some or name another --output`);
    case 'EFBIG':
      return new UserError(`${name}: the file would be larger than allowed; name another --output`);
    default:
      return error;
  }
}
