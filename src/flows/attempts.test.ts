import { describe, expect, it } from 'vitest';
import { createLayers, IP_PROTOCOL } from '../model/packet.ts';
import { ACK, createRecorder, segmentLayers, SYN } from './testing/segments.ts';

const MS = 1e6;

const unreachable = () =>
  Object.assign(createLayers(), { protocol: IP_PROTOCOL.icmpv6, icmpType: 1, number: 50, time: 3 * MS });

describe('attempts to connect', () => {
  it('are fewer than connections that are kept: the one whose SYN is oldest ends', () => {
    const recorder = createRecorder({ limits: { attempts: 2 } });
    const syn = (clientPort: number): void => recorder.push({ sequence: 10 * clientPort, flags: SYN, clientPort });
    for (const clientPort of [1, 2, 3]) syn(clientPort);
    // The second is asked for again, and the third answered: what is no attempt any more needs no room.
    syn(2);
    recorder.push({ from: 'server', sequence: 90, acknowledgment: 31, flags: SYN | ACK, clientPort: 3 });
    for (const clientPort of [4, 5]) syn(clientPort);
    expect(recorder.told.map(({ clientPort, ending }) => [clientPort, ending])).toEqual([
      [1, 'evicted'],
      [2, 'evicted'],
    ]);
  });
});

describe('an ICMP error whose quote is cut before the ports', () => {
  const cutQuote = () =>
    Object.assign(segmentLayers({ sequence: 0 }, 1), { sourcePort: 0, destination: 0, time: 3 * MS });

  it('refuses the only SYN that waits, where its quote is cut before the ports', () => {
    const recorder = createRecorder();
    recorder.push({ sequence: 1000, flags: SYN, time: 0 });
    recorder.streams.quoted(unreachable(), cutQuote());
    recorder.push({ sequence: 1000, flags: SYN, time: 1000 * MS });
    recorder.streams.finish();
    expect(recorder.told[0]).toMatchObject({ ending: 'refused', endedBy: null, connectDuration: 3 * MS });
  });

  it.each([
    ['of another protocol', { protocol: IP_PROTOCOL.udp }],
    ['of another client', { source: 77 }],
    ['to another server', { destination: 77 }],
    ['seconds ago', { time: 4001 * MS }],
  ])('refuses no SYN where its cut quote is %s', (_, parts) => {
    const recorder = createRecorder();
    recorder.push({ sequence: 1000, flags: SYN, time: 0 });
    recorder.streams.quoted(unreachable(), Object.assign(cutQuote(), parts));
    recorder.streams.finish();
    expect(recorder.told[0]).toMatchObject({ ending: 'captureEnd' });
  });

  it('refuses no SYN by a cut quote where two wait, or where it is answered after all', () => {
    const two = createRecorder();
    two.push({ sequence: 1000, flags: SYN, time: 0 });
    two.push({ sequence: 5000, flags: SYN, time: 0, clientPort: 50_001 });
    two.streams.quoted(unreachable(), cutQuote());
    two.streams.finish();
    expect(two.told.map(({ ending }) => ending)).toEqual(['captureEnd', 'captureEnd']);

    const dialogue = createRecorder();
    dialogue.push({ sequence: 1000, flags: SYN, time: 0 });
    dialogue.streams.quoted(unreachable(), cutQuote());
    dialogue.push({ from: 'server', sequence: 9000, acknowledgment: 1001, flags: SYN | ACK, time: 4 * MS });
    dialogue.streams.finish();
    expect(dialogue.told[0]).toMatchObject({ ending: 'captureEnd', connectDuration: 4 * MS });
  });
});
