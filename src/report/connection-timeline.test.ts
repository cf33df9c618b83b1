import { describe, expect, it } from 'vitest';
import { nanoseconds, seconds } from '../base/time.ts';
import { CONNECTION_ENDS, STALL_REASONS, type Connection } from '../model/connection.ts';
import { toConnectionRow } from '../model/connection-row.ts';
import type { ConnectionRow } from '../model/connection-schema.ts';
import { atMs, connectionOf, inputOf, stallOf, tlsOf, unopened } from '../model/testing/rows.ts';
import { renderConnectionTimeline } from './connection-timeline.ts';
import { busyConnection } from './testing/requests.ts';

const plain = { color: false, width: 100, unicode: true };
const NEVER = nanoseconds(Number.NaN);

const rowOf = (parts: Partial<Connection>): ConnectionRow => toConnectionRow(connectionOf(parts), [inputOf()]);

/** Three SYNs that nobody answers. */
const unanswered = (): ConnectionRow =>
  rowOf({
    duration: seconds(3),
    syns: [0, 1000, 3000].map((ms, index) => ({ at: atMs(ms), packet: index + 1 })),
    synAcks: [],
    connectDuration: NEVER,
    roundTrip: NEVER,
    protocol: null,
    exchanges: 0,
    bytes: { client: 0, server: 0 },
    packets: { client: 3, server: 0 },
    ending: 'captureEnd',
    endedBy: null,
    endedAt: atMs(Number.NaN),
    endPacket: -1,
    lastPacket: 3,
  });

/** Open before the capture, TLS that is not read, everything that can be counted. */
const noisy = (): ConnectionRow =>
  rowOf({
    ...unopened,
    duration: seconds(10),
    tls: tlsOf({ startedAt: atMs(Number.NaN), handshakeDuration: NEVER, version: null, resumed: null }),
    protocol: 'tls',
    exchanges: 0,
    retransmissions: { client: 1, server: 12 },
    spurious: { client: 0, server: 4 },
    keepalives: { client: 2, server: 1 },
    zeroWindows: { client: 1, server: 3 },
    tooBig: 1,
    pings: { fromClient: 52, fromServer: 1, clientInterval: NEVER },
    stalls: [
      stallOf({ startedAt: atMs(1000), duration: seconds(2), repaired: false, resends: 7, packets: [20, 40] }),
      stallOf({
        reason: 'sender-idle',
        from: 'client',
        startedAt: atMs(4000),
        duration: seconds(1),
        packets: [50, 51],
      }),
    ],
    stallCount: 70,
    stallTime: seconds(4),
    ending: 'reset',
    endedBy: 'client',
  });

const shownOf = (parts: Partial<Connection>): string => renderConnectionTimeline(rowOf(parts), plain);

describe('a connection packet by packet', () => {
  it.each([
    ['timeline-connection-busy', busyConnection(), plain],
    ['timeline-connection-unanswered', unanswered(), plain],
    ['timeline-connection-noisy', noisy(), plain],
    ['timeline-connection-60-columns-ascii', busyConnection(), { ...plain, width: 60, unicode: false }],
  ])('%s', async (name, row, options) => {
    await expect(renderConnectionTimeline(row, options)).toMatchFileSnapshot(`golden/${name}.txt`);
  });

  it('draws each wait to scale', () => {
    const bars = renderConnectionTimeline(unanswered(), plain)
      .match(/█+/g)
      ?.map((bar) => bar.length);
    expect(bars).toEqual([13, 27]);
  });

  it.each(CONNECTION_ENDS)('says how it ended: %s', (ending) => {
    const text = renderConnectionTimeline(rowOf({ ending }), plain);
    expect(text).toMatch(/\n {2}ends +after 1 s: [a-z]/);
  });

  it.each(STALL_REASONS)('says what was waited for: %s', (reason) => {
    const stall = stallOf({ reason, startedAt: atMs(100), duration: seconds(0.5), packets: [3, 6] });
    const text = renderConnectionTimeline(rowOf({ stalls: [stall], stallCount: 1 }), plain);
    expect(text).toMatch(/█ +500 ms (?:waiting for|of a pause)/);
    expect(text).toMatch(/#3 .*\n.*█.*\n(?: {40}.*\n)?.*#6 /);
  });

  it('counts what passed all the while for itself, and no stall', () => {
    const passed = stallOf({ reason: 'window', startedAt: atMs(100), duration: seconds(0.5), packets: [3, 6] });
    const lost = stallOf({ startedAt: atMs(700), duration: seconds(0.2), packets: [7, 8] });
    const both = shownOf({ stalls: [passed, lost], stallCount: 2, stallTime: seconds(0.7) });
    expect(both).toMatch(/stalls +1, 200 ms in all\n +on its way +1, 500 ms in all: data passed all the while\n/);
    expect(shownOf({ stalls: [passed], stallCount: 1, stallTime: seconds(0.5) })).not.toMatch(/^ +stalls /m);
    expect(shownOf({ stalls: [passed], stallCount: 3, stallTime: seconds(2) })).toMatch(/stalls +3, 2 s in all\n/);
  });

  it('needs no duration to draw', () => {
    expect(() => renderConnectionTimeline({ ...unanswered(), durationSeconds: 0, synSent: [] }, plain)).not.toThrow();
  });
});
