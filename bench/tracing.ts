/**
 * The causality engine on recorded calls, and how fast it is:
 *
 *   npm run --silent bench:tracing -- --links CALLS.ndjson
 *   npm run --silent bench:tracing -- --requests 1000000
 *
 * CALLS.ndjson has one call a line: {id, caller, callee, operation, startedAt, endedAt, calleeStartedAt,
 * calleeEndedAt} in microseconds, caller null for calls from outside. Standard output gets one
 * {"id","parent","confidence","probability"} a call; standard error a summary, with how right it is
 * where the calls carry `trace` and `parent`. --requests makes up so many: time and memory must be linear and flat.
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

function links(path: string): void {
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
const { values } = parseArgs({ options: { links: { type: 'string' }, requests: { type: 'string' } } });
if (values.links !== undefined) links(values.links);
else if (values.requests !== undefined) many(Number(values.requests));
else {
  console.error('usage: npm run --silent bench:tracing -- --links CALLS.ndjson | --requests 1000000');
  process.exitCode = 2;
}
