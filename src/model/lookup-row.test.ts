import * as fc from 'fast-check';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { LookupSchema } from './lookup-schema.ts';
import { fromLookupRow, toLookupRow } from './lookup-row.ts';
import { packetId } from './packet.ts';
import { firstPacketAtOf } from './row-times.ts';
import { tampered } from './testing/arbitraries.ts';
import { anyLookup } from './testing/arbitrary-rows.ts';
import { atMs, attemptOf, inputOf, lookupOf, unanswered } from './testing/rows.ts';
import { throughJson } from './testing/validate.ts';

const validate = new Ajv({ strict: false }).compile(LookupSchema);

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
  it('is the lookup that was written, to the nanosecond', () => {
    const inputs = [
      inputOf(),
      inputOf({ input: 1 }),
      inputOf({ input: 2 }),
      inputOf({ input: 3, firstPacketAt: null }),
    ];
    fc.assert(
      fc.property(anyLookup, (written) => {
        const row = throughJson(toLookupRow(written, inputs));
        expect(validate(row) ? [] : validate.errors).toEqual([]);
        expect(fromLookupRow(row)).toEqual(written);
      }),
    );
  });

  it('is put back at its input’s place on the common axis', () => {
    const inputs = [inputOf({ startsAt: atMs(1234) })];
    const written = lookupOf({ attempts: [attemptOf({ sentAt: atMs(2000) })] });
    expect(fromLookupRow(throughJson(toLookupRow(written, inputs)), atMs(1234))).toEqual(written);
  });

  it('is nothing that the schema does not allow, whatever was changed', () => {
    const row = throughJson(
      toLookupRow(
        lookupOf({
          attempts: [
            attemptOf({
              earlierReplies: [{ at: atMs(1), packet: 3, rcode: 2 }],
              lateReplies: [{ at: atMs(9), packet: 4, rcode: 0 }],
            }),
            attemptOf(unanswered),
          ],
        }),
        [inputOf()],
      ),
    );
    fc.assert(
      fc.property(tampered(row), (changed) => {
        const read = fromLookupRow(changed);
        if (read === null) return;
        expect(validate(changed) ? [] : validate.errors).toEqual([]);
        expect(validate(throughJson(toLookupRow(read, [inputOf()])))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([null, undefined, 1, 'row', [], {}, { schema: 'kubelag/lookup/2' }])('is not %j', (value) => {
    expect(fromLookupRow(value)).toBeNull();
  });

  it('is not longer than a row can be', () => {
    const row = toLookupRow(lookupOf(), [inputOf()]);
    expect(fromLookupRow({ ...row, name: 'a'.repeat(5000) })).toBeNull();
    expect(fromLookupRow({ ...row, attempts: Array.from({ length: 5000 }, () => row.attempts[0]) })).toBeNull();
    expect(fromLookupRow({ ...row, attempts: [] })).toBeNull();
  });
});
