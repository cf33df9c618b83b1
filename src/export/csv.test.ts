import { describe, expect, it } from 'vitest';
import {
  atMs,
  attemptOf,
  connectionOf,
  exchangeOf,
  inputOf,
  lookupOf,
  stallOf,
  tlsOf,
  unanswered,
} from '../model/testing/rows.ts';
import type { Lookup } from '../model/lookup.ts';
import { createCsvExporter, csvLine, type TableKind } from './csv.ts';
import type { RowExporter } from './row-exporter.ts';

/** A reader of RFC 4180 of its own, so that the writer is not checked by itself. */
function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let cell = '';
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index] as string;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[index + 1] === '"') cell += text[++index];
      else quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === ',') {
      record.push(cell);
      cell = '';
    } else if (character === '\r' && text[index + 1] === '\n') {
      index++;
      records.push([...record, cell]);
      record = [];
      cell = '';
    } else cell += character;
  }
  expect([record, cell]).toEqual([[], '']);
  return records;
}

function exported(
  kind: TableKind,
  lookups: readonly Lookup[],
  more: (exporter: RowExporter) => void = () => {},
): Record<string, string>[] {
  let text = '';
  const exporter = createCsvExporter(kind, (part) => void (text += part));
  exporter.input(inputOf());
  for (const lookup of lookups) exporter.lookup(lookup);
  more(exporter);
  exporter.finish();
  const [heads, ...records] = parseCsv(text);
  for (const record of records) expect(record).toHaveLength(heads!.length);
  expect(exporter.rows).toBe(records.length);
  return records.map((record) => Object.fromEntries(heads!.map((head, index) => [head, record[index]!])));
}

const lookup = lookupOf({
  id: '0.l17',
  answers: ['10.0.4.4', '10.0.4.5'],
  attempts: [
    attemptOf({ sentPacket: 412, replyPacket: 413 }),
    attemptOf({
      ...unanswered,
      type: 28,
      sentAt: atMs(1),
      sentPacket: 414,
      resends: [{ at: atMs(5001), packet: 611, behindDnat: null }],
    }),
  ],
});

describe('createCsvExporter', () => {
  it('writes a lookup a record', () => {
    expect(exported('lookups', [lookup])[0]).toMatchObject({
      id: '0.l17',
      name: 'db.prod.svc.cluster.local',
      durationSeconds: '0.001',
      durationIsLowerBound: 'false',
      resolverDetail: '',
      answers: '10.0.4.4 10.0.4.5',
      attempts: '2',
      queriesSent: '3',
      unanswered: '1',
      packets: '412 413 414 611',
    });
  });

  it('writes an attempt a record', () => {
    const rows = exported('transactions', [lookup]);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatchObject({
      lookup: '0.l17',
      type: 'A',
      timesSent: '1',
      waitSeconds: '0.001',
      rcode: 'NOERROR',
    });
    expect(rows[1]).toMatchObject({ type: 'AAAA', timesSent: '2', sentPackets: '414 611', waitSeconds: '', rcode: '' });
  });

  it('writes a connection a record', () => {
    const connection = connectionOf({
      tls: tlsOf(),
      stalls: [stallOf(), stallOf({ reason: 'zero-window' }), stallOf()],
      stallCount: 70,
      retransmissions: { client: 1, server: 2 },
    });
    expect(exported('connections', [], (exporter) => exporter.connection(connection))).toMatchObject([
      {
        id: '0.c1',
        synSent: '1',
        connectSeconds: '0.0004',
        tlsServerName: 'api.example.test',
        tlsResumed: 'false',
        retransmissions: '3',
        stalls: '70',
        stallReasons: 'loss zero-window',
        goawayCode: '',
        packets: '1 9',
      },
    ]);
  });

  it('writes an exchange a record', () => {
    const exchange = exchangeOf({ path: '=/x', backend: '10.0.4.5:8080' });
    expect(exported('exchanges', [], (exporter) => exporter.exchange(exchange))).toMatchObject([
      {
        id: '0.e1',
        direction: 'outbound',
        method: 'GET',
        path: "'=/x",
        status: '200',
        grpcStatus: '',
        durationSeconds: '0.004',
        backend: '10.0.4.5:8080',
        connectSeconds: '',
        packets: '4 6',
      },
    ]);
  });

  it('writes the head even where there is nothing below it', () => {
    let text = '';
    createCsvExporter('lookups', (part) => void (text += part)).finish();
    expect(text).toMatch(/^id,input,name,.*packets\r\n$/);
  });

  it('quotes what RFC 4180 says must be, and keeps it', () => {
    const name = 'a,"b"\r\nc';
    expect(exported('lookups', [{ ...lookup, name }])[0]).toMatchObject({ name });
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', ' =x', '＝x'])(
    'makes %j text that no spreadsheet runs',
    (name) => {
      expect(exported('lookups', [{ ...lookup, name }])[0]).toMatchObject({ name: `'${name}` });
    },
  );

  it('leaves numbers numbers, below zero too', () => {
    expect(csvLine([-0.5, 'a-b', null, true])).toBe('-0.5,a-b,,true\r\n');
  });
});
