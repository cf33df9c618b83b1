import { Type, type Static } from 'typebox';
import { oneOf } from './schema-parts.ts';

/**
 * What latencies are of: `requests` with all they waited for; exchanges that reach the observed
 * pod, that leave it, or of which that can't be told (`calls`); lookups.
 */
export const SAMPLED = ['requests', 'inbound', 'outbound', 'calls', 'lookups'] as const;
export type Sampled = (typeof SAMPLED)[number];

/** What is alike enough that two of it may be compared: method and path template at one server. */
const SampledKind = Type.Object({
  protocol: Type.String({ description: "'dns' for lookups" }),
  method: Type.String(),
  path: Type.String({ description: "with {id} for identifiers; the name of a lookup; '' for all that is not listed" }),
  host: Type.String(),
  server: Type.String({ description: "address:port; '' for lookups" }),
  count: Type.Integer(),
  failed: Type.Integer(),
});

export const SamplesSchema = Type.Array(
  Type.Object({
    of: oneOf(SAMPLED),
    count: Type.Integer({ description: 'all that were seen whole; streams and what the capture cut are none' }),
    kinds: Type.Array(SampledKind, { description: 'most first' }),
    rows: Type.Object(
      {
        startSeconds: Type.Array(Type.Number()),
        durationSeconds: Type.Array(Type.Number()),
        kind: Type.Array(Type.Integer({ description: 'index into kinds' })),
      },
      { description: 'a random sample of each kind, in order of start: all of them where they are few' },
    ),
  }),
);

export type Samples = Static<typeof SamplesSchema>;
export type SampledRows = Samples[number];
export type SampledKindRow = SampledRows['kinds'][number];
