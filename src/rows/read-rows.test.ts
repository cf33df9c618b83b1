import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at } from '../base/time.ts';
import { createDamage, type Input } from '../model/input.ts';
import { toInputRow } from '../model/input-row.ts';
import { toLookupRow } from '../model/lookup-row.ts';
import type { Lookup } from '../model/lookup.ts';
import { packetId } from '../model/packet.ts';
import { INPUT_SCHEMA } from '../model/schema-names.ts';
import { atMs, attemptOf, inputOf, lookupOf, unanswered } from '../model/testing/rows.ts';
import { transactionRows } from '../model/transaction-row.ts';
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

const exported = (lookups: readonly Lookup[], inputs: readonly Input[] = captures): string[] =>
  lookups.map((lookup) => JSON.stringify(toLookupRow(lookup, inputs)));

async function read(lines: readonly string[], inputs: Input[] = []) {
  const lookups: Lookup[] = [];
  const begun: number[] = [];
  const observer = {
    input: (input: Input) => void begun.push(input.input),
    lookup: (lookup: Lookup) => {
      expect(begun).toContain(lookup.input);
      lookups.push(lookup);
    },
  };
  await readRows(lines, { path: 'rows.ndjson', damage: createDamage(), inputs, observers: [observer] });
  return { lookups, inputs, begun };
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

  it('takes from a line of its own what the capture dropped, and its format', async () => {
    const dropping = inputOf({ damage: { ...createDamage(), droppedByCapture: 12 }, format: 'pcapng+gzip' });
    const line = JSON.stringify({ schema: INPUT_SCHEMA, ...toInputRow(dropping) });
    const { inputs } = await read([...exported([slow]), line]);
    expect(inputs).toEqual([{ ...dropping, path: 'rows.ndjson', format: 'pcapng+gzip+ndjson' }]);
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

  it('an input row for an input without rows is damage', async () => {
    const line = JSON.stringify({ schema: INPUT_SCHEMA, ...toInputRow(inputOf({ input: 3 })) });
    const { inputs } = await read([...exported([slow]), line, JSON.stringify({ schema: INPUT_SCHEMA })]);
    expect(inputs[0]!.damage.undecodable).toBe(2);
  });

  it.each([
    ['transactions', JSON.stringify(transactionRows(toLookupRow(slow, captures))[0]), /transactions.*export lookups/],
    ['a saved answer', '{"schema":"kubelag/1"}', /saved answer.*kubelag explain/],
    [
      'a saved answer as it is written',
      '{\n  "schema": "kubelag/1",\n  "tool": {}\n}',
      /saved answer.*kubelag explain/,
    ],
    ['rows of a later version', '{"schema":"kubelag/lookup/9"}', /another version.*export them again/],
    ['something else', '{"name":"x"}', /holds no lookup: line 1 is no lookup row; make rows with/],
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
    const mutated = fc
      .tuple(fc.constantFrom(...Object.keys(JSON.parse(row) as object)), fc.jsonValue())
      .map(([key, value]) => JSON.stringify({ ...(JSON.parse(row) as object), [key]: value }));
    const line = fc.oneof(fc.constant(row), mutated, fc.json(), fc.string());
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 8 }), async (lines) => {
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
