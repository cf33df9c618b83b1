import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { linkRecorded } from '../bench/tracing/recorded.ts';
import { wholeTraces, wilson, type TrueCall } from '../bench/tracing/score.ts';

/*
 * The causality engine on calls of three applications whose traces say who called for whom. A trace
 * counts when, at every service with one caller, each received call has exactly its own calls as
 * children: TraceWeaver's end-to-end measure (SIGCOMM'24).
 */

const FOLDER = join(import.meta.dirname, 'corpora/traces');

const readCalls = (name: string): TrueCall[] =>
  gunzipSync(readFileSync(join(FOLDER, `${name}.ndjson.gz`)))
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as TrueCall);

describe.each([
  // What 300 traces teach, less three standard errors of so many.
  ['hotel', 0.94],
  ['media', 0.9],
  ['node', 0.99],
])('calls of %s', (name, least) => {
  const calls = readCalls(name);
  const answers = linkRecorded(calls);

  it('are linked to what they were made for', () => {
    expect(wholeTraces(calls, answers)).toBeGreaterThanOrEqual(least);
  });

  it('are called certain where they are', () => {
    const parents = new Map(calls.map(({ id, parent }) => [id, parent]));
    const certain = answers.filter(({ confidence }) => confidence === 'certain');
    const right = certain.filter(({ id, parent }) => parents.get(id) === parent);
    expect(certain.length).toBeGreaterThan(calls.length / 2);
    expect(right.length / certain.length).toBeGreaterThanOrEqual(0.99);
  });

  it('are linked alike in whatever order they come', () => {
    const shuffled = linkRecorded(calls.toReversed());
    const parents = new Map(shuffled.map(({ id, parent }) => [id, parent]));
    expect(answers.filter(({ id, parent }) => parents.get(id) !== parent)).toEqual([]);
  });
});

it('has its licence beside it', () => {
  expect(existsSync(join(FOLDER, 'LICENSE.md'))).toBe(true);
});

it("are scored with Wilson's interval", () => {
  // Newcombe 1998, table I: 81 of 263.
  const [low, high] = wilson(81 / 263, 263);
  expect(low).toBeCloseTo(0.2553, 4);
  expect(high).toBeCloseTo(0.3662, 4);
});
