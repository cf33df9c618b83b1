import type { Finding } from '../model/diagnosis.ts';
import { SEVERITIES } from '../model/finding.ts';
import { CONFIDENCES } from '../model/lookup.ts';
import { CALLERS_GET_AN_ERROR } from './severity.ts';

/** The order in which findings are told. */
export const dearestFirst = (a: Finding, b: Finding): number =>
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
