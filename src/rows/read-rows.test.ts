import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at } from '../base/time.ts';
import type { Connection } from '../model/connection.ts';
import { toConnectionRow } from '../model/connection-row.ts';
import type { Exchange } from '../model/exchange.ts';
import { toExchangeRow } from '../model/exchange-row.ts';
import { createDamage, HELD_ROWS, type Input } from '../model/input.ts';
import { toInputRow } from '../model/input-row.ts';
import { toLookupRow } from '../model/lookup-row.ts';
import { toRequestRow } from '../model/request-row.ts';
import type { Lookup } from '../model/lookup.ts';
import { packetId } from '../model/packet.ts';
import { INPUT_SCHEMA } from '../model/schema-names.ts';
import {
  atMs,
  attemptOf,
  connectionOf,
  exchangeOf,
  inputOf,
  lookupOf,
  requestOf,
  stallOf,
  tlsOf,
  unanswered,
} from '../model/testing/rows.ts';
import { transactionRows } from '../model/transaction-row.ts';
import { tampered } from '../model/testing/arbitraries.ts';
import { UserError } from '../model/user-error.ts';
import { MAX_LINE_LENGTH, readRows } from './read-rows.ts';

const FIRST_PACKET = 1_700_000_000_000_000_000n;
const captures = [inputOf(), inputOf({ input: 1, firstPacketAt: FIRST_PACKET + 5_000_000_000n, startsAt: atMs(5000) })];

const slow = lookupOf({
  id: '0.l17',
  startedAt: atMs(20),
  duration: atMs(5001) as unknown as Lookup['duration'],
  attempts: [
    attemptOf({ sentAt: atMs(20), sentPacket: 412, replyPacket: 413 }),
    attemptOf({
      ...unanswered,
      type: 28,
      sentAt: atMs(21),
      sentPacket: 414,
      resends: [{ at: atMs(5021), packet: 611, behindDnat: null }],
    }),
  ],
});
const second = lookupOf({
  id: '1.l3',
  input: 1,
  startedAt: atMs(6000),
  attempts: [
    attemptOf({
      sentAt: atMs(6000),
      sentPacket: packetId(1, 7),
      replyPacket: packetId(0, 900),
      earlierReplies: [{ at: atMs(6000.5), packet: packetId(1, 8), rcode: 2 }],
    }),
  ],
});

const goaway = { at: atMs(900), packet: 8, from: 'server', code: 0, debug: null, openStreams: 0 } as const;
const exchange = exchangeOf({ startedAt: atMs(21), stalls: [stallOf()] });
const connection = connectionOf({ startedAt: atMs(20), tls: tlsOf(), goaway, stalls: [stallOf()] });
const SEES_ALL = { dns: true, tcp: true, http: true, bothDirections: true };

const lineOf = (row: object): string => JSON.stringify(row);
const throughRows = (row: Exchange | Connection): object =>
  'connection' in row ? toExchangeRow(row, captures) : toConnectionRow(row, captures);

const exported = (lookups: readonly Lookup[], inputs: readonly Input[] = captures): string[] =>
  lookups.map((lookup) => JSON.stringify(toLookupRow(lookup, inputs)));

async function read(lines: readonly string[], inputs: Input[] = []) {
  const lookups: Lookup[] = [];
  const order: (Lookup | Connection | Exchange)[] = [];
  const begun: number[] = [];
  const take = (row: Lookup | Connection | Exchange): void => {
    expect(begun).toContain(row.input);
    order.push(row);
  };
  const observer = {
    input: (input: Input) => void begun.push(input.input),
    lookup: (lookup: Lookup) => {
      lookups.push(lookup);
      take(lookup);
    },
    connection: take,
    exchange: take,
  };
  await readRows(lines, { path: 'rows.ndjson', damage: createDamage(), inputs, observers: [observer] });
  return { lookups, order, inputs, begun };
}

describe('readRows', () => {
  it('gives back what was exported, and inputs whose rows say the same', async () => {
    const { lookups, inputs } = await read(exported([slow, second]));
    expect(lookups).toEqual([slow, second]);
    expect(lookups.map((lookup) => JSON.stringify(toLookupRow(lookup, inputs)))).toEqual(exported([slow, second]));
    expect(inputs.map((input) => [input.input, input.path, input.format, input.startsAt])).toEqual([
      [0, 'rows.ndjson', 'pcap+ndjson', 0],
      [1, 'rows.ndjson', 'pcap+ndjson', 5e9],
    ]);
    expect(inputs[0]).toMatchObject({ firstPacketAt: FIRST_PACKET, packets: 4, endsAt: atMs(5021) });
    expect(inputs[0]!.vantage).toMatchObject({ addresses: ['10.0.3.7'], sees: { dns: true, bothDirections: true } });
  });

  it('keeps the times of an input whose first row comes late', async () => {
    const { lookups, inputs } = await read(
      exported([
        { ...second, startedAt: atMs(6000) },
        { ...slow, startedAt: atMs(7000) },
      ]),
    );
    const rows = lookups.map((lookup) => toLookupRow(lookup, inputs));
    expect(rows.map((row) => JSON.stringify(row))).toEqual(exported([second, { ...slow, startedAt: atMs(7000) }]));
    expect(inputs.map((input) => input.firstPacketAt)).toEqual([FIRST_PACKET, FIRST_PACKET + 5_000_000_000n]);
  });

  it('reads rows without a date as those of a text', async () => {
    const text = inputOf({ format: 'tcpdump text', firstPacketAt: null });
    const { inputs, lookups } = await read(exported([slow], [text]));
    expect(inputs[0]).toMatchObject({ format: 'tcpdump text+ndjson', firstPacketAt: null });
    expect(lookups).toEqual([slow]);
  });

  it('sets the rows of a second file behind the inputs of the first', async () => {
    const inputs = [inputOf({ path: 'other.pcap' })];
    const { lookups, begun } = await read(exported([slow, second]), inputs);
    expect(begun).toEqual([1, 2]);
    expect(inputs.map((input) => input.path)).toEqual(['other.pcap', 'rows.ndjson', 'rows.ndjson']);
    expect(lookups.map((lookup) => [lookup.id, lookup.input])).toEqual([
      ['1.l17', 1],
      ['2.l3', 2],
    ]);
    expect(lookups[0]!.attempts[1]).toMatchObject({
      sentPacket: packetId(1, 414),
      resends: [{ packet: packetId(1, 611) }],
    });
    expect(lookups[1]!.attempts[0]).toMatchObject({
      sentPacket: packetId(2, 7),
      replyPacket: packetId(1, 900),
      earlierReplies: [{ packet: packetId(2, 8) }],
    });
  });

  it('takes exports that were put into one file for two: rows behind what one says of its inputs', async () => {
    const [one, other] = captures as [Input, Input];
    const next = { ...other, input: 0, path: 'next.pcap', startsAt: atMs(0) };
    const own = { ...slow, startedAt: atMs(30) };
    const { lookups, inputs } = await read([
      ...exported([slow]),
      lineOf({ schema: INPUT_SCHEMA, ...toInputRow(one) }),
      ...exported([own], [next]),
      lineOf({ schema: INPUT_SCHEMA, ...toInputRow(next) }),
      // Of another kind, of the same capture.
      lineOf(toExchangeRow({ ...exchange, startedAt: atMs(40) }, [next])),
    ]);
    expect(inputs.map(({ path, firstPacketAt }) => [path, firstPacketAt])).toEqual([
      ['rows.ndjson', one.firstPacketAt],
      ['rows.ndjson', other.firstPacketAt],
    ]);
    expect(lookups.map(({ id, input, startedAt }) => [id, input, startedAt])).toEqual([
      ['0.l17', 0, atMs(20)],
      ['1.l17', 1, atMs(5030)],
    ]);
  });

  it('takes from a line of its own what the capture dropped, and its format', async () => {
    const dropping = inputOf({ damage: { ...createDamage(), droppedByCapture: 12 }, format: 'pcapng+gzip' });
    const said = lineOf({ schema: INPUT_SCHEMA, ...toInputRow(dropping) });
    const { inputs } = await read([...exported([slow]), said]);
    expect(inputs).toEqual([{ ...dropping, path: 'rows.ndjson', format: 'pcapng+gzip+ndjson', holds: ['lookups'] }]);
  });

  it('gives back rows of all kinds in their order, and whole inputs', async () => {
    const [found, done, closed] = [slow, exchange, connection];
    const wide = { ...captures[0]!, vantage: { ...captures[0]!.vantage, sees: SEES_ALL } };
    const lines = [
      lineOf(toExchangeRow(done, captures)),
      lineOf(toLookupRow(found, captures)),
      lineOf(toConnectionRow(closed, captures)),
      lineOf({ schema: INPUT_SCHEMA, ...toInputRow({ ...wide, holds: HELD_ROWS }) }),
      lineOf({ schema: INPUT_SCHEMA, ...toInputRow({ ...captures[1]!, holds: HELD_ROWS }) }),
    ];
    const { order, inputs } = await read(lines);
    expect(order).toEqual([done, found, closed]);
    expect(inputs[0]).toEqual({ ...wide, path: 'rows.ndjson', format: 'pcapng+ndjson', holds: HELD_ROWS });
    expect(inputs[1]).toMatchObject({ packets: 1204, startsAt: 5e9, vantage: { kind: 'pod', sees: { dns: true } } });
  });

  it('knows what an export does not hold, and does not take it for health', async () => {
    const wide = { ...captures[0]!, vantage: { ...captures[0]!.vantage, sees: SEES_ALL } };
    const row = (holds: Input['holds']): string =>
      lineOf({ schema: INPUT_SCHEMA, ...toInputRow({ ...wide, holds: holds ?? [] }) });
    const some = await read([lineOf(toExchangeRow(exchange, captures)), row(['exchanges'])]);
    expect(some.inputs[0]).toMatchObject({
      holds: ['exchanges'],
      vantage: { kind: 'pod', sees: { dns: false, tcp: false, http: true } },
    });
    const none = await read([row(['exchanges'])]);
    expect(none.inputs[0]).toMatchObject({ holds: ['exchanges'], packets: 1204 });
    const both = await read([row(['exchanges']), row(['connections'])]);
    expect(both.inputs[0]).toMatchObject({
      holds: ['connections', 'exchanges'],
      damage: wide.damage,
      vantage: { sees: { dns: false, tcp: true, http: true } },
    });
  });

  it('knows with each row how far the capture had been read', async () => {
    const ends: number[] = [];
    const inputs: Input[] = [];
    const lines = [7, 3, 'soon', 9].map((until) => lineOf({ ...toLookupRow(slow, captures), readUntilSeconds: until }));
    await readRows(lines, {
      path: 'rows.ndjson',
      damage: createDamage(),
      inputs,
      observers: [{ lookup: () => void ends.push(inputs[0]!.endsAt) }],
    });
    expect(ends).toEqual([7e9, 7e9, 7e9, 9e9]);
  });

  it('guesses at an input of which its export says nothing', async () => {
    const { inputs } = await read([
      lineOf(toExchangeRow(exchange, captures)),
      lineOf(toConnectionRow(connection, captures)),
    ]);
    expect(inputs[0]).toMatchObject({
      packets: 9,
      endsAt: atMs(1020),
      holds: ['connections', 'exchanges'],
      vantage: { kind: 'unknown', sees: { dns: false, tcp: true, http: true, bothDirections: true } },
    });
  });

  it('moves all that names an input of a second file', async () => {
    const rows = [exchange, connection].map((row) => throughRows(row));
    const { order } = await read(
      rows.map((row) => lineOf(row)),
      [inputOf({ path: 'other.pcap' })],
    );
    expect(order).toEqual([
      {
        ...exchange,
        id: '1.e1',
        input: 1,
        connection: '1.c1',
        packets: [packetId(1, 4), packetId(1, 6)],
        stalls: [stallOf({ packets: [packetId(1, 6)] })],
      },
      {
        ...connection,
        id: '1.c1',
        input: 1,
        syns: [{ at: atMs(20), packet: packetId(1, 1) }],
        synAcks: [{ at: atMs(20.4), packet: packetId(1, 2) }],
        tls: tlsOf({ packets: [packetId(1, 4), packetId(1, 5)] }),
        goaway: { ...goaway, packet: packetId(1, 8) },
        stalls: [stallOf({ packets: [packetId(1, 6)] })],
        firstPacket: packetId(1, 1),
        endPacket: packetId(1, 9),
        lastPacket: packetId(1, 9),
      },
    ]);
  });

  it('counts what is no row as damage, names the first few lines, and reads on', async () => {
    const [row] = exported([slow]) as [string];
    const broken = [
      '{',
      'null',
      '[]',
      '"x"',
      JSON.stringify({ ...JSON.parse(row), durationSeconds: -1 }),
      row.slice(0, 99),
    ];
    const far = JSON.stringify({ ...JSON.parse(row), input: 5000 });
    const { lookups, inputs } = await read([row, ...broken, '', far, 'x'.repeat(MAX_LINE_LENGTH + 1), row]);
    expect(lookups).toEqual([slow, slow]);
    expect(inputs).toHaveLength(1);
    expect(inputs[0]!.damage.undecodable).toBe(broken.length + 2);
    expect(inputs[0]!.damage.notes[0]).toBe('line 2 is no JSON');
    expect(inputs[0]!.damage.notes).toHaveLength(5);
  });

  it('an input row may be of an input without rows, but not of any', async () => {
    const said = lineOf({ schema: INPUT_SCHEMA, ...toInputRow(inputOf({ input: 3 })) });
    const far = lineOf({ schema: INPUT_SCHEMA, ...toInputRow(inputOf({ input: 5000 })) });
    const { inputs } = await read([...exported([slow]), said, far, lineOf({ schema: INPUT_SCHEMA })]);
    expect(inputs.map((input) => input.packets)).toEqual([4, 0, 0, 1204]);
    expect(inputs[0]!.damage.undecodable).toBe(2);
  });

  it.each([
    ['transactions', JSON.stringify(transactionRows(toLookupRow(slow, captures))[0]), /transactions.*export rows/],
    ['requests', JSON.stringify(toRequestRow(requestOf(), captures)), /requests.*export rows/],
    ['a saved answer', '{"schema":"kubelag/1"}', /saved answer.*kubelag explain/],
    [
      'a saved answer as it is written',
      '{\n  "schema": "kubelag/1",\n  "tool": {}\n}',
      /saved answer.*kubelag explain/,
    ],
    ['rows of a later version', '{"schema":"kubelag/lookup/9"}', /another version.*export them again/],
    ['connections of a later version', '{"schema":"kubelag/connection/9"}', /another version.*export them again/],
    ['rows of another tool', '{"schema":"other/1"}', /holds no rows: line 1 is no row; make rows with/],
    ['something else', '{"name":"x"}', /holds no rows: line 1 is no lookup row; make rows with/],
    ['blank lines', ' ', /holds no rows/],
  ])('refuses %s in one line that says what to do', async (_, line, says) => {
    const failure: unknown = await read(line.split('\n')).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UserError);
    expect((failure as UserError).message).toMatch(says);
    expect((failure as UserError).message).toMatch(/^rows\.ndjson: [^\n]+$/);
  });

  it('refuses an empty file', async () => {
    await expect(read([])).rejects.toThrow('rows.ndjson: is empty; make rows with');
  });

  it('hands on a lookup that nobody else holds', async () => {
    const { lookups } = await read(exported([slow]));
    expect(lookups[0]!.attempts[0]).not.toBe(slow.attempts[0]);
    expect(at(lookups[0]!.startedAt)).toBe(slow.startedAt);
  });

  it('takes any lines without harm: rows, damage, or one sentence', async () => {
    const [row] = exported([slow]) as [string];
    const rows = [row, lineOf(toExchangeRow(exchange, captures)), lineOf(toConnectionRow(connection, captures))];
    const said = lineOf({ schema: INPUT_SCHEMA, ...toInputRow(inputOf()) });
    const real = fc.constantFrom(...rows, said);
    const mutated = real.chain((text) => tampered(JSON.parse(text))).map((value) => JSON.stringify(value) ?? '');
    const any = fc.oneof(real, mutated, fc.json(), fc.string());
    await fc.assert(
      fc.asyncProperty(fc.array(any, { maxLength: 8 }), async (lines) => {
        const inputs: Input[] = [];
        const failure: unknown = await read(lines, inputs).then(
          () => null,
          (error: unknown) => error,
        );
        expect(failure === null || failure instanceof UserError, String(failure)).toBe(true);
        for (const [index, input] of inputs.entries()) expect(input.input).toBe(index);
      }),
    );
  });
});
