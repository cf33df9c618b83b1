import { holdRows } from '../export/held-rows.ts';
import type { RowKind } from '../export/row-exporter.ts';
import { UserError } from '../model/user-error.ts';
import { analyzeInputs, type Context, type ReadingOptions } from './analysis.ts';
import { EXIT } from './exit-status.ts';
import { openDestination } from './output.ts';

export const EXPORT_FORMATS = ['ndjson', 'csv'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportOptions extends ReadingOptions {
  format: ExportFormat;
  output?: string;
  /** Of a collector; for `otlp`. */
  endpoint?: URL;
}

/** `kubelag export rows|lookups|… FILE…`: rows for other tools, written as they are found. */
export async function exportRows(
  kind: RowKind,
  paths: readonly string[],
  options: ExportOptions,
  context: Context,
): Promise<number> {
  const { io } = context;
  if (options.endpoint !== undefined) {
    throw new UserError(`export ${kind} --endpoint: collectors take traces; write: kubelag export otlp`);
  }
  if (options.format === 'csv' && kind === 'rows') {
    throw new UserError('export rows --format csv: rows of several kinds are no table; name one kind, or leave ndjson');
  }
  const destination = openDestination(io, options.output, paths);
  const write = (text: string): void => destination.write(text);
  const exporter =
    options.format === 'csv' && kind !== 'rows'
      ? (await import('../export/csv.ts')).createCsvExporter(kind, write)
      : (await import('../export/ndjson.ts')).createNdjsonExporter(kind, write);
  await analyzeInputs(paths, options, context, [holdRows(kind, exporter)]);
  destination.close();
  if (exporter.rows > 0) return EXIT.clear;
  io.stderr.write(`kubelag: ${paths.join(', ')}: holds no ${NOTHING[kind]} to export\n`);
  return EXIT.unobserved;
}

const NOTHING: Readonly<Record<RowKind, string>> = {
  rows: 'lookup, connection or exchange',
  lookups: 'lookup',
  transactions: 'lookup',
  connections: 'connection',
  requests: 'request',
  exchanges: 'readable exchange',
};
