import { createBlockingWriter } from './blocking-writer.ts';
import type { Io, Output } from './io.ts';
import { run } from './run.ts';

const STDOUT = 1;
const STDERR = 2;

const outputOf = (descriptor: number, stream: NodeJS.WriteStream, name: string): Output => ({
  isTerminal: stream.isTTY === true,
  columns: stream.isTTY ? stream.columns : null,
  write: createBlockingWriter(descriptor, name),
});

// What is written to standard error while nobody reads it is lost, and that is all.
process.stderr.on('error', () => {});

const io: Io = {
  stdin: process.stdin,
  stdinIsTerminal: process.stdin.isTTY === true,
  stdout: outputOf(STDOUT, process.stdout, 'standard output'),
  stderr: outputOf(STDERR, process.stderr, 'standard error'),
  progressStream: process.stderr,
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
