import { fstatSync } from 'node:fs';
import { createBlockingWriter } from './blocking-writer.ts';
import type { Io, Output } from './io.ts';
import { run } from './run.ts';

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;

// Node makes its standard streams when they are first asked for, and takes longer for it than a small capture
// needs to be read: what is no character device is no terminal either, and is not asked.
const isTerminal = (descriptor: number, stream: () => { isTTY?: boolean }): boolean =>
  fstatSync(descriptor).isCharacterDevice() && stream().isTTY === true;

function outputOf(descriptor: number, stream: () => NodeJS.WriteStream, name: string): Output {
  const isOnTerminal = isTerminal(descriptor, stream);
  return {
    isTerminal: isOnTerminal,
    columns: isOnTerminal ? stream().columns : null,
    write: createBlockingWriter(descriptor, name),
  };
}

const io: Io = {
  get stdin() {
    return process.stdin;
  },
  get stdinIsTerminal() {
    return isTerminal(STDIN, () => process.stdin);
  },
  stdout: outputOf(STDOUT, () => process.stdout, 'standard output'),
  stderr: outputOf(STDERR, () => process.stderr, 'standard error'),
  get progressStream() {
    // What is written to standard error while nobody reads it is lost, and that is all.
    return process.stderr.on('error', () => {});
  },
  environment: process.env,
  now: () => performance.now(),
  today: () => new Date().toISOString().slice(0, 10),
  every(milliseconds, action) {
    const timer = setInterval(action, milliseconds);
    timer.unref();
    return () => clearInterval(timer);
  },
  onInterrupt(action) {
    process.on('SIGINT', action);
    return () => process.off('SIGINT', action);
  },
};

// No `await` at the top: the program is built as CommonJS, which loads faster.
void run(process.argv.slice(2), io).then((status) => {
  process.exitCode = status;
});
