import * as fc from 'fast-check';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { nanoseconds } from '../base/time.ts';
import { LookupSchema } from './lookup-schema.ts';
import { fromLookupRow, toLookupRow } from './lookup-row.ts';
import { CONFIDENCES, END_REASONS, OUTCOMES, RESOLVERS, type Attempt, type Lookup } from './lookup.ts';
import { packetId } from './packet.ts';
import { firstPacketAtOf } from './row-times.ts';
import { lasted, orNever, packet, port, tampered, text, timestamp } from './testing/arbitraries.ts';
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

const dnatSight = fc.constantFrom('before' as const, 'both' as const, null);
const otherReply = fc.record({
  at: timestamp,
  packet,
  rcode: fc.integer({ min: 0, max: 4095 }),
});
const attempt: fc.Arbitrary<Attempt> = fc
  .record({
    name: text,
    type: fc.integer({ min: 1, max: 0xffff }),
    transactionId: port,
    clientPort: port,
    server: text,
    serverPort: port,
    transport: fc.constantFrom('udp' as const, 'tcp' as const),
    sentAt: timestamp,
    sentPacket: packet,
    resends: fc.array(
      fc.record({
        at: timestamp,
        packet,
        behindDnat: dnatSight,
      }),
      { maxLength: 3 },
    ),
    earlierReplies: fc.array(otherReply, { maxLength: 2 }),
    lateReplies: fc.array(otherReply, { maxLength: 2 }),
    repliedAt: timestamp,
    replyPacket: packet,
    rcode: fc.integer({ min: -1, max: 4095 }),
    truncated: fc.boolean(),
    answerCount: port,
    addresses: fc.array(text, { maxLength: 16 }),
    ttl: fc.integer({ min: -1, max: 0xffff_ffff }),
    unreachableAt: orNever(timestamp),
    behindDnat: dnatSight,
    backend: fc.option(text),
  })
  .map((made) => (made.rcode < 0 ? { ...made, ...unanswered, truncated: false } : made));

const lookup: fc.Arbitrary<Lookup> = fc.record({
  id: text,
  input: fc.integer({ min: 0, max: 3 }),
  name: text,
  client: text,
  server: text,
  startedAt: timestamp,
  duration: lasted,
  endBecause: fc.constantFrom(...END_REASONS),
  endTimer: fc.option(fc.record({ value: fc.integer({ min: 0, max: 2e11 }).map(nanoseconds), source: text })),
  durationIsLowerBound: fc.boolean(),
  outcome: fc.constantFrom(...OUTCOMES),
  resolver: fc.constantFrom(...RESOLVERS),
  resolverDetail: fc.option(text),
  resolverConfidence: fc.constantFrom(...CONFIDENCES),
  resolverBecause: text,
  answers: fc.array(text, { maxLength: 16 }),
  attempts: fc.array(attempt, { minLength: 1, maxLength: 4 }),
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
      fc.property(lookup, (written) => {
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
