import { Ajv } from 'ajv';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Connection } from './connection.ts';
import { fromConnectionRow, toConnectionRow } from './connection-row.ts';
import { ConnectionSchema } from './connection-schema.ts';
import { orNever, tampered, timestamp } from './testing/arbitraries.ts';
import { anyConnection, anyStall } from './testing/arbitrary-rows.ts';
import { atMs, inputOf } from './testing/rows.ts';
import { throughJson } from './testing/validate.ts';

const validate = new Ajv({ strict: false }).compile(ConnectionSchema);

const [some] = fc.sample(anyConnection, { seed: 3, numRuns: 1 }) as [Connection];
const plain: Connection = {
  ...some,
  input: 0,
  startedAt: atMs(250),
  firstPacket: 4,
  endPacket: 9,
  lastPacket: 9,
  retransmissions: { client: 1, server: 2 },
  ending: 'reset',
};

describe('a connection as a row', () => {
  it('counts seconds from its own input, and absolute time from its date', () => {
    const row = toConnectionRow({ ...plain, syns: [{ at: atMs(250), packet: 4 }] }, [inputOf()]);
    expect(row).toMatchObject({
      schema: 'kubelag/connection/1',
      startSeconds: 0.25,
      startedAt: '2023-11-14T22:13:20.250000000Z',
      synSent: [{ at: '2023-11-14T22:13:20.250000000Z', atSeconds: 0.25, packet: 4 }],
    });
  });

  it('has the contract’s fields first', () => {
    expect(Object.keys(toConnectionRow(plain, [inputOf()])).slice(1, 18)).toEqual(
      (
        'id input client server startedAt startSeconds durationSeconds connectSeconds synSent roundTripSeconds ' +
        'tls exchanges retransmissions stalls resets endedBy packets'
      ).split(' '),
    );
  });

  it('sums both sides, and names each end of it once', () => {
    expect(toConnectionRow(plain, [inputOf()])).toMatchObject({
      retransmissions: 3,
      retransmitted: { client: 1, server: 2 },
      resets: 1,
      packets: [4, 9],
      endPacket: 9,
    });
    expect(toConnectionRow({ ...plain, ending: 'fin', lastPacket: 12 }, [inputOf()])).toMatchObject({
      resets: 0,
      packets: [4, 9, 12],
    });
  });

  it('says null for what was not seen', () => {
    const never = fc.sample(orNever(timestamp), { seed: 1, numRuns: 100 }).find((time) => Number.isNaN(time));
    const row = toConnectionRow({ ...plain, endedAt: never as Connection['endedAt'], endPacket: -1 }, [inputOf()]);
    expect(row).toMatchObject({ endSeconds: null, endPacket: null, packets: [4, 9] });
  });
});

describe('a row as a connection', () => {
  it('is the connection that was written, to the nanosecond', () => {
    const inputs = [
      inputOf(),
      inputOf({ input: 1 }),
      inputOf({ input: 2 }),
      inputOf({ input: 3, firstPacketAt: null }),
    ];
    fc.assert(
      fc.property(anyConnection, (written) => {
        const row = throughJson(toConnectionRow(written, inputs));
        expect(validate(row) ? [] : validate.errors).toEqual([]);
        expect(fromConnectionRow(row)).toEqual(written);
      }),
    );
  });

  it('is put back at its input’s place on the common axis', () => {
    const row = throughJson(toConnectionRow(plain, [inputOf({ startsAt: atMs(1234) })]));
    expect(fromConnectionRow(row, atMs(1234))).toEqual(plain);
  });

  it('is nothing that the schema does not allow, whatever was changed', () => {
    const row = throughJson(toConnectionRow(plain, [inputOf()]));
    fc.assert(
      fc.property(tampered(row), (changed) => {
        const read = fromConnectionRow(changed);
        if (read === null) return;
        expect(validate(changed) ? [] : validate.errors).toEqual([]);
        expect(validate(throughJson(toConnectionRow(read, [inputOf()])))).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it.each([null, undefined, 1, 'row', [], {}, { schema: 'kubelag/connection/2' }])('is not %j', (value) => {
    expect(fromConnectionRow(value)).toBeNull();
  });

  it('is not longer than a row can be', () => {
    const row = toConnectionRow(plain, [inputOf()]);
    expect(fromConnectionRow({ ...row, server: 'a'.repeat(5000) })).toBeNull();
    expect(fromConnectionRow({ ...row, packets: [1, 2, 3, 4] })).toBeNull();
    expect(fromConnectionRow({ ...row, packets: [] })).toBeNull();
    const [first] = toConnectionRow({ ...plain, stalls: fc.sample(anyStall, 1) }, [inputOf()]).stalls;
    expect(fromConnectionRow({ ...row, stalls: Array.from({ length: 65 }, () => first) })).toBeNull();
  });
});
