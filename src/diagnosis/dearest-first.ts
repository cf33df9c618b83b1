import type { Finding } from '../model/diagnosis.ts';
import { SEVERITIES, sparesRequests } from '../model/finding.ts';
import { CONFIDENCES } from '../model/lookup.ts';
import { CALLERS_GET_AN_ERROR, MAJOR_LATENCY_SHARE } from './severity.ts';

/**
 * The order in which findings are told: what costs requests much of their time stands before what is dear, and
 * slows down none of them.
 */
export function dearestFirst(findings: readonly Finding[]): Finding[] {
  const sorted = findings.toSorted(bySeverity);
  const slow = sorted.findLastIndex(slowsRequestsDown) + 1;
  const before = sorted.slice(0, slow);
  return [...before.filter((one) => !sparesRequests(one)), ...before.filter(sparesRequests), ...sorted.slice(slow)];
}

const bySeverity = (a: Finding, b: Finding): number =>
  SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
  // What was seen before what is only said.
  Number(a.basis === 'predicted') - Number(b.basis === 'predicted') ||
  // What loses calls costs hardly any time, and is what people call about.
  Number(losesCalls(b)) - Number(losesCalls(a)) ||
  b.cost.totalSeconds - a.cost.totalSeconds ||
  CONFIDENCES.indexOf(a.confidence) - CONFIDENCES.indexOf(b.confidence) ||
  a.rule.localeCompare(b.rule, 'en');

/** Where its errors alone make it that severe: of what is severe for its cost, the cost tells. */
const losesCalls = ({ severityBecause }: Finding): boolean => severityBecause === CALLERS_GET_AN_ERROR;

/** By what requests themselves take of it, or would take without. */
function slowsRequestsDown({ severity, occurrences, cost, whatIf }: Finding): boolean {
  if (severity !== 'critical' && severity !== 'major') return false;
  if (occurrences.unit === 'requests') return cost.shareOfLatency >= MAJOR_LATENCY_SHARE;
  if (whatIf === null || whatIf.unit !== 'requests') return false;
  return whatIf.after.meanSeconds <= (1 - MAJOR_LATENCY_SHARE) * whatIf.before.meanSeconds;
}
