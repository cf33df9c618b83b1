import type { Comparison } from '../model/comparison.ts';
import type { Diagnosis } from '../model/diagnosis.ts';
import { COMPARISON_SCHEMA } from '../model/schema-names.ts';
import { compareBreakdowns } from './breakdown.ts';
import { compareFindings } from './findings.ts';
import { compareLatencies } from './latencies.ts';
import { verdictOf } from './verdict.ts';

const METHOD =
  'p50, p90 and means (p99 from 300 on) of what both sides have, each kind (method, path, server) as often as ' +
  'before. Intervals: 4,000 stationary bootstrap replicates, blocks as long as neighbours depend on one another. ' +
  'Improved or worse: the interval leaves out no change, all figures together wrong in 5 % of comparisons, and the ' +
  'change is at least 15 % (p90 and mean 25 %, p99 40 %) and 1 ms.';

/** Did it work? What changed from one diagnosis to another, and whether chance explains it. */
export function compareDiagnoses(before: Diagnosis, after: Diagnosis): Comparison {
  const latencies = compareLatencies(before.samples ?? [], after.samples ?? []);
  const findings = compareFindings(before, after);
  return {
    schema: COMPARISON_SCHEMA,
    tool: after.tool,
    verdict: verdictOf(before, after, latencies, findings),
    before: { inputs: before.inputs, says: before.verdict.says },
    after: { inputs: after.inputs, says: after.verdict.says },
    latencies,
    breakdown: compareBreakdowns(before.requests, after.requests),
    findings,
    method: METHOD,
  };
}
