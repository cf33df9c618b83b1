import { describe, expect, it } from 'vitest';
import { ACK, createRecorder, RST, SYN } from './testing/segments.ts';

const OLD = 1000;
const OLD_ANSWER = 9000;
const NEW = 16_000_000;
const NEW_ANSWER = 500_000_000;

/** Whose FIN or reset the server never heard, and then the same ports again. */
function reused() {
  const recorder = createRecorder({});
  recorder.push({ sequence: OLD, flags: SYN });
  recorder.push({ from: 'server', sequence: OLD_ANSWER, acknowledgment: OLD + 1, flags: SYN | ACK });
  recorder.push({ sequence: OLD + 1, acknowledgment: OLD_ANSWER + 1, data: 'old' });
  recorder.push({ from: 'server', sequence: OLD_ANSWER + 1, acknowledgment: OLD + 4, data: 'said' });
  recorder.push({ sequence: NEW, flags: SYN });
  return recorder;
}

describe('a SYN on ports of a connection that the server still has', () => {
  it('is answered with an ACK and a reset that are none of the new connection', () => {
    const recorder = reused();
    recorder.push({ from: 'server', sequence: OLD_ANSWER + 5, acknowledgment: OLD + 4 });
    recorder.push({ sequence: OLD + 4, flags: RST });
    recorder.push({ sequence: NEW, flags: SYN });
    recorder.push({ from: 'server', sequence: NEW_ANSWER, acknowledgment: NEW + 1, flags: SYN | ACK });
    recorder.push({ sequence: NEW + 1, acknowledgment: NEW_ANSWER + 1, data: 'ask' });
    recorder.push({ from: 'server', sequence: NEW_ANSWER + 1, acknowledgment: NEW + 4, data: 'answer' });
    expect(recorder.log.slice(-2)).toEqual(['c:ask', 's:answer']);
    recorder.streams.finish();
    expect(recorder.told.map(({ ending }) => ending)).toEqual(['replaced', 'captureEnd']);
  });

  it('may be given up: a reset of its own number ends the new one', () => {
    const recorder = reused();
    recorder.push({ from: 'server', sequence: OLD_ANSWER + 5, acknowledgment: OLD + 4 });
    recorder.push({ sequence: NEW + 1, flags: RST });
    recorder.streams.finish();
    expect(recorder.told.map(({ ending }) => ending)).toEqual(['replaced', 'reset']);
  });

  it('is answered by its own connection where the capture lost the SYN-ACK and the request', () => {
    const recorder = reused();
    recorder.push({ from: 'server', sequence: NEW_ANSWER + 1, acknowledgment: NEW + 300, data: 'answer' });
    recorder.streams.finish();
    expect(recorder.log).toContain('s:answer');
  });
});
