import { describe, expect, it } from 'vitest';
import { LookupSchema } from './lookup-schema.ts';
import { fromLookupRow, toLookupRow } from './lookup-row.ts';
import { packetId } from './packet.ts';
import { firstPacketAtOf } from './row-times.ts';
import { anyLookup } from './testing/arbitrary-rows.ts';
import { itIsReadBack } from './testing/read-back.ts';
import { atMs, attemptOf, inputOf, lookupOf, unanswered } from './testing/rows.ts';

describe('a lookup as a row', () => {
  it('counts seconds from its own input, and absolute time from its date', () => {
    const inputs = [inputOf(), inputOf({ input: 1, startsAt: atMs(500) })];
    const lookup = lookupOf({ input: 1, attempts: [attemptOf({ sentAt: atMs(750), sentPacket: packetId(1, 7) })] });
    const row = toLookupRow(lookup, inputs);
    expect(row.startSeconds).toBe(0.25);
    expect(row.startedAt).toBe('2023-11-14T22:13:20.250000000Z');
    expect(row.attempts[0]?.sent).toEqual([
      { at: '2023-11-14T22:13:20.250000000Z', atSeconds: 0.25, packet: 7, behindDnat: null },
    ]);
    expect(firstPacketAtOf(row)).toBe(1_700_000_000_000_000_000n);
  });

  it('has no absolute time where the input has no date', () => {
    const row = toLookupRow(lookupOf(), [inputOf({ firstPacketAt: null })]);
    expect(row.startedAt).toBeNull();
    expect(row.attempts[0]?.reply?.at).toBeNull();
    expect(firstPacketAtOf(row)).toBeNull();
  });

  it('names packets of other inputs with their input', () => {
    const row = toLookupRow(lookupOf({ attempts: [attemptOf({ replyPacket: packetId(3, 9) })] }), [inputOf()]);
    expect(row.attempts[0]?.reply?.packet).toBe('3:9');
  });

  it('says null where there was no reply', () => {
    const row = toLookupRow(lookupOf({ attempts: [attemptOf(unanswered)] }), [inputOf()]);
    expect(row.attempts[0]?.reply).toBeNull();
  });
});

describe('a row as a lookup', () => {
  itIsReadBack({
    name: 'lookup',
    schema: LookupSchema,
    any: anyLookup,
    plain: lookupOf({ attempts: [attemptOf({ sentAt: atMs(2000) })] }),
    full: lookupOf({
      attempts: [
        attemptOf({
          earlierReplies: [{ at: atMs(1), packet: 3, rcode: 2 }],
          lateReplies: [{ at: atMs(9), packet: 4, rcode: 0 }],
        }),
        attemptOf(unanswered),
      ],
    }),
    write: toLookupRow,
    read: fromLookupRow,
  });

  it('is not longer than a row can be', () => {
    const row = toLookupRow(lookupOf(), [inputOf()]);
    expect(fromLookupRow({ ...row, name: 'a'.repeat(5000) })).toBeNull();
    expect(fromLookupRow({ ...row, attempts: Array.from({ length: 5000 }, () => row.attempts[0]) })).toBeNull();
    expect(fromLookupRow({ ...row, attempts: [] })).toBeNull();
  });
});
