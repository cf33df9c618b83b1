import { formatCount } from '../base/text.ts';
import type { FindingComparison } from '../model/comparison.ts';
import type { Diagnosis, Finding } from '../model/diagnosis.ts';
import { fisher } from './fisher.ts';
import { SHOWN_CONFIDENCE } from './judge.ts';

type Side = NonNullable<FindingComparison['before']>;

/** Which findings are gone, which are new, and which are as they were. */
export function compareFindings(before: Diagnosis, after: Diagnosis): FindingComparison[] {
  const left = [...after.findings];
  const take = (test: (finding: Finding) => boolean): Finding | null => {
    const index = left.findIndex(test);
    return index < 0 ? null : (left.splice(index, 1)[0] as Finding);
  };
  const alike = before.findings.map(
    (ours) => [ours, take((theirs) => theirs.rule === ours.rule && theirs.subject.name === ours.subject.name)] as const,
  );
  // A pod that was replaced has another address: the same rule about the same sort of thing is the same finding.
  const pairs = alike.map(
    ([ours, theirs]) =>
      [ours, theirs ?? take((other) => other.rule === ours.rule && other.subject.kind === ours.subject.kind)] as const,
  );
  return [
    ...pairs.map(([ours, theirs]) => (theirs === null ? gone(ours, after) : still(ours, theirs))),
    ...left.map((theirs) => added(theirs, before)),
  ];
}

function gone(ours: Finding, after: Diagnosis): FindingComparison {
  const side = sideOf(ours);
  const base = { rule: ours.rule, title: ours.title, before: side, after: null };
  const unseen = after.unobservable.find(({ rule }) => rule === ours.rule);
  if (unseen !== undefined) {
    return { ...base, change: 'unclear', because: `could not be seen after: ${unseen.why}`, probability: null };
  }
  const examined = after.ruledOut.find(({ rule }) => rule === ours.rule)?.examined ?? null;
  if (examined === null) {
    return { ...base, change: 'unclear', because: 'the rule came to no verdict after', probability: null };
  }
  const of = lookedAt(examined, side);
  const probability = fisher(side, { count: 0, of });
  const looked = `not found among ${amongWords(examined, side)} after`;
  return probability < 1 - SHOWN_CONFIDENCE
    ? { ...base, change: 'gone', because: looked, probability }
    : { ...base, change: 'unclear', because: `${looked}, which chance may do`, probability };
}

function still(ours: Finding, theirs: Finding): FindingComparison {
  const before = sideOf(ours);
  const after = sideOf(theirs);
  const probability = before.unit === after.unit ? fisher(before, after) : null;
  const differs = probability !== null && probability < 1 - SHOWN_CONFIDENCE;
  const rises = after.count / Math.max(1, after.of) > before.count / Math.max(1, before.of);
  return {
    rule: ours.rule,
    title: ours.title,
    change: differs ? (rises ? 'more' : 'less') : 'unchanged',
    because: `${formatCount(before.count)} of ${formatCount(before.of)} before, ${formatCount(after.count)} of ${formatCount(after.of)} after`,
    probability,
    before,
    after,
  };
}

function added(theirs: Finding, before: Diagnosis): FindingComparison {
  const side = sideOf(theirs);
  const base = { rule: theirs.rule, title: theirs.title, before: null, after: side };
  const unseen = before.unobservable.find(({ rule }) => rule === theirs.rule);
  if (unseen !== undefined) {
    return { ...base, change: 'unclear', because: `could not be seen before: ${unseen.why}`, probability: null };
  }
  const examined = before.ruledOut.find(({ rule }) => rule === theirs.rule)?.examined ?? null;
  if (examined === null) return { ...base, change: 'new', because: 'not found before', probability: null };
  const of = lookedAt(examined, side);
  const probability = fisher({ count: 0, of }, side);
  return { ...base, change: 'new', because: `not found among ${amongWords(examined, side)} before`, probability };
}

/** How many a rule looked at where it found nothing: a rule that counts in another unit saw no fewer of them. */
const lookedAt = (examined: { count: number; unit: string }, side: Side): number =>
  examined.unit === side.unit ? examined.count : Math.min(examined.count, side.of);

/** In the unit that it counted in: pairs of queries are no lookups. */
const amongWords = ({ count, unit }: { count: number; unit: string }, side: Side): string =>
  unit === side.unit ? formatCount(count) : `${formatCount(count)} ${unit}`;

const sideOf = ({ says, severity, occurrences, subject }: Finding): Side => ({
  says,
  severity,
  count: Math.min(occurrences.count, occurrences.of),
  of: occurrences.of,
  unit: occurrences.unit,
  subject: subject.name,
});
