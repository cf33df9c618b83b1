import { describe, expect, it } from 'vitest';
import type { TrackedConnection } from '../model/tracked-connection.ts';
import { ACK, createRecorder, LOOPBACK, RST, SERVICE, SYN, type Recorder } from './testing/segments.ts';

/*
 * iptables' REDIRECT, as service meshes use it: what the client sends is seen to go to its own host, and the answers come
 * in the name of whom it called.
 */
const ISN = 1000;
const ANSWER = 9000;
const PROXY = { server: LOOPBACK, serverPort: 15_001 };
const CALLED = { from: 'server', server: SERVICE, serverPort: 80 } as const;
const REDIRECTED = { server: '10.96.0.20', serverPort: 80, backend: '127.0.0.1:15001' };

function recorder(): { recorder: Recorder; withinPod: TrackedConnection[] } {
  const withinPod: TrackedConnection[] = [];
  return { recorder: createRecorder({ onWithinPod: (row) => void withinPod.push(row) }), withinPod };
}

describe('a redirected connection', () => {
  it('is one, to whom its client called', () => {
    const {
      recorder: { push, streams, log, told },
      withinPod,
    } = recorder();
    push({ ...PROXY, sequence: ISN, flags: SYN });
    push({ ...CALLED, sequence: ANSWER, acknowledgment: ISN + 1, flags: SYN | ACK });
    push({ ...PROXY, sequence: ISN + 1, acknowledgment: ANSWER + 1, flags: ACK });
    push({ ...PROXY, sequence: ISN + 1, acknowledgment: ANSWER + 1, data: 'asks' });
    push({ ...CALLED, sequence: ANSWER + 1, acknowledgment: ISN + 5, data: 'answers' });
    push({ ...PROXY, sequence: ISN + 5, acknowledgment: ANSWER + 8, flags: RST | ACK });
    streams.finish();
    expect(log).toEqual(['c:asks', 's:answers', 'c reset', 's reset']);
    expect(told).toMatchObject([{ ...REDIRECTED, rolesFrom: 'handshake', endedBy: 'client' }]);
    expect(withinPod).toEqual(told);
  });

  it('is one from its middle on, too, whoever is seen first', () => {
    for (const isClientFirst of [true, false]) {
      const {
        recorder: { push, streams, said, told },
        withinPod,
      } = recorder();
      const asks = { ...PROXY, sequence: ISN, acknowledgment: ANSWER, data: 'asks' };
      if (isClientFirst) push(asks);
      push({ ...CALLED, sequence: ANSWER, acknowledgment: ISN + (isClientFirst ? 4 : 0), data: 'answers' });
      if (!isClientFirst) push({ ...asks, acknowledgment: ANSWER + 7 });
      streams.finish();
      expect(said).toEqual({ client: 'asks', server: 'answers' });
      expect(told).toMatchObject([REDIRECTED]);
      expect(withinPod).toContain(told[0]);
    }
  });
});

it('a connection that leaves the host is not said to be within it', () => {
  const {
    recorder: { push, streams },
    withinPod,
  } = recorder();
  push({ sequence: ISN, flags: SYN });
  push({ from: 'server', sequence: ANSWER, acknowledgment: ISN + 1, flags: SYN | ACK });
  streams.finish();
  expect(withinPod).toEqual([]);
});
