/**
 * The causality engine on recorded calls, and how fast it is:
 *
 *   npm run --silent bench:tracing -- --links CALLS.ndjson [--again]
 *   npm run --silent bench:tracing -- --requests 1000000
 *
 * CALLS.ndjson has one call a line: {id, caller, callee, operation, startedAt, endedAt, calleeStartedAt,
 * calleeEndedAt} in microseconds, caller null for calls from outside. Standard output gets one
 * {"id","parent","confidence","probability"} a call; standard error a summary, with how right it is
 * where the calls carry `trace` and `parent`, and with --again how fast a process is that has linked for a while.
 * --requests makes up so many: time and memory must be linear and flat.
 *
 * It is one file when it runs, as the program is: run module by module, with a name given to each function for the
 * lines of errors, the same code takes an eighth longer.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { linkMany } from './tracing/many.ts';
import { linkRecorded } from './tracing/recorded.ts';
import { wholeTraces, wilson, type TrueCall } from './tracing/score.ts';

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** CPU seconds of this process since then. */
function since(begun: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1e6;
}

// In a process that has just begun half of the time is V8's compiler's, which is done after some runs.
const RUNS_TO_COMPILE = 8;

/** CPU seconds that it takes once it is compiled: the median of as many runs as were needed for that. */
function compiledSeconds(link: () => unknown): number {
  for (let run = 0; run < RUNS_TO_COMPILE; run++) link();
  const runs = Array.from({ length: RUNS_TO_COMPILE }, () => {
    const begun = process.cpuUsage();
    link();
    return since(begun);
  });
  return runs.toSorted((a, b) => a - b)[RUNS_TO_COMPILE / 2] as number;
}

function links(path: string, again: boolean): void {
  const calls = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as TrueCall);
  const begun = process.cpuUsage();
  const answers = linkRecorded(calls);
  const seconds = since(begun);
  process.stdout.write(answers.map((answer) => `${JSON.stringify(answer)}\n`).join(''));
  const certain = answers.filter(({ confidence }) => confidence === 'certain');
  console.error(
    `${calls.length} calls in ${seconds.toFixed(2)} CPU-s: ${Math.round(calls.length / seconds)} calls/s; ${certain.length} links certain`,
  );
  if (again) {
    const compiled = compiledSeconds(() => linkRecorded(calls));
    console.error(
      `in a process that has linked for a while: ${compiled.toFixed(2)} CPU-s, ${Math.round(calls.length / compiled)} calls/s`,
    );
  }
  if (calls.some(({ parent }) => parent === undefined)) return;
  const traces = new Set(calls.map(({ trace }) => trace)).size;
  const whole = wholeTraces(calls, answers);
  const parents = new Map(calls.map(({ id, parent }) => [id, parent]));
  const right = certain.filter(({ id, parent }) => parents.get(id) === parent).length / certain.length;
  const interval = (share: number, of: number): string => wilson(share, of).map(percent).join(' to ');
  console.error(`${percent(whole)} of ${traces} traces entirely right (95 %: ${interval(whole, traces)})`);
  console.error(`${percent(right)} of the certain links right (95 %: ${interval(right, certain.length)})`);
}

function many(most: number): void {
  for (const requests of [most / 4, most / 2, most]) {
    const begun = process.cpuUsage();
    const right = linkMany(requests);
    const seconds = since(begun);
    const memory = Math.round(process.memoryUsage().rss / 2 ** 20);
    console.error(
      `${requests} requests, ${3 * requests} calls: ${seconds.toFixed(1)} CPU-s, ${Math.round((3 * requests) / seconds)} calls/s, ` +
        `${memory} MiB resident, ${percent(right / (2 * requests))} of links right`,
    );
  }
}

// V8 compiles as it does for the program.
const { setOptions } = createRequire(import.meta.url)('../scripts/compiled.cjs') as { setOptions: () => void };
setOptions();
const { values } = parseArgs({
  options: { links: { type: 'string' }, again: { type: 'boolean', default: false }, requests: { type: 'string' } },
});
if (values.links !== undefined) links(values.links, values.again);
else if (values.requests !== undefined) many(Number(values.requests));
else {
  console.error('usage: npm run --silent bench:tracing -- --links CALLS.ndjson [--again] | --requests 1000000');
  process.exitCode = 2;
}
