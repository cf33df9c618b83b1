import { createRequire } from 'node:module';
import type { AnalyzeOptions } from '../analyze.ts';
import { formatCount, formatDuration, plural, printable } from '../base/text.ts';
import { fromSeconds } from '../base/time.ts';
import type { Diagnosis } from '../model/diagnosis.ts';
import type { Io } from './io.ts';

// What is answered sooner needs no bar, and a bar that flashes up is a disturbance.
const SHOW_AFTER_MS = 1000;
// Often enough to see that it lives; each interim answer asks all rules again.
const INTERIM_EVERY_MS = 3000;

type Done = Parameters<NonNullable<AnalyzeOptions['onProgress']>>[0];

export interface Progress {
  onProgress(done: Done): void;
  onInterim(diagnosis: () => Diagnosis): void;
  /** Clears what was drawn. */
  stop(): void;
}

/**
 * Shows on standard error how far the reading is: a bar where the end is known, else now and
 * then one line of what was found so far.
 */
export function createProgress(io: Io, wanted: boolean): Progress {
  if (!wanted || !io.stderr.isTerminal) return { onProgress() {}, onInterim() {}, stop() {} };
  const startedAt = io.now();
  let done: Done = { bytesRead: 0, bytesTotal: null, packets: 0 };
  let bar: Bar | null = null;
  let answer: (() => Diagnosis) | null = null;
  let saidAt = startedAt;
  let said = false;

  const sayInterim = (): void => {
    if (bar !== null || io.now() - saidAt < INTERIM_EVERY_MS || done.packets === 0) return;
    saidAt = io.now();
    said = true;
    const line = interimLine(done.packets, answer === null ? null : answer());
    const room = (io.stderr.columns ?? 80) - 1;
    io.stderr.write(`\r${[...line].slice(0, room).join('')}${CLEAR_TO_END}`);
  };
  // A capture that nobody adds to for a while makes no progress, but has its answer.
  const stopTimer = io.every(INTERIM_EVERY_MS, sayInterim);

  return {
    onProgress(now) {
      done = now;
      if (now.bytesTotal === null) sayInterim();
      else if (bar !== null) bar.update(now.bytesRead, labels(now));
      else if (io.now() - startedAt >= SHOW_AFTER_MS) {
        bar = createBar(io);
        bar.start(now.bytesTotal, now.bytesRead, labels(now));
      }
    },
    onInterim(diagnosis) {
      answer = diagnosis;
      sayInterim();
    },
    stop() {
      stopTimer();
      bar?.stop();
      if (said) io.stderr.write(`\r${CLEAR_TO_END}`);
    },
  };
}

// ECMA-48 EL: erase to the end of the line. Ours, on our own terminal.
const CLEAR_TO_END = '\u001b[K';

const labels = (done: Done): object => ({ packets: formatCount(done.packets) });

/** `12,031 packets, 310 lookups, slowest 5.01 s: …` */
export function interimLine(packets: number, diagnosis: Diagnosis | null): string {
  const parts = [plural(packets, 'packet')];
  if (diagnosis !== null && diagnosis.exchanges.calls > 0) {
    const slowest = fromSeconds(diagnosis.exchanges.latency.maxSeconds);
    parts.push(plural(diagnosis.exchanges.calls, 'request'), `slowest ${formatDuration(slowest)}`);
  }
  if (diagnosis !== null && diagnosis.lookups.count > 0) {
    const slowest = fromSeconds(diagnosis.lookups.latency.maxSeconds);
    parts.push(plural(diagnosis.lookups.count, 'lookup'), `slowest ${formatDuration(slowest)}`);
  }
  const found = diagnosis?.verdict.status === 'found' ? `: ${printable(diagnosis.verdict.says)}` : '';
  return `${parts.join(', ')}${found}`;
}

interface Bar {
  start(total: number, value: number, payload: object): void;
  update(value: number, payload: object): void;
  stop(): void;
}

/** Loaded late and at once: most captures are read before a bar would be shown. */
function createBar(io: Io): Bar {
  const require = createRequire(import.meta.url);
  const { SingleBar } = require('cli-progress') as typeof import('cli-progress');
  return new SingleBar({
    stream: io.progressStream as NodeJS.WriteStream,
    format: '{bar} {percentage} %  {packets} packets  {eta_formatted} left',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    clearOnComplete: true,
    // Ctrl-C must end the program at once, and leave the terminal as it was.
    hideCursor: false,
    linewrap: true,
    gracefulExit: false,
  });
}
