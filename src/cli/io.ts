/**
 * All that a command touches of the world outside, so that tests can stand in for it. Only
 * main.ts makes one of the real process.
 */
export interface Io {
  stdin: NodeJS.ReadableStream;
  stdinIsTerminal: boolean;
  stdout: Output;
  stderr: Output;
  /** Where a progress bar may draw: standard error as a stream. */
  progressStream: NodeJS.WritableStream;
  environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  /** The day in UTC: `2026-11-25`. */
  today(): string;
  /** Calls `action` every so many milliseconds until the returned function is called. */
  every(milliseconds: number, action: () => void): () => void;
  /** Calls `action` at each Ctrl-C, in place of ending the process, until the returned function is called. */
  onInterrupt(action: () => void): () => void;
}

export interface Output {
  isTerminal: boolean;
  /** Characters in a line of the terminal; null where it is none. */
  columns: number | null;
  /**
   * Returns when all is taken, so that nothing queues up in memory.
   * @throws ClosedOutput where nobody reads any more
   */
  write(text: string): void;
}

/** The reader of our output went away (`| head`): no error, and nothing left to do. */
export class ClosedOutput extends Error {
  override readonly name = 'ClosedOutput';
}
