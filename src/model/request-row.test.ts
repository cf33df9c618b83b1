import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at, milliseconds, nanoseconds } from '../base/time.ts';
import { toRequestRow } from './request-row.ts';
import { RequestSchema } from './request-schema.ts';
import { atMs, inputOf, requestOf, waitOf } from './testing/rows.ts';
import { problemsOf } from './testing/validate.ts';

const inputs = [inputOf({ startsAt: atMs(1) })];

describe('a request row', () => {
  it('is what its schema says, with null for what was not seen', () => {
    const request = requestOf({
      startedAt: atMs(5),
      method: '',
      status: -1,
      waits: [waitOf({ reason: 'queue', ref: '', what: '', packets: [], startedAt: atMs(6) }), waitOf()],
    });
    const row = toRequestRow(request, inputs);
    expect(problemsOf(RequestSchema, row)).toEqual([]);
    expect(row).toMatchObject({
      schema: 'kubelag/request/1',
      method: null,
      status: null,
      grpcStatus: null,
      startSeconds: 0.004,
      startedAt: '2023-11-14T22:13:20.004000000Z',
      waits: [{ reason: 'queue', ref: null, what: null, startSeconds: 0.005 }, { packets: [18, 19] }],
      packets: [3, 22],
    });
  });

  it('has a breakdown by reason and peer that sums to its duration', () => {
    const waits = [
      waitOf({ to: 'a:1', duration: milliseconds(3) }),
      waitOf({ to: 'b:1', duration: milliseconds(4) }),
      waitOf({ to: 'a:1', duration: milliseconds(5) }),
    ];
    const { breakdown, ownSeconds } = toRequestRow(requestOf({ waits }), inputs);
    expect(breakdown).toEqual([
      { reason: 'upstream', to: 'a:1', seconds: 0.008 },
      { reason: 'upstream', to: 'b:1', seconds: 0.004 },
      { reason: 'own', to: null, seconds: 0.008 },
    ]);
    expect(ownSeconds).toBe(0.008);
  });

  it('sums to the nanosecond', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1e12 }), { maxLength: 8 }), fc.nat(1e9), (lengths, own) => {
        const waits = lengths.map((length, index) =>
          waitOf({ to: `a:${index % 3}`, startedAt: at(index), duration: nanoseconds(length) }),
        );
        const duration = nanoseconds(lengths.reduce((sum, length) => sum + length, own));
        const row = toRequestRow(requestOf({ waits, duration }), inputs);
        const sum = row.breakdown.reduce((total, { seconds }) => total + Math.round(seconds * 1e9), 0);
        expect(sum).toBe(duration);
        expect(Math.round(row.durationSeconds * 1e9)).toBe(duration);
      }),
    );
  });
});
