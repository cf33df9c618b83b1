import type { Input } from '../model/input.ts';
import type { AttemptRow, LookupRow } from '../model/diagnosis.ts';
import { toLookupRow } from '../model/lookup-row.ts';
import { transactionRows, type TransactionRow } from '../model/transaction-row.ts';
import type { RowExporter, RowKind, Write } from './row-exporter.ts';

type Cell = string | number | boolean | null;
/** A column's head and what stands in it. */
type Column<Row> = readonly [head: string, cell: (row: Row) => Cell];

const sentPackets = (attempt: AttemptRow): (number | string)[] => attempt.sent.map((sent) => sent.packet);

const LOOKUP_COLUMNS: readonly Column<LookupRow>[] = [
  ['id', (row) => row.id],
  ['input', (row) => row.input],
  ['name', (row) => row.name],
  ['startedAt', (row) => row.startedAt],
  ['startSeconds', (row) => row.startSeconds],
  ['durationSeconds', (row) => row.durationSeconds],
  ['durationIsLowerBound', (row) => row.durationIsLowerBound],
  ['endBecause', (row) => row.endBecause],
  ['endTimerSeconds', (row) => row.endTimer?.seconds ?? null],
  ['outcome', (row) => row.outcome],
  ['resolver', (row) => row.resolver],
  ['resolverDetail', (row) => row.resolverDetail],
  ['resolverConfidence', (row) => row.resolverConfidence],
  ['client', (row) => row.client],
  ['server', (row) => row.server],
  ['answers', (row) => row.answers.join(' ')],
  ['attempts', (row) => row.attempts.length],
  ['queriesSent', (row) => row.attempts.reduce((sum, attempt) => sum + attempt.sent.length, 0)],
  ['unanswered', (row) => row.attempts.filter((attempt) => attempt.reply === null).length],
  [
    'packets',
    (row) => row.attempts.flatMap((attempt) => [...sentPackets(attempt), attempt.reply?.packet ?? []].flat()).join(' '),
  ],
];

const TRANSACTION_COLUMNS: readonly Column<TransactionRow>[] = [
  ['lookup', (row) => row.lookup],
  ['input', (row) => row.input],
  ['client', (row) => row.client],
  ['clientPort', (row) => row.clientPort],
  ['server', (row) => row.server],
  ['serverPort', (row) => row.serverPort],
  ['transport', (row) => row.transport],
  ['name', (row) => row.name],
  ['type', (row) => row.type],
  ['transactionId', (row) => row.transactionId],
  ['sentAt', (row) => row.sent[0]?.at ?? null],
  ['sentSeconds', (row) => row.sent[0]?.atSeconds ?? null],
  ['timesSent', (row) => row.sent.length],
  ['sentPackets', (row) => sentPackets(row).join(' ')],
  ['repliedAt', (row) => row.reply?.at ?? null],
  ['replySeconds', (row) => row.reply?.atSeconds ?? null],
  ['waitSeconds', (row) => row.waitSeconds],
  ['replyPacket', (row) => row.reply?.packet ?? null],
  ['rcode', (row) => row.reply?.rcode ?? null],
  ['truncated', (row) => row.reply?.truncated ?? null],
  ['answers', (row) => row.reply?.answers ?? null],
  ['addresses', (row) => row.reply?.addresses.join(' ') ?? null],
  ['ttlSeconds', (row) => row.reply?.ttlSeconds ?? null],
  ['unreachableSeconds', (row) => row.unreachableSeconds],
  ['behindDnat', (row) => row.sent[0]?.behindDnat ?? null],
  ['backend', (row) => row.backend],
];

/** Writes RFC 4180: a head, then one line a lookup or attempt. What holds lists holds them with spaces between. */
export function createCsvExporter(kind: RowKind, write: Write): RowExporter {
  const inputs: Input[] = [];
  const heads = kind === 'lookups' ? LOOKUP_COLUMNS.map(([head]) => head) : TRANSACTION_COLUMNS.map(([head]) => head);
  let rows = 0;
  const line = <Row>(of: readonly Column<Row>[], row: Row): void => {
    if (rows === 0) write(csvLine(heads));
    rows++;
    write(csvLine(of.map(([, cell]) => cell(row))));
  };
  return {
    get rows() {
      return rows;
    },
    input(input) {
      inputs[input.input] = input;
    },
    lookup(lookup) {
      const row = toLookupRow(lookup, inputs);
      if (kind === 'lookups') line(LOOKUP_COLUMNS, row);
      else for (const transaction of transactionRows(row)) line(TRANSACTION_COLUMNS, transaction);
    },
    finish() {
      if (rows === 0) write(csvLine(heads));
    },
  };
}

/** One record with its CRLF (RFC 4180 section 2). */
export const csvLine = (cells: readonly Cell[]): string => `${cells.map(csvCell).join(',')}\r\n`;

// A spreadsheet runs what begins so as a formula, and names come from whoever asked for them:
// an apostrophe makes it text. Numbers are ours, and stay numbers.
// https://owasp.org/www-community/attacks/CSV_Injection
const FORMULA = /^[\s]*[=+\-@\t\r\n\uFF0B\uFF0D\uFF1D\uFF20]/;

function csvCell(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell !== 'string') return String(cell);
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
