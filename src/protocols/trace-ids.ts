import { createHash } from 'node:crypto';

/** Headers that carry an identifier from call to call, in lower case, with how it stands in their values. */
export const TRACE_HEADERS = {
  // W3C Trace Context: version-trace-parent-flags.
  traceparent: /^[\da-f]{2}-([\da-f]{32})-/i,
  'x-request-id': /^([\da-f-]{16,40})$/i,
  // B3: several headers, or one: trace-span-sampled.
  'x-b3-traceid': /^([\da-f]{16,32})$/i,
  b3: /^([\da-f]{16,32})-/i,
  // AWS: Root=1-67891233-abcdef012345678912345678;Parent=…
  'x-amzn-trace-id': /(?:^|[; ])Root=(1-[\da-f]{8}-[\da-f]{24})/i,
  // Jaeger: trace:span:parent:flags, without leading zeros.
  'uber-trace-id': /^([\da-f]{13,32}):/i,
} as const;
export type TraceHeader = keyof typeof TRACE_HEADERS;

/** Of one exchange: the headers above, and what a proxy adds a second time. */
export const MAX_TRACE_IDS = 8;
// Of a hash: two of a billion ids are alike by chance once in ten.
const KEPT_DIGITS = 16;
// Fewer digits than that may be somebody's number.
const LEAST_DIGITS = 13;

/**
 * What may be kept of such a header: its name and a hash of its identifier, which is the same
 * wherever the identifier is. Null where it is no random one: what a person chose could be guessed
 * from its hash.
 */
export function traceIdOf(header: TraceHeader, value: string): string | null {
  const found = TRACE_HEADERS[header].exec(value)?.[1];
  if (found === undefined) return null;
  const digits = found.replaceAll('-', '').toLowerCase();
  if (digits.length < LEAST_DIGITS || !/^[\da-f]+$/.test(digits)) return null;
  const hash = createHash('sha256').update('kubelag trace id ').update(digits).digest('hex');
  return `${header}:${hash.slice(0, KEPT_DIGITS)}`;
}
