import { describe, expect, it } from 'vitest';
import { atMs } from '../../../model/testing/rows.ts';
import {
  noteAnswer,
  noteSilence,
  silentBackend,
  type Answers,
  type SilentBackend,
  type Silences,
} from './silent-backends.ts';

const A = '10.0.4.4:8080';
const B = '10.0.4.5:8080';

const answeredAt = (time: number) => ({
  synAcks: [{ at: atMs(time), packet: 1 }],
  bytes: { client: 0, server: 0 },
  startedAt: atMs(time),
});

/** When which back ends answered, and when SYNs went to them in vain, in milliseconds. */
function found(answered: Record<string, number[]>, silent: Record<string, number[]>): SilentBackend | null {
  const answers: Answers = new Map();
  const silences: Silences = new Map();
  for (const [backend, times] of Object.entries(answered)) {
    for (const time of times) noteAnswer(answers, { backend, ...answeredAt(time) });
  }
  for (const [backend, times] of Object.entries(silent)) {
    for (const time of times) noteSilence(silences, { backend, startedAt: atMs(time) });
  }
  noteAnswer(answers, { backend: null, ...answeredAt(1) });
  noteSilence(silences, { backend: null, startedAt: atMs(1) });
  return silentBackend([{ answers, silences }]);
}

describe('back ends that answer no SYN', () => {
  it('never did, or are gone', () => {
    expect(found({ [A]: [1] }, { [B]: [2, 3, 4] })).toEqual({ backend: B, count: 1, isGone: false });
    expect(found({ [A]: [1, 9], [B]: [1, 2] }, { [B]: [5, 3, 4] })).toEqual({ backend: B, count: 1, isGone: true });
  });

  it('are several where a rollout takes them away', () => {
    const answered = { [A]: [1, 2], [B]: [1, 5] };
    const both = { [A]: [3, 4, 5], [B]: [6, 7, 8] };
    expect(found(answered, both)).toEqual({ backend: '2 back ends', count: 2, isGone: true });
    expect(found({ [A]: [1] }, both)).toBeNull();
    expect(found({}, both)).toBeNull();
  });

  it('are none that answer between, and none that few SYNs went to', () => {
    expect(found({ [B]: [1, 4] }, { [B]: [2, 3, 5] })).toBeNull();
    expect(found({ [B]: [1] }, { [B]: [2, 3] })).toBeNull();
  });
});

it('a connection that was open before the capture, and carries answers, is one of a back end that answers', () => {
  const carrying = (server: number): SilentBackend | null => {
    const answers: Answers = new Map();
    const silences: Silences = new Map();
    noteAnswer(answers, { backend: A, synAcks: [], bytes: { client: 9, server }, startedAt: atMs(1) });
    for (const time of [2, 3, 4]) noteSilence(silences, { backend: A, startedAt: atMs(time) });
    return silentBackend([{ answers, silences }]);
  };
  expect(carrying(40)).toMatchObject({ backend: A, isGone: true });
  // Nothing of it is known to have answered, as where a bridge floods to a pod what is in vain.
  expect(carrying(0)).toMatchObject({ backend: A, isGone: null });
});
