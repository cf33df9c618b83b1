/**
 * The causality engine on recorded calls, and how fast it is:
 *
 *   npm run --silent bench:tracing -- --links CALLS.ndjson
 *
 * CALLS.ndjson has one call a line: {id, caller, callee, operation, startedAt, endedAt, calleeStartedAt,
 * calleeEndedAt} in microseconds, caller null for calls from outside. Standard output gets one
 * {"id","parent","confidence","probability"} a call; standard error a summary.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { linkRecorded, type RecordedCall } from './tracing/recorded.ts';

const { values } = parseArgs({ options: { links: { type: 'string' } } });
if (values.links === undefined) {
  console.error('usage: npm run --silent bench:tracing -- --links CALLS.ndjson');
  process.exit(2);
}
const calls = readFileSync(values.links, 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => JSON.parse(line) as RecordedCall);
const begun = process.cpuUsage();
const answers = linkRecorded(calls);
const { user, system } = process.cpuUsage(begun);
const seconds = (user + system) / 1e6;
process.stdout.write(answers.map((answer) => `${JSON.stringify(answer)}\n`).join(''));
const certain = answers.filter(({ confidence }) => confidence === 'certain').length;
console.error(
  `${calls.length} calls in ${seconds.toFixed(2)} CPU-s: ${Math.round(calls.length / seconds)} calls/s; ${certain} links certain`,
);
