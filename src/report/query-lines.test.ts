import { describe, expect, it } from 'vitest';
import { toLookupRow } from '../model/lookup-row.ts';
import { atMs, attemptOf, inputOf, lookupOf } from '../model/testing/rows.ts';
import { queryLines } from './query-lines.ts';

describe('the queries of a lookup', () => {
  it('have each their own reply, the late one that of the first sending', () => {
    const attempt = attemptOf({
      resends: [{ at: atMs(5000), packet: 3, behindDnat: null }],
      repliedAt: atMs(5001),
      replyPacket: 4,
      lateReplies: [{ at: atMs(5300), packet: 5, rcode: 0 }],
    });
    const lines = queryLines(toLookupRow(lookupOf({ attempts: [attempt] }), [inputOf()]));
    expect(lines.map(({ packet, answer }) => [packet, answer?.packet, answer?.afterSeconds])).toEqual([
      [1, 5, 5.3],
      [3, 4, expect.closeTo(0.001)],
    ]);
  });

  it('are without one where none came', () => {
    const attempt = attemptOf({
      resends: [{ at: atMs(5000), packet: 3, behindDnat: null }],
      repliedAt: atMs(5001),
      replyPacket: 4,
    });
    const lines = queryLines(toLookupRow(lookupOf({ attempts: [attempt] }), [inputOf()]));
    expect(lines.map(({ answer }) => answer?.packet)).toEqual([undefined, 4]);
  });
});
