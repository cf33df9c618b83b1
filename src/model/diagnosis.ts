import { Type, type Static } from 'typebox';
import { CONFIDENCES, RESOLVERS } from './lookup.ts';
import { SENSES, SEVERITIES, UNITS } from './finding.ts';
import { ENCRYPTIONS, HELD_ROWS, VANTAGES } from './input.ts';
import { ConnectionSchema } from './connection-schema.ts';
import { DIRECTIONS, EXCHANGE_PROTOCOLS } from './exchange.ts';
import { ExchangeSchema } from './exchange-schema.ts';
import { RequestSchema, ShareSchema } from './request-schema.ts';
import { SamplesSchema } from './samples.ts';
import { EditSchema, ManifestsSchema, PlaceSchema } from './manifests-schema.ts';
import { LookupSchema } from './lookup-schema.ts';
import { DIAGNOSIS_SCHEMA } from './schema-names.ts';
import { nullable, oneOf, PacketReferences } from './schema-parts.ts';

/**
 * The results contract, `kubelag/1`: what `--format json` prints and all that `report` reads.
 * Durations are seconds in fields that end in `Seconds`; times are RFC 3339 with nanoseconds,
 * or null where the input carries no date. Fields may be added; names and meanings stand.
 */
export { DIAGNOSIS_SCHEMA };

const latency = (description: string) =>
  Type.Object(
    {
      p50Seconds: Type.Number(),
      p90Seconds: Type.Number(),
      p99Seconds: Type.Number(),
      maxSeconds: Type.Number(),
      totalSeconds: Type.Number(),
      histogram: Type.Array(Type.Tuple([Type.Number(), Type.Integer()]), {
        description: 'occupied buckets as [lower bound in seconds, count]; adds up with others of its kind',
      }),
    },
    { description },
  );

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
    cutQuestions: Type.Optional(
      Type.Integer({ description: 'DNS messages cut within the name they ask for: lookups that are not seen' }),
    ),
    unseenSegments: Type.Optional(
      Type.Integer({ description: 'TCP segments that were acknowledged and are not in the capture' }),
    ),
    unseenQuestions: Type.Optional(
      Type.Integer({ description: 'DNS questions that were answered and are not in the capture' }),
    ),
    encrypted: Type.Optional(
      Type.Array(Type.Object({ by: oneOf(ENCRYPTIONS), packets: Type.Integer() }), {
        description: 'packets that are encrypted as a whole, by what encrypts them',
      }),
    ),
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
  holds: Type.Optional(
    Type.Array(oneOf(HELD_ROWS), { description: 'what of it an export has that was read in its place' }),
  ),
});

/** What each example says beside its row: in the same fields, whatever the row is. */
const shown = {
  request: Type.Null(),
  startedAt: nullable(Type.String()),
  startSeconds: Type.Number(),
  durationSeconds: Type.Number({ description: 'how long the caller waited for what the finding is about' }),
  packets: PacketReferences,
};

/** Which row it is stands in one of three fields; the other two are null. */
export const ExampleSchema = Type.Union([
  Type.Object({ lookup: Type.String(), exchange: Type.Null(), connection: Type.Null(), ...shown, row: LookupSchema }),
  Type.Object({
    lookup: Type.Null(),
    exchange: Type.String(),
    connection: Type.String(),
    ...shown,
    row: ExchangeSchema,
  }),
  Type.Object({
    lookup: Type.Null(),
    exchange: Type.Null(),
    connection: Type.String(),
    ...shown,
    row: ConnectionSchema,
  }),
  Type.Object({
    lookup: Type.Null(),
    exchange: Type.String(),
    connection: Type.Null(),
    ...shown,
    request: Type.String(),
    row: RequestSchema,
  }),
]);

const DurationsSchema = Type.Object({
  p50Seconds: Type.Number(),
  p90Seconds: Type.Number(),
  p99Seconds: Type.Number(),
  maxSeconds: Type.Number(),
  meanSeconds: Type.Number(),
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
  occurrences: Type.Object({ count: Type.Integer(), of: Type.Integer(), unit: oneOf([...UNITS, 'objects']) }),
  affected: nullable(Type.Object({ count: Type.Integer(), of: Type.Integer(), unit: Type.String() })),
  cost: Type.Object({
    totalSeconds: Type.Number(),
    p50Seconds: Type.Number(),
    maxSeconds: Type.Number(),
    shareOfLatency: Type.Number(),
    shareOf: Type.Optional(Type.String({ description: 'what that is a share of, in words' })),
    atMostSeconds: Type.Optional(
      Type.Number({ description: 'what it may have cost in all, with what shows in no packet' }),
    ),
  }),
  input: Type.Integer(),
  examples: Type.Array(ExampleSchema),
  evidence: Type.Array(
    Type.Object({ says: Type.String(), packets: PacketReferences, place: Type.Optional(PlaceSchema) }),
    { minItems: 1 },
  ),
  overlays: Type.Optional(
    Type.Array(Type.Object({ kustomization: Type.String(), object: Type.String() }), {
      description: 'where several kustomizations build the object: those that it is found in',
    }),
  ),
  assumed: Type.Optional(
    Type.Array(Type.String(), { description: 'what must hold beside, where manifests alone were judged' }),
  ),
  filter: nullable(Type.String()),
  filterLeavesOut: Type.Optional(
    Type.Integer({ description: 'packets that are proof as well, beyond those in the filter' }),
  ),
  because: Type.Array(
    Type.Object({
      component: Type.String(),
      setting: Type.String(),
      value: Type.String(),
      origin: oneOf(['default', 'manifest', 'wire']),
      source: Type.String(),
      place: Type.Optional(PlaceSchema),
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
      risk: Type.Optional(Type.String()),
      verify: Type.Optional(Type.String()),
      edits: Type.Optional(
        Type.Array(EditSchema, { description: 'the same as changes to the manifests that were read' }),
      ),
    }),
  ),
  whatIf: nullable(
    Type.Object({
      metric: Type.String({ description: 'where the change shows first' }),
      nowSeconds: Type.Number(),
      thenSeconds: Type.Number(),
      method: Type.String(),
      isAtMost: Type.Boolean({ description: 'no cure saves more; how much less is not known' }),
      count: Type.Integer({ description: 'how many of the unit are in `before` and `after`' }),
      unit: oneOf(UNITS),
      callers: nullable(
        Type.Integer({
          description:
            'replayed with so many callers who wait for their answer before they ask again; null: as they came',
        }),
      ),
      before: DurationsSchema,
      after: DurationsSchema,
      alone: Type.Array(
        Type.Object({
          change: Type.String(),
          remains: Type.Number({ description: 'the share of what is affected that would stay so' }),
          after: nullable(DurationsSchema),
        }),
        { description: 'what one change alone would leave; empty where the cause is one setting' },
      ),
    }),
  ),
  whatIfBecause: nullable(Type.String({ description: 'why nothing can be predicted' })),
  absorbs: Type.Array(
    Type.Object({
      rule: Type.String(),
      count: Type.Integer(),
      totalSeconds: Type.Number({ description: 'what these took in all' }),
    }),
  ),
  documentation: Type.String(),
});

export const DiagnosisSchema = Type.Object({
  schema: Type.Literal(DIAGNOSIS_SCHEMA),
  tool: Type.Object({ name: Type.String(), version: Type.String() }),
  inputs: Type.Array(InputSchema),
  verdict: Type.Object({
    status: oneOf(['found', 'clear', 'insufficient']),
    says: Type.String(),
    unexplained: Type.Optional(Type.String({ description: 'what took longer than any finding explains' })),
  }),
  findings: Type.Array(FindingSchema),
  manifests: Type.Optional(ManifestsSchema),
  ruledOut: Type.Array(
    Type.Object({
      rule: Type.String(),
      says: Type.String(),
      examined: Type.Object({ count: Type.Integer(), unit: Type.String() }),
    }),
  ),
  unobservable: Type.Array(
    Type.Object({
      rule: Type.String(),
      why: Type.String(),
      capture: nullable(Type.String()),
      // What the capture does not show at all; null where it shows it, but not enough.
      missing: nullable(oneOf(SENSES)),
    }),
  ),
  lookups: Type.Object({
    count: Type.Integer(),
    failed: Type.Integer(),
    latency: latency('of all lookups'),
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
    openAtEnd: Type.Optional(
      Type.Object(
        { count: Type.Integer(), slowestOfOthersSeconds: Type.Number() },
        {
          description: 'those without an answer when the capture ended, and the longest of all others; absent for none',
        },
      ),
    ),
  }),
  exchanges: Type.Object({
    count: Type.Integer(),
    calls: Type.Integer({ description: 'without streams and upgraded connections, which last by design' }),
    failed: Type.Integer({
      description: 'calls that ended with a 5xx, a gRPC or database error, or without an answer',
    }),
    latency: latency('of the calls, without connecting'),
    protocols: Type.Array(Type.Object({ name: oneOf(EXCHANGE_PROTOCOLS), count: Type.Integer() })),
    byServer: Type.Array(
      Type.Object({
        server: Type.String({ description: "address:port; 'others' for those beyond a bound" }),
        protocol: oneOf(EXCHANGE_PROTOCOLS),
        direction: oneOf(DIRECTIONS),
        count: Type.Integer(),
        p50Seconds: Type.Number(),
        p99Seconds: Type.Number(),
        maxSeconds: Type.Number(),
        totalSeconds: Type.Number(),
        share: Type.Number({ description: "of all calls' time" }),
      }),
      { description: 'dearest first' },
    ),
    slowest: Type.Array(ExchangeSchema),
  }),
  requests: Type.Object({
    count: Type.Integer(),
    ambiguous: Type.Integer({ description: 'of which some waits may belong to another' }),
    latency: latency('of all requests'),
    breakdown: Type.Array(
      Type.Object({
        ...ShareSchema.properties,
        requests: Type.Integer({ description: 'that had any of it' }),
        totalSeconds: Type.Number(),
        share: Type.Number({ description: "of all requests' time" }),
        p50Seconds: Type.Number({ description: 'of those that had any' }),
        p90Seconds: Type.Number(),
        p99Seconds: Type.Number(),
      }),
      { description: 'dearest first' },
    ),
    slowAgainstFast: Type.Array(
      Type.Object({
        ...ShareSchema.properties,
        slowSeconds: Type.Number({ description: 'mean of the slowest tenth' }),
        fastSeconds: Type.Number({ description: 'mean of the faster half' }),
      }),
      { description: 'what the slow ones have and the fast ones do not, most first' },
    ),
    slowest: Type.Array(RequestSchema),
    // Not in what was saved before they were told.
    unread: Type.Optional(
      Type.Array(
        Type.Object({
          service: Type.String({ description: 'address that received the requests' }),
          servers: Type.Array(Type.String(), { description: 'address:port, those with the most bytes first' }),
        }),
        { description: "whom services ask in what can't be read: that time is within their own" },
      ),
    ),
  }),
  connections: Type.Object({
    count: Type.Integer(),
    opened: Type.Integer({ description: 'of which the capture shows the handshake' }),
    failed: Type.Integer({ description: 'that were refused, or whose SYN was never answered' }),
    latency: latency('from the first SYN to the SYN-ACK'),
    tls: Type.Object({
      count: Type.Integer({ description: 'connections that speak TLS' }),
      full: Type.Integer(),
      resumed: Type.Integer(),
      latency: latency('of their handshakes'),
    }),
    roundTrip: latency("each connection's smoothed round-trip time"),
    retransmissions: Type.Integer({ description: 'resent segments' }),
    stalledSeconds: Type.Number({
      description: "sum of all stalls but the sender's own pauses and what the way took no faster",
    }),
    slowest: Type.Array(ConnectionSchema, { description: 'by their handshakes' }),
    unread: Type.Array(
      Type.Object({
        server: Type.String({ description: "address:port; 'others' for those beyond a bound" }),
        serverName: nullable(Type.String()),
        because: oneOf(['tls', 'protocol']),
        connections: Type.Integer(),
      }),
      { description: 'connections with data of which no exchange could be read, most first' },
    ),
  }),
  // Not in what was saved before comparisons were.
  samples: Type.Optional(SamplesSchema),
});

export type Diagnosis = Static<typeof DiagnosisSchema>;
export type Finding = Static<typeof FindingSchema>;
export type ExampleRow = Static<typeof ExampleSchema>;
export type LatencyRow = Diagnosis['lookups']['latency'];
export type InputRow = Static<typeof InputSchema>;
