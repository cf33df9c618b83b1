import type { Finding } from '../model/diagnosis.ts';
import { connectionExample, exchangeExample } from './event-lines.ts';
import { lookupExample } from './lookup-example.ts';
import { packetsOfRow } from './query-lines.ts';
import type { Style } from './style.ts';
import { waterfall } from './waterfall.ts';

/** The packets of the dearest example, those that prove it, each line four columns in. */
export function exampleLines(style: Style, finding: Finding): string[] {
  const [example] = finding.examples;
  if (example === undefined) return [];
  if (example.request !== null) return waterfall(style, example.row);
  if (example.exchange !== null) return exchangeExample(style, example.row);
  if (example.lookup === null) return connectionExample(style, example.row);
  const proving = [...example.packets, ...finding.evidence.flatMap(({ packets }) => packets)];
  return lookupExample(style, example.row, packetsOfRow(proving, finding.input, example.row.input));
}
