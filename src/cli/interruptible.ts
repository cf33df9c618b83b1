import { PassThrough } from 'node:stream';
import type { Io } from './io.ts';

/** Ctrl-C for the second time: the user does not want the answer either. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

// Ctrl-C reaches tcpdump too, which then writes what it still holds and ends the pipe. What was
// not attached to the terminal goes on, so we end the reading ourselves.
const GRACE_MS = 500;

export interface InterruptibleInput {
  stream: NodeJS.ReadableStream;
  dispose(): void;
}

/**
 * Standard input that Ctrl-C ends as if the pipe had ended there, so that a capture that runs
 * still gets its answer. A second Ctrl-C gives up.
 */
export function interruptibleInput(io: Io): InterruptibleInput {
  const through = new PassThrough();
  let interrupts = 0;
  let timer: NodeJS.Timeout | undefined;
  const stop = io.onInterrupt(() => {
    interrupts++;
    if (interrupts > 1) {
      through.destroy(new Interrupted());
      return;
    }
    timer = setTimeout(() => {
      io.stdin.unpipe(through);
      through.end();
    }, GRACE_MS);
  });
  const fail = (error: Error): void => void through.destroy(error);
  io.stdin.on('error', fail);
  io.stdin.pipe(through);
  return {
    stream: through,
    dispose() {
      clearTimeout(timer);
      stop();
      io.stdin.unpipe(through);
      io.stdin.off('error', fail);
      // An open pipe would keep the process alive.
      if ('destroy' in io.stdin && typeof io.stdin.destroy === 'function') io.stdin.destroy();
      through.destroy();
    },
  };
}
