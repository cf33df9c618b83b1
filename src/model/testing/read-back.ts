import { Ajv, type AnySchemaObject } from 'ajv';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Timestamp } from '../../base/time.ts';
import type { Input } from '../input.ts';
import { tampered } from './arbitraries.ts';
import { atMs, inputOf } from './rows.ts';
import { throughJson } from './validate.ts';

interface RowKind<Written> {
  /** As in `kubelag/connection/1`. */
  readonly name: string;
  readonly schema: AnySchemaObject;
  readonly any: fc.Arbitrary<Written>;
  readonly plain: Written;
  /** With all that can be changed in it. Left out: the plain one. */
  readonly full?: Written;
  write(written: Written, inputs: readonly Input[]): unknown;
  read(row: unknown, startsAt?: Timestamp): Written | null;
}

/** What holds for rows of each kind that are written and read back. */
export function itIsReadBack<Written>({ name, schema, any, plain, full = plain, write, read }: RowKind<Written>): void {
  const validate = new Ajv({ strict: false }).compile(schema);
  const errorsOf = (row: unknown): unknown => (validate(row) ? [] : validate.errors);

  it('is what was written, to the nanosecond', () => {
    const inputs = [
      inputOf(),
      inputOf({ input: 1 }),
      inputOf({ input: 2 }),
      inputOf({ input: 3, firstPacketAt: null }),
    ];
    fc.assert(
      fc.property(any, (written) => {
        const row = throughJson(write(written, inputs));
        expect(errorsOf(row)).toEqual([]);
        expect(read(row)).toEqual(written);
      }),
    );
  });

  it('is put back at its input’s place on the common axis', () => {
    const row = throughJson(write(plain, [inputOf({ startsAt: atMs(1234) })]));
    expect(read(row, atMs(1234))).toEqual(plain);
  });

  it('is nothing that the schema does not allow, whatever was changed', () => {
    fc.assert(
      fc.property(tampered(throughJson(write(full, [inputOf()]))), (changed) => {
        const taken = read(changed);
        if (taken === null) return;
        expect(errorsOf(changed)).toEqual([]);
        expect(errorsOf(throughJson(write(taken, [inputOf()])))).toEqual([]);
      }),
      { numRuns: 3000 },
    );
  });

  it.each([null, undefined, 1, 'row', [], {}, { schema: `kubelag/${name}/2` }])('is not %j', (value) => {
    expect(read(value)).toBeNull();
  });
}
