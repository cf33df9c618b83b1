import { toConnectionRow } from '../model/connection-row.ts';
import { toExchangeRow } from '../model/exchange-row.ts';
import type { Input } from '../model/input.ts';
import { toLookupRow } from '../model/lookup-row.ts';
import { toRequestRow } from '../model/request-row.ts';
import { transactionRows } from '../model/transaction-row.ts';
import {
  CONNECTION_COLUMNS,
  EXCHANGE_COLUMNS,
  LOOKUP_COLUMNS,
  REQUEST_COLUMNS,
  TRANSACTION_COLUMNS,
  type Cell,
  type Column,
} from './csv-columns.ts';
import type { RowExporter, RowKind, Write } from './row-exporter.ts';

/** A table has rows of one kind. */
export type TableKind = Exclude<RowKind, 'rows'>;

const COLUMNS: Readonly<Record<TableKind, readonly (readonly [head: string, ...unknown[]])[]>> = {
  lookups: LOOKUP_COLUMNS,
  transactions: TRANSACTION_COLUMNS,
  connections: CONNECTION_COLUMNS,
  exchanges: EXCHANGE_COLUMNS,
  requests: REQUEST_COLUMNS,
};

/** Writes RFC 4180: a head, then one line a row. What holds lists holds them with spaces between. */
export function createCsvExporter(kind: TableKind, write: Write): RowExporter {
  const inputs: Input[] = [];
  let rows = 0;
  const head = (): void => write(csvLine(COLUMNS[kind].map(([name]) => name)));
  const line = <Row>(of: readonly Column<Row>[], row: Row): void => {
    if (rows === 0) head();
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
      if (kind === 'lookups') line(LOOKUP_COLUMNS, toLookupRow(lookup, inputs));
      if (kind !== 'transactions') return;
      for (const row of transactionRows(toLookupRow(lookup, inputs))) line(TRANSACTION_COLUMNS, row);
    },
    connection(connection) {
      if (kind === 'connections') line(CONNECTION_COLUMNS, toConnectionRow(connection, inputs));
    },
    exchange(exchange) {
      if (kind === 'exchanges') line(EXCHANGE_COLUMNS, toExchangeRow(exchange, inputs));
    },
    request(request) {
      if (kind === 'requests') line(REQUEST_COLUMNS, toRequestRow(request, inputs));
    },
    finish() {
      if (rows === 0) head();
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
