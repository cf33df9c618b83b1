import { expect, it } from 'vitest';
import { milliseconds } from '../base/time.ts';
import { createRecorder, SYN, ACK } from './testing/segments.ts';

/** Questions and answers of one byte in turn; some answers are not in the capture. */
function inTurn(count: number, missing: readonly number[]): string[] {
  const recorder = createRecorder();
  recorder.push({ sequence: 0, flags: SYN });
  recorder.push({ from: 'server', sequence: 0, acknowledgment: 1, flags: SYN | ACK });
  for (let index = 1; index <= count; index++) {
    recorder.push({ sequence: index, acknowledgment: index, data: `${index}` });
    if (!missing.includes(index)) {
      recorder.push({ from: 'server', sequence: index, acknowledgment: index + 1, data: 'abcdefgh'[index - 1] ?? '' });
    }
  }
  const last = { sequence: count + 1, acknowledgment: count + 1, flags: ACK };
  recorder.push({ ...last, time: milliseconds(50) });
  recorder.push({ ...last, time: milliseconds(100) });
  return recorder.log;
}

it.each([
  [[1], ['c:1', 's gap', 'c:2', 's:b', 'c:3', 's:c', 'c:4', 's:d', 'c:5', 's:e']],
  [
    [1, 3],
    ['c:1', 's gap', 'c:2', 's:b', 'c:3', 's gap', 'c:4', 's:d', 'c:5', 's:e'],
  ],
  [
    [1, 2, 4],
    ['c:1', 's gap', 'c:23', 's:c', 'c:4', 's gap', 'c:5', 's:e'],
  ],
])('holes of one side stand behind what the other side had sent before them: %j', (missing, log) => {
  expect(inTurn(5, missing)).toEqual(log);
});

it('is told where the first answer is missing, and what opened the connection for its side', () => {
  const recorder = createRecorder();
  recorder.push({ sequence: 0, flags: SYN });
  recorder.push({ sequence: 1, acknowledgment: 101, flags: ACK });
  recorder.push({ sequence: 1, acknowledgment: 101, data: 'one?' });
  recorder.push({ from: 'server', sequence: 101, acknowledgment: 5, flags: ACK });
  recorder.push({ sequence: 5, acknowledgment: 103, data: 'two?' });
  recorder.push({ from: 'server', sequence: 103, acknowledgment: 9, data: '2!' });
  recorder.push({ sequence: 9, acknowledgment: 105, flags: ACK, time: milliseconds(50) });
  recorder.streams.finish();
  expect(recorder.log.slice(0, 4)).toEqual(['c:one?', 's gap', 'c:two?', 's:2!']);
});

it.each<[string, number, string[]]>([
  ['beyond where its side said to stand', 103, ['c:one?', 's gap', 'c:two?', 's:2!']],
  ['nowhere, of a keepalive that stands one below', 102, ['c:one?two?', 's:2!']],
])('is told where the first answer is missing, and the connection was open before: %s', (_, next, log) => {
  const recorder = createRecorder();
  recorder.push({ sequence: 1, acknowledgment: 101, flags: ACK });
  recorder.push({ from: 'server', sequence: 101, acknowledgment: 1, flags: ACK });
  recorder.push({ sequence: 1, acknowledgment: 101, data: 'one?' });
  recorder.push({ sequence: 5, acknowledgment: next, data: 'two?' });
  recorder.push({ from: 'server', sequence: next, acknowledgment: 9, data: '2!' });
  recorder.push({ sequence: 9, acknowledgment: next + 2, flags: ACK, time: milliseconds(50) });
  recorder.streams.finish();
  expect(recorder.log.slice(0, log.length)).toEqual(log);
});

it.each<[string, number[], number, number]>([
  ['that the other side has, and nobody saw', [2, 4], milliseconds(10), 2],
  ['of another queue, that come a little behind their acknowledgment', [], 0, 0],
])('segments %s are counted', (_, missing, rest, count) => {
  const recorder = createRecorder();
  recorder.push({ sequence: 0, flags: SYN });
  recorder.push({ from: 'server', sequence: 0, acknowledgment: 1, flags: SYN | ACK });
  for (let index = 1; index <= 5; index++) {
    recorder.push({ sequence: index, acknowledgment: 2 * index - 1, data: 'q' });
    const answer = { from: 'server', sequence: 2 * index - 1, acknowledgment: index + 1, data: 'aa' } as const;
    const acknowledgment = { sequence: index + 1, acknowledgment: 2 * index + 1, flags: ACK };
    if (rest > 0 && !missing.includes(index)) recorder.push(answer);
    recorder.push(acknowledgment);
    if (rest === 0) recorder.push({ ...answer, time: milliseconds(0.1) });
  }
  recorder.streams.finish();
  expect(recorder.streams.counters.unseen[0] ?? 0).toBe(count);
});
