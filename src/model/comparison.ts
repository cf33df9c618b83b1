import { Type, type Static } from 'typebox';
import { InputSchema } from './diagnosis.ts';
import { SEVERITIES } from './finding.ts';
import { SAMPLED } from './samples.ts';
import { COMPARISON_SCHEMA } from './schema-names.ts';
import { nullable, oneOf } from './schema-parts.ts';

/** The contract of `kubelag compare --format json`: names and meanings stand, fields may be added. */

/**
 * - `improved`, `worse`: by more than would matter, and more than chance explains
 * - `equal`: any change that chance might hide is too small to matter
 * - `undecided`: not enough data to say
 */
export const CHANGES = ['improved', 'equal', 'worse', 'undecided'] as const;
export type Change = (typeof CHANGES)[number];

export const FINDING_CHANGES = ['gone', 'less', 'unchanged', 'more', 'new', 'unclear'] as const;

const ChangeSchema = Type.Object({
  figure: oneOf(['p50', 'p90', 'p99', 'mean']),
  beforeSeconds: Type.Number(),
  afterSeconds: Type.Number(),
  change: Type.Number({ description: 'after as a share of before, less 1: -0.93 is 93 % less' }),
  low: Type.Number({ description: 'the 95 % interval of the change' }),
  high: Type.Number(),
  drift: Type.Number({ description: 'by how much the halves of one side differ by themselves, the larger of the two' }),
  verdict: oneOf(CHANGES),
  wouldDo: nullable(
    Type.Integer({ description: 'undecided: so many on each side would tell, if they differ as these do' }),
  ),
});

const CountSchema = Type.Object({ count: Type.Integer(), of: Type.Integer() });

const KindSchema = Type.Object({
  protocol: Type.String(),
  method: Type.String(),
  path: Type.String(),
  host: Type.String(),
  server: Type.String(),
});

const LatencyComparisonSchema = Type.Object({
  of: oneOf(SAMPLED),
  verdict: oneOf(CHANGES),
  before: Type.Object({ count: Type.Integer(), compared: Type.Integer(), blockLength: Type.Number() }),
  after: Type.Object({ count: Type.Integer(), compared: Type.Integer(), blockLength: Type.Number() }),
  changes: Type.Array(ChangeSchema, { description: 'of the kinds that both sides have, each as often as before' }),
  failures: Type.Object({
    before: CountSchema,
    after: CountSchema,
    verdict: oneOf(CHANGES),
    probability: Type.Number({ description: "Fisher's exact test, two-sided" }),
  }),
  mix: Type.Object({
    likeWithLike: Type.Boolean({ description: 'false: too little in common, so all are compared together' }),
    distance: Type.Number({ description: 'share of all that is of another kind than before, 0 to 1' }),
    rawChange: nullable(Type.Number({ description: "change of the p50 without taking the mix's change out" })),
    onlyBefore: Type.Array(Type.Object({ kind: KindSchema, count: Type.Integer() })),
    onlyAfter: Type.Array(Type.Object({ kind: KindSchema, count: Type.Integer() })),
  }),
  kinds: Type.Array(
    Type.Object({
      kind: KindSchema,
      before: Type.Integer(),
      after: Type.Integer(),
      p50: nullable(ChangeSchema),
    }),
    { description: 'those of which both sides have enough, most time first' },
  ),
});

const FindingSideSchema = Type.Object({
  says: Type.String(),
  severity: oneOf(SEVERITIES),
  count: Type.Integer(),
  of: Type.Integer(),
  unit: Type.String(),
  subject: Type.String(),
});

export const ComparisonSchema = Type.Object({
  schema: Type.Literal(COMPARISON_SCHEMA),
  tool: Type.Object({ name: Type.String(), version: Type.String() }),
  verdict: Type.Object({ status: oneOf(CHANGES), says: Type.String() }),
  before: Type.Object({ inputs: Type.Array(InputSchema), says: Type.String() }),
  after: Type.Object({ inputs: Type.Array(InputSchema), says: Type.String() }),
  latencies: Type.Array(LatencyComparisonSchema),
  breakdown: Type.Array(
    Type.Object({
      reason: Type.String(),
      to: Type.String(),
      beforeSeconds: Type.Number({ description: 'of a request, on average' }),
      afterSeconds: Type.Number(),
    }),
    { description: 'where the time of requests went; empty where no requests can be seen on both sides' },
  ),
  findings: Type.Array(
    Type.Object({
      rule: Type.String(),
      title: Type.String(),
      change: oneOf(FINDING_CHANGES),
      because: Type.String(),
      probability: nullable(
        Type.Number({ description: 'of a difference as large by chance alone: Fisher, two-sided' }),
      ),
      before: nullable(FindingSideSchema),
      after: nullable(FindingSideSchema),
    }),
  ),
  method: Type.String(),
});

export type Comparison = Static<typeof ComparisonSchema>;
export type LatencyComparison = Comparison['latencies'][number];
export type FigureChange = LatencyComparison['changes'][number];
export type FindingComparison = Comparison['findings'][number];
export type ComparedKind = LatencyComparison['kinds'][number]['kind'];
