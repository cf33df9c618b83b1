import { Type, type Static, type TEnum } from 'typebox';
import { CONFIDENCES, END_REASONS, OUTCOMES, RESOLVERS } from './lookup.ts';
import { SEVERITIES } from './finding.ts';
import { VANTAGES } from './input.ts';
import { DIAGNOSIS_SCHEMA } from './schema-names.ts';

/**
 * The results contract, `kubelag/1`: what `--format json` prints and all that `report` reads.
 * Durations are seconds in fields that end in `Seconds`; times are RFC 3339 with nanoseconds,
 * or null where the input carries no date. Fields may be added; names and meanings stand.
 */
export { DIAGNOSIS_SCHEMA };

// The type is spelt out: inferred, the values would widen to any string or number.
const oneOf = <const Values extends readonly string[]>(values: Values): TEnum<[...Values]> =>
  Type.Enum<[...Values]>([...values]);
const nullable = <Schema extends Parameters<typeof Type.Union>[0][number]>(schema: Schema) =>
  Type.Union([schema, Type.Null()]);

const Packets = Type.Array(Type.Union([Type.Integer(), Type.String()]), {
  description: "frame numbers within the item's own input; '1:413' for packet 413 of input 1",
});

const Latency = Type.Object({
  p50Seconds: Type.Number(),
  p90Seconds: Type.Number(),
  p99Seconds: Type.Number(),
  maxSeconds: Type.Number(),
  totalSeconds: Type.Number(),
  histogram: Type.Array(Type.Tuple([Type.Number(), Type.Integer()]), {
    description: 'occupied buckets as [lower bound in seconds, count]; adds up with others of its kind',
  }),
});

export const InputSchema = Type.Object({
  input: Type.Integer(),
  path: Type.String(),
  format: Type.String(),
  linkTypes: Type.Array(Type.String()),
  packets: Type.Integer(),
  firstPacket: nullable(Type.String()),
  durationSeconds: Type.Number(),
  snapLength: nullable(Type.Integer()),
  damage: Type.Object({
    cut: Type.Integer(),
    undecodable: Type.Integer(),
    duplicates: Type.Integer(),
    droppedByCapture: Type.Integer(),
    notes: Type.Array(Type.String()),
  }),
  vantage: Type.Object({
    kind: oneOf(VANTAGES),
    addresses: Type.Array(Type.String()),
    because: Type.String(),
    sees: Type.Object({
      dns: Type.Boolean(),
      tcp: Type.Boolean(),
      http: Type.Boolean(),
      bothDirections: Type.Boolean(),
    }),
  }),
});

const OtherReplySchema = Type.Object({
  at: nullable(Type.String()),
  atSeconds: Type.Number(),
  packet: Type.Union([Type.Integer(), Type.String()]),
  rcode: Type.String(),
});

export const AttemptSchema = Type.Object({
  name: Type.String(),
  type: Type.String(),
  transactionId: Type.Integer(),
  clientPort: Type.Integer(),
  server: Type.String(),
  serverPort: Type.Integer(),
  transport: oneOf(['udp', 'tcp']),
  sent: Type.Array(
    Type.Object({
      at: nullable(Type.String()),
      atSeconds: Type.Number({ description: "since the input's first packet" }),
      packet: Type.Union([Type.Integer(), Type.String()]),
      behindDnat: nullable(oneOf(['before', 'both'])),
    }),
    { minItems: 1 },
  ),
  reply: nullable(
    Type.Object({
      at: nullable(Type.String()),
      atSeconds: Type.Number(),
      packet: Type.Union([Type.Integer(), Type.String()]),
      rcode: Type.String(),
      truncated: Type.Boolean(),
      answers: Type.Integer(),
      addresses: Type.Array(Type.String()),
      ttlSeconds: nullable(Type.Number()),
    }),
  ),
  earlierReplies: Type.Array(OtherReplySchema, {
    description: 'replies that the client did not leave it at: it asked again afterwards',
  }),
  lateReplies: Type.Array(OtherReplySchema, {
    description: "answers to earlier sendings that came after the resend's own",
  }),
  unreachableSeconds: nullable(Type.Number({ description: 'when ICMP said that nobody listens there' })),
  backend: nullable(Type.String({ description: 'where a DNAT sent the query, as seen behind it' })),
});

export const LookupSchema = Type.Object({
  schema: Type.Optional(Type.String()),
  id: Type.String(),
  input: Type.Integer(),
  name: Type.String(),
  startedAt: nullable(Type.String()),
  startSeconds: Type.Number(),
  durationSeconds: Type.Number(),
  durationIsLowerBound: Type.Boolean(),
  endBecause: oneOf(END_REASONS),
  endTimer: nullable(Type.Object({ seconds: Type.Number(), source: Type.String() })),
  outcome: oneOf(OUTCOMES),
  resolver: oneOf(RESOLVERS),
  resolverDetail: nullable(Type.String()),
  resolverConfidence: oneOf(CONFIDENCES),
  resolverBecause: Type.String(),
  client: Type.String(),
  server: Type.String(),
  answers: Type.Array(Type.String()),
  attempts: Type.Array(AttemptSchema),
});

export const FindingSchema = Type.Object({
  rule: Type.String(),
  title: Type.String(),
  severity: oneOf(SEVERITIES),
  severityBecause: Type.String({ description: 'the threshold that was reached, in words' }),
  confidence: oneOf(CONFIDENCES),
  confidenceBecause: Type.String(),
  basis: oneOf(['observed', 'predicted', 'confirmed']),
  says: Type.String(),
  subject: Type.Object({ kind: Type.String(), name: Type.String(), workload: nullable(Type.String()) }),
  occurrences: Type.Object({ count: Type.Integer(), of: Type.Integer(), unit: Type.String() }),
  affected: nullable(Type.Object({ count: Type.Integer(), of: Type.Integer(), unit: Type.String() })),
  cost: Type.Object({
    totalSeconds: Type.Number(),
    p50Seconds: Type.Number(),
    maxSeconds: Type.Number(),
    shareOfLatency: Type.Number(),
  }),
  input: Type.Integer(),
  examples: Type.Array(
    Type.Object({
      lookup: Type.String(),
      request: Type.Null(),
      startedAt: nullable(Type.String()),
      startSeconds: Type.Number(),
      durationSeconds: Type.Number(),
      packets: Packets,
      row: LookupSchema,
    }),
  ),
  evidence: Type.Array(Type.Object({ says: Type.String(), packets: Packets }), { minItems: 1 }),
  filter: nullable(Type.String()),
  because: Type.Array(
    Type.Object({
      component: Type.String(),
      setting: Type.String(),
      value: Type.String(),
      origin: oneOf(['default', 'manifest', 'wire']),
      source: Type.String(),
    }),
  ),
  fix: Type.Array(
    Type.Object({
      title: Type.String(),
      kind: oneOf(['manifest', 'environment', 'code', 'infrastructure']),
      safety: oneOf(['safe', 'review']),
      target: Type.String(),
      patch: Type.Unknown(),
      command: nullable(Type.String()),
      rollback: Type.String(),
    }),
  ),
  whatIf: nullable(
    Type.Object({
      metric: Type.String(),
      nowSeconds: Type.Number(),
      thenSeconds: Type.Number(),
      method: Type.String(),
    }),
  ),
  absorbs: Type.Array(Type.Object({ rule: Type.String(), count: Type.Integer() })),
  documentation: Type.String(),
});

export const DiagnosisSchema = Type.Object({
  schema: Type.Literal(DIAGNOSIS_SCHEMA),
  tool: Type.Object({ name: Type.String(), version: Type.String() }),
  inputs: Type.Array(InputSchema),
  verdict: Type.Object({ status: oneOf(['found', 'clear', 'insufficient']), says: Type.String() }),
  findings: Type.Array(FindingSchema),
  ruledOut: Type.Array(
    Type.Object({
      rule: Type.String(),
      says: Type.String(),
      examined: Type.Object({ count: Type.Integer(), unit: Type.String() }),
    }),
  ),
  unobservable: Type.Array(Type.Object({ rule: Type.String(), why: Type.String(), capture: nullable(Type.String()) })),
  lookups: Type.Object({
    count: Type.Integer(),
    failed: Type.Integer(),
    latency: Latency,
    resolvers: Type.Array(
      Type.Object({
        name: oneOf(RESOLVERS),
        detail: nullable(Type.String()),
        lookups: Type.Integer(),
        confidence: oneOf(CONFIDENCES),
        because: Type.String(),
      }),
    ),
    leftOut: Type.Object(
      { count: Type.Integer(), because: nullable(Type.String()) },
      { description: "lookups that belong to no client under study, such as tcpdump's own" },
    ),
    slowest: Type.Array(LookupSchema),
  }),
});

export type Diagnosis = Static<typeof DiagnosisSchema>;
export type Finding = Static<typeof FindingSchema>;
export type LookupRow = Static<typeof LookupSchema>;
export type AttemptRow = Static<typeof AttemptSchema>;
export type InputRow = Static<typeof InputSchema>;
