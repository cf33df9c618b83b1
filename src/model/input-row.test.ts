import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at } from '../base/time.ts';
import { ENCRYPTIONS, HELD_ROWS, VANTAGES, type Input } from './input.ts';
import { fromInputRow, toInputRow } from './input-row.ts';
import { inputOf } from './testing/rows.ts';

const count = fc.nat();
const text = fc.string({ maxLength: 20 });
const flag = fc.boolean();

const input: fc.Arbitrary<Input> = fc
  .record({
    input: fc.nat({ max: 100 }),
    path: text,
    format: text,
    linkTypes: fc.array(text, { maxLength: 3 }),
    packets: count,
    firstPacketAt: fc.option(fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n })),
    startsAt: fc.integer().map(at),
    length: count,
    snapLength: fc.option(count),
    damage: fc.record(
      {
        cut: count,
        undecodable: count,
        duplicates: count,
        droppedByCapture: count,
        cutQuestions: fc.integer({ min: 1, max: 1000 }),
        encrypted: fc.uniqueArray(fc.record({ by: fc.constantFrom(...ENCRYPTIONS), packets: count }), {
          minLength: 1,
          maxLength: ENCRYPTIONS.length,
          selector: ({ by }) => by,
        }),
        notes: fc.array(text, { maxLength: 3 }),
      },
      { requiredKeys: ['cut', 'undecodable', 'duplicates', 'droppedByCapture', 'notes'] },
    ),
    vantage: fc.record({
      kind: fc.constantFrom(...VANTAGES),
      addresses: fc.array(text, { maxLength: 3 }),
      because: text,
      sees: fc.record({ dns: flag, tcp: flag, http: flag, bothDirections: flag }),
    }),
    holds: fc.option(fc.subarray([...HELD_ROWS])),
  })
  .map(({ length, holds, ...rest }) => ({
    ...rest,
    endsAt: at(rest.startsAt + length),
    ...(holds === null ? {} : { holds }),
  }));

describe('input rows', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(input, (original) => {
        const row: unknown = JSON.parse(JSON.stringify(toInputRow(original)));
        expect(fromInputRow(row, original.startsAt)).toEqual(original);
      }),
    );
  });

  it('are refused, not repaired, where a field is wrong', () => {
    const row = toInputRow(inputOf()) as unknown as Record<string, unknown>;
    expect(fromInputRow(row)).not.toBeNull();
    for (const key of Object.keys(row)) {
      for (const wrong of [undefined, {}, -1, 'x'.repeat(5000)]) {
        expect(fromInputRow({ ...row, [key]: wrong }), `${key}: ${JSON.stringify(wrong)?.slice(0, 9)}`).toBeNull();
      }
    }
  });

  it('hold kinds of rows that there are, or say nothing of it', () => {
    const row = toInputRow(inputOf());
    for (const wrong of [{}, null, 'lookups', ['packets'], ['lookups', 1]]) {
      expect(fromInputRow({ ...row, holds: wrong })).toBeNull();
    }
  });

  it('may be anything without harm', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => void expect(() => fromInputRow(value)).not.toThrow()));
  });
});
