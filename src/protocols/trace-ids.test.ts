import { describe, expect, it } from 'vitest';
import { traceIdOf, type TraceHeader } from './trace-ids.ts';

const ID = '4bf92f3577b34da6a3ce929d0e0e4736';

const of = (trace: string, span: string) => traceIdOf('traceparent', `00-${trace}-${span}-01`);

describe('an identifier that travels', () => {
  it.each<[TraceHeader, string]>([
    ['traceparent', `00-${ID}-00f067aa0ba902b7-01`],
    ['x-request-id', ID],
    ['x-request-id', '4bf92f35-77b3-4da6-a3ce-929d0e0e4736'],
    ['x-b3-traceid', ID.toUpperCase()],
    ['b3', `${ID}-00f067aa0ba902b7-1`],
    ['uber-trace-id', `${ID}:00f067aa0ba902b7:0:1`],
  ])('is kept of %s as its name and a hash', (header, value) => {
    const kept = traceIdOf(header, value);
    expect(kept).toMatch(new RegExp(`^${header}:[0-9a-f]{16}$`));
    expect(kept).not.toContain(ID.slice(0, 8));
    expect(kept?.split(':')[1]).toBe(traceIdOf('x-request-id', ID)?.split(':')[1]);
  });

  it("is AWS' root, whatever stands beside it", () => {
    const root = 'Root=1-67891233-abcdef012345678912345678';
    const kept = traceIdOf('x-amzn-trace-id', root);
    expect(kept).not.toBeNull();
    expect(traceIdOf('x-amzn-trace-id', `Self=1-67891234-12456789abcdef012345678a;${root};Sampled=1`)).toBe(kept);
  });

  it('differs where the identifier does, and not by the span', () => {
    expect(of(ID, '00f067aa0ba902b7')).toBe(of(ID, '11f067aa0ba902b7'));
    expect(of(ID, '00f067aa0ba902b7')).not.toBe(of(ID.replace('4', '5'), '00f067aa0ba902b7'));
  });

  it.each<[TraceHeader, string]>([
    ['x-request-id', 'order-4711 of anna@example.com'],
    ['x-request-id', '4711'],
    ['x-request-id', ''],
    ['traceparent', 'garbage'],
    ['x-amzn-trace-id', 'Self=1-67891234-12456789abcdef012345678a'],
  ])('is none in %s: %j', (header, value) => {
    expect(traceIdOf(header, value)).toBeNull();
  });
});
