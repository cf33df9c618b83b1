import { describe, expect, it } from 'vitest';
import { ACK, createRecorder, FIN, SYN } from './testing/segments.ts';

const ISN = 1000;
const ANSWER = 9000;

describe('a hole', () => {
  it('does not move the end behind it to where it was found', () => {
    const ends: [boolean, number][] = [];
    const recorder = createRecorder({
      onEnd({ fromClient }, { number }) {
        ends.push([fromClient, number]);
        recorder.log.push(fromClient ? 'c end' : 's end');
      },
    });
    recorder.push({ sequence: ISN, flags: SYN });
    recorder.push({ from: 'server', sequence: ANSWER, acknowledgment: ISN + 1, flags: SYN | ACK });
    recorder.push({ sequence: ISN + 1, acknowledgment: ANSWER + 1, flags: ACK });
    // "lost" is missing; the answer comes before the client's end, all before the hole is given up.
    recorder.push({ sequence: ISN + 5, acknowledgment: ANSWER + 1, data: 'query' });
    recorder.push({ from: 'server', sequence: ANSWER + 1, acknowledgment: ISN + 10 });
    recorder.push({ from: 'server', sequence: ANSWER + 1, acknowledgment: ISN + 10, data: 'answer' });
    recorder.push({ sequence: ISN + 10, acknowledgment: ANSWER + 7, flags: FIN | ACK });
    recorder.push({ from: 'server', sequence: ANSWER + 7, acknowledgment: ISN + 11, flags: FIN | ACK });
    recorder.push({ sequence: ISN + 11, acknowledgment: ANSWER + 8, time: 1e9 });
    expect(recorder.log).toEqual(['c gap', 'c:query', 's:answer', 'c end', 's end']);
    expect(ends).toEqual([
      [true, 7],
      [false, 8],
    ]);
  });
});

describe('connections that ended', () => {
  it('are told, the first of them first, where many do within a second', () => {
    const recorder = createRecorder({ limits: { closing: 2 } });
    const told: number[] = [];
    for (let port = 1; port <= 4; port++) {
      recorder.push({ clientPort: port, sequence: 50, flags: FIN | ACK, acknowledgment: 90 });
      recorder.push({ clientPort: port, from: 'server', sequence: 90, flags: FIN | ACK, acknowledgment: 51 });
      told.push(recorder.told.length);
    }
    expect(told).toEqual([0, 0, 0, 1]);
    // What comes late starts no other, and counts no more.
    recorder.push({ clientPort: 1, sequence: 50, flags: FIN | ACK, acknowledgment: 90 });
    expect(recorder.streams.counters.connections).toBe(4);
    expect(recorder.told.map(({ packets }) => packets.client)).toEqual([1, 1]);
  });
});
