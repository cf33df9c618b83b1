import { Recent } from '../base/recent.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Input } from '../model/input.ts';
import type { Observer } from '../model/observer.ts';
import type { Request } from '../model/request.ts';
import { TOOL } from '../model/version.ts';
import { SCHEMA_URL, type ExchangeFacts } from './otlp-conventions.ts';
import { attributes, type Span } from './otlp-span.ts';
import { traceOf } from './otlp-trace.ts';
import type { Write } from './row-exporter.ts';

// What collectors take at a time by default (OTEL_BSP_MAX_EXPORT_BATCH_SIZE); some 0.7 MB of JSON.
const MAX_BATCH = 512;
// Requests come some ten thousand rows after their exchanges.
const MAX_FACTS = 1 << 16;

export interface OtlpExporter extends Observer {
  readonly requests: number;
  readonly spans: number;
}

/**
 * Writes requests as traces: one ExportTraceServiceRequest in JSON a line, as collectors read files
 * (https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/) and take them over HTTP.
 */
export function createOtlpExporter(write: Write): OtlpExporter {
  const inputs: Input[] = [];
  const facts = new Recent<string, ExchangeFacts>(MAX_FACTS);
  /** By the service that was observed. */
  let batch = new Map<string, Span[]>();
  let inBatch = 0;
  let requests = 0;
  let spans = 0;

  function flush(): void {
    if (inBatch === 0) return;
    write(`${JSON.stringify({ resourceSpans: [...batch].map(([service, own]) => resourceSpans(service, own)) })}\n`);
    batch = new Map();
    inBatch = 0;
  }

  return {
    get requests() {
      return requests;
    },
    get spans() {
      return spans;
    },
    input(input) {
      inputs[input.input] = input;
    },
    exchange(exchange) {
      facts.set(exchange.id, factsOf(exchange));
    },
    request(request) {
      const input = inputs[request.input];
      if (input === undefined) return;
      const trace = traceOf(request, input, (id) => facts.get(id));
      const service = serviceOf(request);
      const known = batch.get(service);
      if (known === undefined) batch.set(service, trace);
      else known.push(...trace);
      requests++;
      spans += trace.length;
      inBatch += trace.length;
      if (inBatch >= MAX_BATCH) flush();
    },
    finish: flush,
  };
}

/** Whose waits they are: the server's that received it, or the client's that called. */
const serviceOf = ({ waits, exchange, client, server }: Request): string =>
  waits.some(({ ref }) => ref === exchange) ? client : server;

const factsOf = (exchange: Exchange): ExchangeFacts => ({
  protocol: exchange.protocol,
  client: exchange.client,
  clientPort: exchange.clientPort,
  server: exchange.server,
  serverPort: exchange.serverPort,
  method: exchange.method,
  path: exchange.path,
  host: exchange.host,
  status: exchange.status,
  grpcStatus: exchange.grpcStatus,
  outcome: exchange.outcome,
  error: exchange.error,
});

const resourceSpans = (service: string, spans: readonly Span[]): object => ({
  // A capture knows no names of workloads: the address tells them apart.
  resource: { attributes: attributes({ 'service.name': service }) },
  scopeSpans: [{ scope: { name: TOOL.name, version: TOOL.version }, spans, schemaUrl: SCHEMA_URL }],
});
