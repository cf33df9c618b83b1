import { analyze } from '../../src/analyze.ts';
import type { Diagnosis, Finding } from '../../src/model/diagnosis.ts';
import type { Case, Expected } from './cases.ts';
import { createTraced, type Links } from './links.ts';
import { savingOf as savingAgainst, type Saving } from './twins.ts';

/** What became of one cause, or of one finding that nobody expected. */
export interface Outcome {
  /** The rule's id; of several that would be right, the first. */
  rule: string;
  /**
   * `found`, `missed`; `false`: reported and not true; `cheap`: found, and of severity `info` by what
   * it cost; `hidden`: this capture can't show it.
   */
  kind: 'found' | 'missed' | 'false' | 'cheap' | 'hidden';
  /** |found − true| / true, NaN where the truth or the unit does not allow to say. */
  countError: number;
  costError: number;
  /** Of what the cure was predicted to save of the median request, against what it saved. */
  savingError: number;
  says: string;
}

export interface Scored {
  case: Case;
  outcomes: readonly Outcome[];
  /** Rules above info that were reported, for the confusion. */
  reported: readonly string[];
  links: Links;
  /** What the cure was predicted to save, against its twin; null where there is none. */
  saving: Saving | null;
}

// An occurrence of these is one caller's wait, so it is compared with the truth's requests.
const AS_REQUESTS: ReadonlySet<string> = new Set(['exchanges', 'calls', 'lookups', 'requests']);

/** Runs the tool over one capture and holds its answer against the truth. Findings of severity `info` don't count. */
export async function score(one: Case): Promise<Scored> {
  const traced = createTraced();
  const { diagnosis } = await analyze({
    paths: [one.path],
    dnsPorts: [53],
    clients: [],
    names: [],
    slowerThan: null,
    observers: [traced.observer],
  });
  return scoreDiagnosis(one, diagnosis, traced.links(one.links));
}

/** @param diagnosis of that case's capture */
function scoreDiagnosis(one: Case, diagnosis: Diagnosis, links: Links): Scored {
  const findings = diagnosis.findings.filter((finding) => finding.severity !== 'info');
  const outcomes: Outcome[] = [];
  const taken = new Set<string>();
  for (const expected of one.expected) {
    for (const rule of expected.rules) taken.add(rule);
    outcomes.push(judge(expected, findings, diagnosis.findings));
  }
  for (const rule of new Set(findings.map((finding) => finding.rule))) {
    if (taken.has(rule) || one.alsoTrue.has(rule)) continue;
    const says = findings.find((finding) => finding.rule === rule)?.says ?? '';
    outcomes.push({ rule, kind: 'false', ...NO_ERRORS, says });
  }
  const rules = one.expected.flatMap((expected) => expected.rules);
  const saving = one.twin === undefined ? null : savingAgainst(diagnosis, rules, `${one.id}/${one.side}`, one.twin);
  return { case: one, outcomes, reported: findings.map((finding) => finding.rule), links, saving };
}

function judge(expected: Expected, findings: readonly Finding[], all: readonly Finding[]): Outcome {
  const rule = expected.rules[0] ?? '';
  const own = findings.filter((finding) => expected.rules.includes(finding.rule));
  const nothing = { rule, ...NO_ERRORS };
  if (own.length > 0) {
    const [first] = own as [Finding];
    const count = own.reduce((sum, finding) => sum + finding.occurrences.count, 0);
    const cost = own.reduce((sum, finding) => sum + finding.cost.totalSeconds, 0);
    const atMost = own.reduce((sum, finding) => sum + (finding.cost.atMostSeconds ?? finding.cost.totalSeconds), 0);
    const truth = expected.counts[AS_REQUESTS.has(first.occurrences.unit) ? 'requests' : first.occurrences.unit];
    return {
      rule,
      kind: 'found',
      countError: errorOf(count, truth),
      costError: errorOf(nearest(cost, atMost, expected.costSeconds), expected.costSeconds ?? undefined),
      savingError: errorOf(savingOf(first), expected.savingSeconds ?? undefined),
      says: first.says,
    };
  }
  // A symptom that its cause has absorbed was found.
  const absorber = findings.find((finding) => finding.absorbs.some((one) => expected.rules.includes(one.rule)));
  if (absorber !== undefined) return { ...nothing, kind: 'found', says: `absorbed by ${absorber.rule}` };
  const cheap = all.find((finding) => expected.rules.includes(finding.rule));
  if (cheap !== undefined) return { ...nothing, kind: 'cheap', says: cheap.severityBecause };
  if (expected.notShown !== null) return { ...nothing, kind: 'hidden', says: expected.notShown };
  return { ...nothing, kind: 'missed', says: '' };
}

const NO_ERRORS = { countError: Number.NaN, costError: Number.NaN, savingError: Number.NaN };

/** Of the median; NaN where another quantile is predicted. */
const savingOf = ({ whatIf }: Finding): number =>
  whatIf !== null && whatIf.metric.endsWith('p50') ? whatIf.nowSeconds - whatIf.thenSeconds : Number.NaN;

/** Of a range, what of it is nearest to the truth. */
const nearest = (least: number, most: number, truth: number | null): number =>
  truth === null ? least : Math.min(Math.max(least, truth), Math.max(least, most));

const errorOf = (found: number, truth: number | undefined): number =>
  truth === undefined || truth <= 0 ? Number.NaN : Math.abs(found - truth) / truth;
