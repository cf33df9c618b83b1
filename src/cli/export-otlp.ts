import { formatCount, plural } from '../base/text.ts';
import { UserError } from '../model/user-error.ts';
import { analyzeInputs, type Context } from './analysis.ts';
import { EXIT } from './exit-status.ts';
import type { ExportOptions } from './export.ts';
import { openDestination } from './output.ts';

/**
 * `kubelag export otlp FILE…`: requests as traces, to a file that collectors read or, where asked,
 * to a collector over HTTP.
 */
export async function exportOtlp(paths: readonly string[], options: ExportOptions, context: Context): Promise<number> {
  if (options.format === 'csv') throw new UserError('export otlp --format csv: traces are no table; leave it out');
  const exported =
    options.endpoint === undefined
      ? await toFile(paths, options, context)
      : await toEndpoint(paths, options, context, options.endpoint);
  if (exported > 0) return EXIT.clear;
  context.io.stderr.write(`kubelag: ${paths.join(', ')}: holds no request to export\n`);
  return EXIT.unobserved;
}

async function toFile(paths: readonly string[], options: ExportOptions, context: Context): Promise<number> {
  const { createOtlpExporter } = await import('../export/otlp.ts');
  const destination = openDestination(context.io, options.output, paths);
  const exporter = createOtlpExporter((text) => destination.write(text));
  await analyzeInputs(paths, options, context, [exporter]);
  destination.close();
  return exporter.requests;
}

/** All is read first: whoever takes spans slowly must not hold up a capture that runs. */
async function toEndpoint(
  paths: readonly string[],
  options: ExportOptions,
  context: Context,
  url: URL,
): Promise<number> {
  if (options.output !== undefined)
    throw new UserError('--output and --endpoint: spans go to one place; give either of them');
  const [{ createOtlpExporter }, { createSpool }, { sendOtlp }] = await Promise.all([
    import('../export/otlp.ts'),
    import('../export/spool.ts'),
    import('../export/otlp-send.ts'),
  ]);
  const headers = otlpHeaders(context.io.environment);
  const spool = createSpool();
  try {
    const exporter = createOtlpExporter(spool.write);
    await analyzeInputs(paths, options, context, [exporter]);
    const { rejected, because } = await sendOtlp(spool.lines(), { url, headers });
    if (rejected > 0) {
      const why = because === null ? '' : `: ${because}`;
      context.io.stderr.write(
        `kubelag: ${formatCount(rejected)} of ${plural(exporter.spans, 'span')} were refused${why}\n`,
      );
    } else if (options.quiet !== true && exporter.requests > 0) {
      context.io.stderr.write(
        `kubelag: sent ${plural(exporter.requests, 'request')} as ${plural(exporter.spans, 'span')} to ${url.origin}\n`,
      );
    }
    return exporter.requests;
  } finally {
    spool.close();
  }
}

// What a collector asks for may be a key: from the environment, as for any exporter, and never on a command line.
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/
const HEADERS = ['OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'OTEL_EXPORTER_OTLP_HEADERS'] as const;

/** `name=value,name=value`, values with percent-encoding. */
export function otlpHeaders(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const name = HEADERS.find((one) => (environment[one] ?? '') !== '');
  if (name === undefined) return {};
  const headers: Record<string, string> = {};
  for (const part of (environment[name] as string).split(',')) {
    const match = /^\s*([!#$%&'*+.^_`|~\w-]+)\s*=\s*([\x20-\x7e]*?)\s*$/.exec(part);
    // Without what stands there: it may be a key.
    if (match === null) throw new UserError(`${name}: is no list of headers; write name=value,name=value`);
    headers[match[1] as string] = decoded(match[2] as string);
  }
  return headers;
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    // A lone % stands for itself.
    return value;
  }
}
