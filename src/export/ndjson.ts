import { INPUT_SCHEMA } from '../model/schema-names.ts';
import type { Input } from '../model/input.ts';
import { toInputRow } from '../model/input-row.ts';
import { toLookupRow } from '../model/lookup-row.ts';
import { transactionRows } from '../model/transaction-row.ts';
import type { RowExporter, RowKind, Write } from './row-exporter.ts';

/**
 * Writes one JSON object a line, in order of start: a lookup, or each of its attempts.
 * After the last lookup stands a line of schema `kubelag/input/1` for each input of which the
 * findings need to know more than the rows tell.
 */
export function createNdjsonExporter(kind: RowKind, write: Write): RowExporter {
  const inputs: Input[] = [];
  let rows = 0;
  return {
    get rows() {
      return rows;
    },
    input(input) {
      inputs[input.input] = input;
    },
    lookup(lookup) {
      const row = toLookupRow(lookup, inputs);
      if (kind === 'lookups') {
        rows++;
        write(`${JSON.stringify(row)}\n`);
        return;
      }
      for (const transaction of transactionRows(row)) {
        rows++;
        write(`${JSON.stringify(transaction)}\n`);
      }
    },
    finish() {
      if (kind !== 'lookups') return;
      for (const input of inputs) {
        if (needsItsOwnLine(input)) write(`${JSON.stringify({ schema: INPUT_SCHEMA, ...toInputRow(input) })}\n`);
      }
    },
  };
}

/**
 * A capture that dropped packets itself must not have them taken for losses on the way. And
 * rows with dates are taken for those of a pcap, whose packets Wireshark can show: dated text has none.
 */
const needsItsOwnLine = (input: Input | undefined): input is Input =>
  input !== undefined &&
  (input.damage.droppedByCapture > 0 || (input.firstPacketAt !== null && !input.format.startsWith('pcap')));
