import type { Container, Located } from '../../../model/workload.ts';
import { flagOf } from './providers.ts';

/** How many threads or processes of a program want to compute at once, and what says so. */
export interface Parallel {
  count: number;
  setting: string;
  said: Located<string>;
  /** The variable that holds it, null where it is a word of the command. */
  variable: string | null;
}

const VARIABLES: readonly RegExp[] = [
  // Each is a number of threads or processes that compute.
  /^GOMAXPROCS$/,
  /^WEB_CONCURRENCY$/,
  /^OMP_NUM_THREADS$/,
  /^TOKIO_WORKER_THREADS$/,
];
const IN_OPTIONS = /-XX:ActiveProcessorCount=(\d+)/;
const FLAGS = ['--workers', '-w', '--processes'];
const COMMANDS = /(?:^|\/)(?:gunicorn|uvicorn|hypercorn|puma|uwsgi)$/;

export function parallelOf(container: Container): Parallel | null {
  for (const { name, value } of container.environment) {
    if (VARIABLES.some((known) => known.test(name)) && /^\d+$/.test(value.value)) {
      return { count: Number(value.value), setting: name, said: value, variable: name };
    }
    const option = IN_OPTIONS.exec(value.value);
    if (option !== null) {
      return { count: Number(option[1]), setting: '-XX:ActiveProcessorCount', said: value, variable: name };
    }
  }
  for (const word of container.words) {
    const option = IN_OPTIONS.exec(word.value);
    if (option !== null) {
      return { count: Number(option[1]), setting: '-XX:ActiveProcessorCount', said: word, variable: null };
    }
  }
  if (!container.words.some(({ value }) => COMMANDS.test(value))) return null;
  for (const flag of FLAGS) {
    const said = flagOf(container, flag);
    if (said !== null && /^\d+$/.test(said.value))
      return { count: Number(said.value), setting: flag, said, variable: null };
  }
  return null;
}
