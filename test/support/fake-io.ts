import { PassThrough, Readable } from 'node:stream';
import type { Io } from '../../src/cli/io.ts';

export interface FakeIo extends Io {
  out: string;
  err: string;
  /** Presses Ctrl-C. */
  interrupt(): void;
  /** Moves the clock, and runs what is due. */
  pass(milliseconds: number): void;
}

export interface FakeIoOptions {
  stdin?: string | Readable;
  stdinIsTerminal?: boolean;
  stdoutIsTerminal?: boolean;
  stderrIsTerminal?: boolean;
  environment?: Record<string, string>;
  write?: (text: string) => void;
}

/** A process's surroundings that a test can look at. Nothing is a terminal unless it says so. */
export function fakeIo(options: FakeIoOptions = {}): FakeIo {
  const timers = new Set<{ every: number; due: number; action: () => void }>();
  const interrupts = new Set<() => void>();
  let time = 0;
  const io: FakeIo = {
    out: '',
    err: '',
    stdin:
      typeof options.stdin === 'object'
        ? options.stdin
        : Readable.from(options.stdin === undefined ? [] : [options.stdin]),
    stdinIsTerminal: options.stdinIsTerminal ?? options.stdin === undefined,
    stdout: {
      isTerminal: options.stdoutIsTerminal ?? false,
      columns: options.stdoutIsTerminal === true ? 100 : null,
      write:
        options.write ??
        ((text) => {
          io.out += text;
        }),
    },
    stderr: {
      isTerminal: options.stderrIsTerminal ?? false,
      columns: options.stderrIsTerminal === true ? 60 : null,
      write(text) {
        io.err += text;
      },
    },
    progressStream: Object.assign(new PassThrough(), { isTTY: options.stderrIsTerminal ?? false, columns: 60 }),
    environment: options.environment ?? {},
    now: () => time,
    today: () => '2026-11-25',
    every(milliseconds, action) {
      const timer = { every: milliseconds, due: time + milliseconds, action };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    onInterrupt(action) {
      interrupts.add(action);
      return () => void interrupts.delete(action);
    },
    interrupt() {
      if (interrupts.size === 0) throw new Error('nobody listens: this would end the process');
      for (const action of interrupts) action();
    },
    pass(milliseconds) {
      time += milliseconds;
      for (const timer of timers) {
        if (timer.due > time) continue;
        timer.due = time + timer.every;
        timer.action();
      }
    },
  };
  return io;
}
