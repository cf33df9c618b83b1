import { between, toSeconds, type Timestamp } from '../base/time.ts';
import { toConnectionRow } from '../model/connection-row.ts';
import { toExchangeRow } from '../model/exchange-row.ts';
import type { Input } from '../model/input.ts';
import { toInputRow } from '../model/input-row.ts';
import { toLookupRow } from '../model/lookup-row.ts';
import { toRequestRow } from '../model/request-row.ts';
import { INPUT_SCHEMA } from '../model/schema-names.ts';
import { transactionRows } from '../model/transaction-row.ts';
import { HELD, type RowExporter, type RowKind, type Write } from './row-exporter.ts';

/**
 * Writes one JSON object a line. After the last row stands a line of schema `kubelag/input/1` for
 * each input of which the findings need to know more than the rows tell: always, but for lookups
 * of a capture without a flaw.
 */
export function createNdjsonExporter(kind: RowKind, write: Write): RowExporter {
  const inputs: Input[] = [];
  const held = HELD[kind];
  const [hasLookups, hasConnections, hasExchanges] = [
    held.includes('lookups'),
    held.includes('connections'),
    held.includes('exchanges'),
  ];
  const isReadAgain = kind === 'rows' || kind === 'lookups';
  let rows = 0;
  const line = (row: object): void => {
    rows++;
    write(`${JSON.stringify(row)}\n`);
  };
  /** What some rules make of a row depends on whether the capture went on after it. */
  const foundLine = (row: { input: number }, readUntil: Timestamp | undefined): void => {
    const input = inputs[row.input];
    if (!isReadAgain || input === undefined) return line(row);
    line({ ...row, readUntilSeconds: toSeconds(between(input.startsAt, readUntil ?? input.endsAt)) });
  };
  return {
    get rows() {
      return rows;
    },
    input(input) {
      inputs[input.input] = input;
    },
    lookup(lookup, readUntil) {
      if (hasLookups) foundLine(toLookupRow(lookup, inputs), readUntil);
      else if (kind === 'transactions') for (const row of transactionRows(toLookupRow(lookup, inputs))) line(row);
    },
    connection(connection, readUntil) {
      if (hasConnections) foundLine(toConnectionRow(connection, inputs), readUntil);
    },
    exchange(exchange, readUntil) {
      if (hasExchanges) foundLine(toExchangeRow(exchange, inputs), readUntil);
    },
    request(request) {
      if (kind === 'requests') line(toRequestRow(request, inputs));
    },
    finish() {
      if (held.length === 0) return;
      for (const input of inputs) {
        if (input === undefined || (kind === 'lookups' && !isFlawed(input))) continue;
        const holds = held.filter((one) => input.holds?.includes(one) ?? true);
        write(`${JSON.stringify({ schema: INPUT_SCHEMA, ...toInputRow({ ...input, holds }) })}\n`);
      }
    },
  };
}

/**
 * A capture that dropped packets itself, or is known to lack some, must not have them taken for losses on the way. And
 * rows with dates are taken for those of a pcap, whose packets Wireshark can show: dated text has none.
 */
const isFlawed = (input: Input): boolean =>
  input.damage.droppedByCapture + (input.damage.unseenQuestions ?? 0) > 0 ||
  (input.firstPacketAt !== null && !input.format.startsWith('pcap'));
