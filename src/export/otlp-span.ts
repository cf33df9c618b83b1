/*
 * What OTLP/JSON is made of: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding. Ids
 * are hexadecimal, 64-bit integers are strings, enumerations are numbers.
 */

/** opentelemetry.proto.trace.v1.Span.SpanKind */
export const SPAN_KIND = { internal: 1, server: 2, client: 3 } as const;
/** opentelemetry.proto.trace.v1.Status.StatusCode */
export const STATUS_ERROR = 2;

export interface Attribute {
  key: string;
  value: { stringValue: string } | { intValue: string } | { doubleValue: number } | { boolValue: boolean };
}

export interface SpanLink {
  traceId: string;
  spanId: string;
  attributes: Attribute[];
}

export interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Attribute[];
  links?: SpanLink[];
  status?: { code: number };
}

type Value = string | number | boolean | null;

/** What was not seen (null, '', NaN, below zero) has no attribute. Whole numbers are integers. */
export function attributes(values: Readonly<Record<string, Value>>): Attribute[] {
  const list: Attribute[] = [];
  for (const [key, value] of Object.entries(values)) {
    if (typeof value === 'string' && value !== '') list.push({ key, value: { stringValue: value } });
    if (typeof value === 'boolean') list.push({ key, value: { boolValue: value } });
    if (typeof value === 'number' && value >= 0) list.push({ key, value: { intValue: String(value) } });
  }
  return list;
}

/** Fractions, such as seconds. */
export const doubles = (values: Readonly<Record<string, number>>): Attribute[] =>
  Object.entries(values).map(([key, doubleValue]) => ({ key, value: { doubleValue } }));
