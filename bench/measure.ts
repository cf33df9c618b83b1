/** Runs a program and says what it took: wall by this process's clock, CPU and memory by the system's. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Measurement {
  wallSeconds: number;
  /** User and system time of the program and its threads and children. */
  cpuSeconds: number;
  /** Largest resident set in bytes; NaN where GNU time is missing. */
  peakBytes: number;
}

const GNU_TIME = '/usr/bin/time';
/** Output is read and thrown away; a program that says more than this is not one that we measure. */
const OUTPUT_BYTES = 256 << 20;

/** True where the program can be found on the PATH. */
export function installed(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

const hasGnuTime = (): boolean =>
  existsSync(GNU_TIME) && spawnSync(GNU_TIME, ['-f', '%M', 'true'], { stdio: 'ignore' }).status === 0;

/** `times` of a POSIX shell: the second line holds user and system time of its children, as `0m1.25s 0m0.10s`. */
function shellSeconds(text: string): number {
  const parts = [...(text.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  return parts.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}

// Node reads these certificates before any program begins, 50 ms for a system's usual ones. None of those measured uses them.
const environment = { ...process.env, NODE_EXTRA_CA_CERTS: undefined };

/**
 * Runs `command` once. Throws with what it said when it ends with a status that is not in `allowed`
 * (kubelag itself ends with 1 where it found something).
 */
export function measure(command: readonly string[], allowed: readonly number[] = [0]): Measurement {
  const folder = mkdtempSync(join(tmpdir(), 'kubelag-bench-'));
  const figures = join(folder, 'figures');
  const gnu = hasGnuTime();
  // Arguments go through as positions, so nothing in a path is read as shell text.
  const wrapped = gnu
    ? [GNU_TIME, '-q', '-f', '%U %S %M', '-o', figures, ...command]
    : ['sh', '-c', 'to=$1; shift; "$@"; status=$?; times >"$to"; exit $status', 'sh', figures, ...command];
  const [program = '', ...rest] = wrapped;
  try {
    const start = process.hrtime.bigint();
    const run = spawnSync(program, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: OUTPUT_BYTES,
      env: environment,
    });
    const wallSeconds = Number(process.hrtime.bigint() - start) / 1e9;
    if (run.error !== undefined) throw run.error;
    if (run.status === null || !allowed.includes(run.status)) {
      throw new Error(
        `${command.join(' ')} ended with ${run.status ?? run.signal}: ${run.stderr.toString().slice(-500)}`,
      );
    }
    const text = readFileSync(figures, 'utf8');
    if (!gnu) return { wallSeconds, cpuSeconds: shellSeconds(text), peakBytes: Number.NaN };
    const [user = Number.NaN, system = Number.NaN, kilobytes = Number.NaN] = text.trim().split(/\s+/).map(Number);
    return { wallSeconds, cpuSeconds: user + system, peakBytes: kilobytes * 1024 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The middle value; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export const medianOf = (runs: readonly Measurement[]): Measurement => ({
  wallSeconds: median(runs.map((run) => run.wallSeconds)),
  cpuSeconds: median(runs.map((run) => run.cpuSeconds)),
  peakBytes: median(runs.map((run) => run.peakBytes)),
});
