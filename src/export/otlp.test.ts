import { describe, expect, it } from 'vitest';
import { milliseconds, nanoseconds, seconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Request } from '../model/request.ts';
import { atMs, exchangeOf, inputOf, requestOf, waitOf } from '../model/testing/rows.ts';
import type { Attribute, Span } from './otlp-span.ts';
import { createOtlpExporter } from './otlp.ts';

interface Line {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: { scope: { name: string }; spans: Span[]; schemaUrl: string }[];
  }[];
}

function linesOf(requests: readonly Request[], exchanges: readonly Exchange[] = []): Line[] {
  const lines: string[] = [];
  const exporter = createOtlpExporter((text) => void lines.push(text));
  exporter.input?.(inputOf());
  for (const exchange of exchanges) exporter.exchange?.(exchange);
  for (const request of requests) exporter.request?.(request);
  exporter.finish?.();
  expect(exporter.requests).toBe(requests.length);
  return lines.map((line) => JSON.parse(line) as Line);
}

const spansOf = (requests: readonly Request[], exchanges?: readonly Exchange[]): Span[] =>
  linesOf(requests, exchanges).flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
  );

const valueOf = ({ attributes }: Pick<Span, 'attributes'>, key: string): unknown => {
  const value = attributes.find((one) => one.key === key)?.value;
  return value === undefined ? undefined : Object.values(value)[0];
};

const request = requestOf({
  duration: milliseconds(60),
  waits: [
    waitOf({ reason: 'queue', to: '169.254.169.254:80', ref: '', what: '', packets: [], startedAt: atMs(1) }),
    waitOf({ reason: 'dns', to: '10.96.0.10:53', ref: '0.l3', what: 'db.prod.svc.cluster.local', startedAt: atMs(12) }),
    waitOf({
      ref: '0.e2',
      startedAt: atMs(30),
      confidence: 'possible',
      probability: 0.6,
      alternatives: [{ request: '0.r2', probability: 0.4 }],
    }),
  ],
});

describe('requests as traces', () => {
  it('have a span for the request and one for each wait within it', () => {
    const [root, ...waits] = spansOf([request]);
    expect(root).toMatchObject({ name: 'GET /api/search', kind: 2 });
    expect(root?.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(root?.parentSpanId).toBeUndefined();
    expect(waits.map(({ name, kind }) => [name, kind])).toEqual([
      ['queue', 1],
      ['dns lookup', 1],
      ['POST /_search', 3],
    ]);
    for (const wait of waits) {
      expect(wait).toMatchObject({ traceId: root?.traceId, parentSpanId: root?.spanId });
      expect(wait.spanId).toMatch(/^[0-9a-f]{16}$/);
    }
    expect(new Set([root, ...waits].map((span) => span?.spanId)).size).toBe(4);
  });

  it('have times since 1970 to the nanosecond', () => {
    const [root, , lookup] = spansOf([{ ...request, startedAt: atMs(0.000001) }]);
    expect(root).toMatchObject({
      startTimeUnixNano: '1700000000000000001',
      endTimeUnixNano: '1700000000060000001',
    });
    expect(lookup).toMatchObject({ startTimeUnixNano: '1700000000012000000', endTimeUnixNano: '1700000000022000000' });
  });

  it('say what their time went to, and how sure each link is', () => {
    const [root, queue, , call] = spansOf([request]) as [Span, Span, Span, Span];
    expect(valueOf(root, 'kubelag.queue_seconds')).toBe(0.01);
    expect(valueOf(root, 'kubelag.dns_seconds')).toBe(0.01);
    expect(valueOf(root, 'kubelag.own_seconds')).toBe(0.03);
    expect(valueOf(queue, 'kubelag.wait.reason')).toBe('queue');
    expect(valueOf(call, 'kubelag.link.confidence')).toBe('possible');
    expect(valueOf(call, 'kubelag.link.probability')).toBe(0.6);
    expect(valueOf(call, 'kubelag.packets')).toBe('18 19');
  });

  it('link to the request that a call could belong to as well', () => {
    const other = requestOf({ id: '0.r2' });
    const spans = spansOf([request, other]);
    const root = spans.find((span) => valueOf(span, 'kubelag.request.id') === '0.r2');
    const call = spans.find(({ links }) => links !== undefined);
    expect(call?.links).toMatchObject([{ traceId: root?.traceId, spanId: root?.spanId }]);
  });

  it('are the same traces however often they are exported', () => {
    expect(spansOf([request])).toEqual(spansOf([request]));
  });

  it('know of a call what its exchange knows', () => {
    const exchange = exchangeOf({ id: '0.e2', method: 'POST', path: '/_search', status: 503, outcome: 'error' });
    const call = spansOf([request], [exchange]).at(-1) as Span;
    expect(call).toMatchObject({ name: 'POST /_search', kind: 3, status: { code: 2 } });
    expect(valueOf(call, 'http.response.status_code')).toBe('503');
    expect(valueOf(call, 'error.type')).toBe('503');
    expect(valueOf(call, 'server.address')).toBe('api.prod.svc.cluster.local');
  });

  it.each<[string, Partial<Exchange>, Record<string, unknown>]>([
    [
      'gRPC',
      { protocol: 'grpc', path: '/shop.Cart/Get', grpcStatus: 14, outcome: 'error', method: 'POST' },
      {
        name: 'shop.Cart/Get',
        'rpc.system.name': 'grpc',
        'rpc.status_code': 'UNAVAILABLE',
        'error.type': 'UNAVAILABLE',
      },
    ],
    [
      'a database',
      { protocol: 'postgresql', method: 'SELECT', path: '', host: '', status: -1, error: '40001', outcome: 'error' },
      { name: 'SELECT', 'db.system.name': 'postgresql', 'db.response.status_code': '40001', 'error.type': '40001' },
    ],
    [
      'Kafka',
      { protocol: 'kafka', method: 'Produce', path: '', host: '' },
      { name: 'Produce', 'messaging.system': 'kafka' },
    ],
    ['a 404', { status: 404 }, { 'error.type': '404' }],
    ['a method of nobody', { method: 'BREW' }, { name: 'HTTP /api/items', 'http.request.method': '_OTHER' }],
    ['a reset', { status: -1, outcome: 'reset' }, { 'error.type': 'reset', 'http.response.status_code': undefined }],
  ])('have the conventions of %s', (_, parts, expected) => {
    const call = spansOf([request], [exchangeOf({ id: '0.e2', ...parts })]).at(-1) as Span;
    for (const [key, value] of Object.entries(expected)) {
      expect([key, key === 'name' ? call.name : valueOf(call, key)]).toEqual([key, value]);
    }
  });

  it("take a 404 for the caller's failure, and a 500 for the server's own", () => {
    const [notFound, failed] = spansOf([requestOf({ status: 404 }), requestOf({ id: '0.r2', status: 500 })]);
    expect(notFound?.status).toBeUndefined();
    expect(failed?.status).toEqual({ code: 2 });
  });

  it("are a client's where the request is its own call", () => {
    const own = requestOf({
      exchange: '0.e9',
      direction: 'outbound',
      duration: milliseconds(20),
      waits: [
        waitOf({ reason: 'connect', ref: '0.c1', what: '', startedAt: atMs(0), duration: milliseconds(2) }),
        waitOf({ ref: '0.e9', startedAt: atMs(2), duration: milliseconds(18) }),
      ],
    });
    const [line] = linesOf([own]);
    expect(valueOf(line?.resourceSpans[0]?.resource ?? { attributes: [] }, 'service.name')).toBe('10.0.9.2');
    expect(spansOf([own]).map(({ name, kind }) => [name, kind])).toEqual([
      ['GET /api/search', 3],
      ['connect', 1],
    ]);
  });

  it('come some hundred spans a line, by service', () => {
    const many = Array.from({ length: 400 }, (_, index) =>
      requestOf({
        ...request,
        id: `0.r${index}`,
        server: `10.0.3.${index % 2}`,
        own: nanoseconds(0),
        duration: seconds(1),
      }),
    );
    const lines = linesOf(many);
    expect(lines.length).toBeGreaterThan(2);
    for (const { resourceSpans } of lines) expect(resourceSpans).toHaveLength(2);
    expect(spansOf(many)).toHaveLength(1600);
  });
});
