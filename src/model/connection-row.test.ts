import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Connection } from './connection.ts';
import { fromConnectionRow, toConnectionRow } from './connection-row.ts';
import { ConnectionSchema } from './connection-schema.ts';
import { orNever, timestamp } from './testing/arbitraries.ts';
import { anyConnection, anyStall } from './testing/arbitrary-rows.ts';
import { itIsReadBack } from './testing/read-back.ts';
import { atMs, inputOf } from './testing/rows.ts';

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
  itIsReadBack({
    name: 'connection',
    schema: ConnectionSchema,
    any: anyConnection,
    plain,
    write: toConnectionRow,
    read: fromConnectionRow,
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
