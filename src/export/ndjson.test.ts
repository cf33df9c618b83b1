import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { InputSchema } from '../model/diagnosis.ts';
import { LookupSchema, type LookupRow } from '../model/lookup-schema.ts';
import { ConnectionSchema } from '../model/connection-schema.ts';
import { ExchangeSchema } from '../model/exchange-schema.ts';
import { problemsOf } from '../model/testing/validate.ts';
import { createDamage } from '../model/input.ts';
import { INPUT_SCHEMA, TRANSACTION_SCHEMA } from '../model/schema-names.ts';
import {
  atMs,
  attemptOf,
  connectionOf,
  exchangeOf,
  inputOf,
  lookupOf,
  requestOf,
  unanswered,
} from '../model/testing/rows.ts';
import { TransactionSchema } from '../model/transaction-schema.ts';
import type { TransactionRow } from '../model/transaction-row.ts';
import type { Input } from '../model/input.ts';
import { createNdjsonExporter } from './ndjson.ts';
import type { RowKind } from './row-exporter.ts';

const lookup = lookupOf({
  id: '0.l17',
  attempts: [
    attemptOf({ sentAt: atMs(20.1), sentPacket: 412, replyPacket: 413, repliedAt: atMs(20.5) }),
    attemptOf({
      ...unanswered,
      type: 28,
      sentAt: atMs(21),
      sentPacket: 414,
      resends: [{ at: atMs(5021), packet: 611, behindDnat: null }],
    }),
  ],
});

function exported(kind: RowKind, input: Input = inputOf()): unknown[] {
  let text = '';
  const exporter = createNdjsonExporter(kind, (part) => void (text += part));
  exporter.input(input);
  exporter.lookup(lookup);
  exporter.exchange(exchangeOf());
  exporter.connection(connectionOf());
  exporter.request(requestOf());
  exporter.finish();
  const lines = text.split('\n');
  expect(lines.pop()).toBe('');
  const rows = lines.map((line) => JSON.parse(line) as unknown);
  expect(exporter.rows).toBe({ rows: 3, lookups: 1, transactions: 2, connections: 1, exchanges: 1, requests: 1 }[kind]);
  return rows;
}

describe('createNdjsonExporter', () => {
  it('writes a lookup a line, as the contract has it', () => {
    const rows = exported('lookups') as LookupRow[];
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      schema: 'kubelag/lookup/1',
      id: '0.l17',
      startedAt: '2023-11-14T22:13:20.020100000Z',
    });
    expect(new Ajv().validate(LookupSchema, rows[0])).toBe(true);
  });

  it('writes an attempt a line that can be read alone', () => {
    const rows = exported('transactions') as TransactionRow[];
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatchObject({
      schema: TRANSACTION_SCHEMA,
      lookup: '0.l17',
      client: '10.0.3.7',
      server: '10.96.0.10',
      type: 'A',
      waitSeconds: 0.0004,
    });
    expect(rows[1]).toMatchObject({
      type: 'AAAA',
      reply: null,
      waitSeconds: null,
      sent: [{ packet: 414 }, { packet: 611 }],
    });
    const ajv = new Ajv();
    for (const row of rows) expect(ajv.validate(TransactionSchema, row), ajv.errorsText()).toBe(true);
  });

  it.each([
    ['connections', ConnectionSchema, '0.c1'],
    ['exchanges', ExchangeSchema, '0.e1'],
  ] as const)('writes %s a line each, and what must be known of their input', (kind, schema, id) => {
    const [row, input, ...more] = exported(kind);
    expect(row).toMatchObject({ id });
    expect(problemsOf(schema, row)).toEqual([]);
    expect(input).toMatchObject({ schema: INPUT_SCHEMA, vantage: { kind: 'pod' }, holds: [kind] });
    expect(problemsOf(InputSchema, input)).toEqual([]);
    expect(more).toEqual([]);
  });

  it('writes rows of all kinds as they come', () => {
    expect(exported('rows')).toMatchObject([
      { schema: 'kubelag/lookup/1' },
      { schema: 'kubelag/exchange/1' },
      { schema: 'kubelag/connection/1' },
      { schema: INPUT_SCHEMA, holds: ['lookups', 'connections', 'exchanges'] },
    ]);
  });

  it.each(['rows', 'lookups'] as const)('says how far the capture had been read: %s', (kind) => {
    const [row] = exported(kind);
    expect(row).toMatchObject({ readUntilSeconds: 61.2 });
    expect(problemsOf(LookupSchema, row)).toEqual([]);
  });

  it('holds no more of an input than was read of it', () => {
    expect(exported('rows', inputOf({ holds: ['exchanges'] })).at(-1)).toMatchObject({ holds: ['exchanges'] });
  });

  it('ends with a line on an input that dropped packets, which its lookups cannot tell', () => {
    const damage = { ...createDamage(), droppedByCapture: 12 };
    const rows = exported('lookups', inputOf({ damage }));
    expect(rows).toHaveLength(2);
    expect(rows[1]).toMatchObject({ schema: INPUT_SCHEMA, input: 0, damage, format: 'pcapng' });
    expect(new Ajv({ strict: false }).validate(InputSchema, rows[1])).toBe(true);
    expect(exported('transactions', inputOf({ damage }))).toHaveLength(2);
  });

  it('says that dated rows are of a text, whose lines Wireshark cannot show', () => {
    expect(exported('lookups', inputOf({ format: 'tcpdump text' }))).toHaveLength(2);
    expect(exported('lookups', inputOf({ format: 'tcpdump text', firstPacketAt: null }))).toHaveLength(1);
  });
});
