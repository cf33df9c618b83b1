import { describe, expect, it } from 'vitest';
import { toSeconds } from '../../../base/time.ts';
import type { Report } from '../../../model/finding.ts';
import type { Input } from '../../../model/input.ts';
import type { Rule } from '../define-rule.ts';
import { runRule, type Outcome, type Rows } from './run-rule.ts';

export interface Expected {
  message?: string;
  says?: RegExp;
  count?: number;
  of?: number;
  subject?: string;
  confidence?: Report['confidence'];
  because?: RegExp;
  /** The median cost lies between these, in seconds. */
  cost?: readonly [number, number];
  /** Each is met by the title or patch of a fix. */
  fixes?: readonly RegExp[];
  /** None is. */
  noFixes?: readonly RegExp[];
  settings?: readonly RegExp[];
  evidence?: readonly RegExp[];
  errors?: number;
  habit?: boolean;
  onlyInfo?: boolean;
  /** What each change alone would leave, in percent. */
  alone?: readonly (readonly [change: RegExp, percent: number])[];
}

interface Case extends Rows {
  name: string;
  inputs?: readonly Input[];
}

/** Cases of one rule: what it finds, the near misses that stay silent, and what it cannot see. */
export function ruleTester(
  rule: Rule,
  cases: {
    finds: readonly (Case & { reports: readonly Expected[] })[];
    clear: readonly (Case & { says?: RegExp })[];
    unobservable?: readonly (Case & { why: RegExp })[];
  },
): void {
  const names = [...cases.finds, ...cases.clear, ...(cases.unobservable ?? [])].map(({ name }) => name);
  if (new Set(names).size < names.length) throw new Error(`${rule.id}: two cases have one name`);

  describe(`${rule.id} finds`, () => {
    it.each(cases.finds)('$name', ({ inputs, reports, ...rows }) => {
      const outcome = runRule(rule, rows, inputs);
      expect(outcome.reports.map(({ says }) => says)).toHaveLength(reports.length);
      expect(reports.flatMap((expected, index) => mismatches(outcome.reports[index]!, expected))).toEqual([]);
    });
  });

  describe(`${rule.id} is silent`, () => {
    it.each(cases.clear)('$name', ({ inputs, says = /./, ...rows }) => {
      const outcome = runRule(rule, rows, inputs);
      expect(outcome.reports.map((report) => report.says)).toEqual([]);
      expect(outcome.unobservables).toEqual([]);
      expect(outcome.clears).toHaveLength(1);
      expect(outcome.clears[0]?.says).toMatch(says);
    });
  });

  if (cases.unobservable === undefined) return;
  describe(`${rule.id} cannot see`, () => {
    it.each(cases.unobservable ?? [])('$name', ({ inputs, why, ...rows }) => {
      const outcome = runRule(rule, rows, inputs);
      expect(outcome.reports.map(({ says }) => says)).toEqual([]);
      expect(outcome.clears).toEqual([]);
      expect(outcome.unobservables.map((reason) => reason.why).join()).toMatch(why);
    });
  });
}

/** What is not as expected, in words: empty where all is. */
function mismatches(report: Outcome['reports'][number], expected: Expected): string[] {
  const wrong: string[] = [];
  const same = (what: string, actual: unknown, wanted: unknown): void => {
    if (wanted !== undefined && actual !== wanted) wrong.push(`${what} is ${String(actual)}, not ${String(wanted)}`);
  };
  const matches = (what: string, text: string, pattern: RegExp | undefined): void => {
    if (pattern !== undefined && !pattern.test(text)) wrong.push(`${what} '${text}' does not match ${String(pattern)}`);
  };
  const has = (what: string, texts: readonly string[], patterns: readonly RegExp[] = []): void => {
    for (const pattern of patterns) {
      if (!texts.some((text) => pattern.test(text)))
        wrong.push(`no ${what} matches ${String(pattern)}: ${texts.join(' | ')}`);
    }
  };
  same('message', report.message, expected.message);
  same('count', report.cost.count, expected.count);
  same('of', report.of, expected.of);
  same('subject', report.subject.name, expected.subject);
  same('confidence', report.confidence, expected.confidence);
  same('errors', report.errors, expected.errors);
  same('habit', report.habit, expected.habit);
  same('onlyInfo', report.onlyInfo !== undefined, expected.onlyInfo);
  matches('says', report.says, expected.says);
  matches('because', report.confidenceBecause, expected.because);
  const median = toSeconds(report.cost.costs.quantile(0.5));
  const [least, most] = expected.cost ?? [median, median];
  if (median < least || median > most) wrong.push(`median cost is ${median} s, not ${least} to ${most}`);
  const fixes = report.fix.map((fix) => `${fix.title} ${JSON.stringify(fix.patch)}`);
  has('fix', fixes, expected.fixes);
  for (const fix of expected.noFixes ?? []) {
    for (const text of fixes) if (fix.test(text)) wrong.push(`fix '${text}' matches ${String(fix)}`);
  }
  has(
    'setting',
    report.because.map((setting) => Object.values(setting).join(' ')),
    expected.settings,
  );
  has(
    'evidence',
    report.evidence.map((line) => line.says),
    expected.evidence,
  );
  for (const [change, percent] of expected.alone ?? []) {
    const half = report.alone?.find((one) => change.test(one.change));
    same(`what ${String(change)} alone leaves`, half && Math.round(half.remains * 100), percent);
  }
  return wrong;
}
