import { describe, expect, it } from 'vitest';
import { fillMessage } from '../../../base/text.ts';
import { at, toSeconds, type Timestamp } from '../../../base/time.ts';
import type { Clear, Report, Unobservable } from '../../../model/finding.ts';
import type { Input } from '../../../model/input.ts';
import type { Lookup } from '../../../model/lookup.ts';
import type { Observer } from '../../../model/observer.ts';
import { inputOf } from '../../../model/testing/rows.ts';
import type { Fact, Rule } from '../define-rule.ts';

// A capture that goes on long enough to tell what was lost.
const GOES_ON = 100e9;

const wellAfter = (lookups: readonly Lookup[]): Timestamp =>
  at(lookups.reduce((end, lookup) => Math.max(end, lookup.startedAt + lookup.duration), 0) + GOES_ON);

export interface Outcome {
  reports: (Report & { says: string })[];
  clears: (Clear & { message: string })[];
  unobservables: Unobservable[];
}

/**
 * Runs one rule over lookups as the diagnosis does: facts first, then the rule.
 * @param hand what the rule is handed for a lookup, in its call
 */
export function runRule(
  rule: Rule,
  lookups: readonly Lookup[],
  inputs: readonly Input[] = [inputOf({ endsAt: wellAfter(lookups) })],
  hand: (lookup: Lookup) => Lookup = (lookup) => lookup,
): Outcome {
  const facts = new Map<string, Observer>();
  let outcome: Outcome = { reports: [], clears: [], unobservables: [] };
  const says = (message: string, data: Readonly<Record<string, string | number>>): string =>
    fillMessage(rule.messages[message] as string, data);
  const observer = rule.create({
    inputs,
    fact<Value extends Observer>(fact: Fact<Value>): Value {
      const known = facts.get(fact.id) ?? fact.create();
      facts.set(fact.id, known);
      return known as Value;
    },
    report: (report) => void outcome.reports.push({ ...report, says: says(report.message, report.data) }),
    clear: (message, data, examined) =>
      void outcome.clears.push({ message, says: says(message, data), examined: { ...examined } }),
    unobservable: (reason) => void outcome.unobservables.push(reason),
  });
  for (const input of inputs) {
    for (const fact of facts.values()) fact.input?.(input);
    observer.input?.(input);
  }
  for (const row of lookups) {
    const lookup = hand(row);
    for (const fact of facts.values()) fact.lookup?.(lookup);
    observer.lookup?.(lookup);
  }
  const ask = (): Outcome => {
    outcome = { reports: [], clears: [], unobservables: [] };
    for (const fact of facts.values()) fact.finish?.();
    observer.finish?.();
    return outcome;
  };
  const first = ask();
  // A running capture is asked again and again.
  expect(summary(ask())).toEqual(summary(first));
  checkContract(rule, first, lookups);
  return first;
}

const summary = ({ reports, clears, unobservables }: Outcome): unknown => ({
  reports: reports.map(({ says, cost }) => ({ says, count: cost.count, total: cost.costs.total })),
  clears,
  unobservables,
});

/** What holds for every rule, whatever it finds. */
function checkContract(rule: Rule, { reports, clears, unobservables }: Outcome, lookups: readonly Lookup[]): void {
  expect(reports.length + clears.length + unobservables.length, `${rule.id} gives a verdict`).toBeGreaterThan(0);
  expect(clears.length).toBeLessThanOrEqual(1);
  if (reports.length > 0) expect(clears).toEqual([]);
  const packets = new Set(
    lookups.flatMap(({ attempts }) =>
      attempts.flatMap((attempt) => [
        attempt.sentPacket,
        attempt.replyPacket,
        ...attempt.resends.map((resend) => resend.packet),
        ...attempt.earlierReplies.map((reply) => reply.packet),
        ...attempt.lateReplies.map((reply) => reply.packet),
      ]),
    ),
  );
  for (const report of reports) {
    expect(report.cost.count).toBeGreaterThan(0);
    expect(report.cost.count).toBeLessThanOrEqual(report.of);
    expect(report.cost.examples.length).toBeGreaterThan(0);
    expect(report.because.length).toBeGreaterThan(0);
    expect(report.fix.length).toBeGreaterThan(0);
    expect(report.errors).toBeLessThanOrEqual(report.cost.count);
    for (const { says, packets: own } of report.evidence) {
      expect(own.length, says).toBeGreaterThan(0);
      for (const packet of own) expect(packets.has(packet), `${says}: packet ${packet}`).toBe(true);
    }
    for (const own of report.cost.examples) for (const packet of own.packets) expect(packets.has(packet)).toBe(true);
    for (const setting of report.because) expect(Object.values(setting).every((text) => text !== '')).toBe(true);
    for (const fix of report.fix)
      expect(fix.patch === null || JSON.stringify(fix.patch).startsWith('{"spec"')).toBe(true);
    expect(report.cost.affected.total).toBeGreaterThanOrEqual(report.cost.costs.total);
  }
}

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
}

interface Case {
  name: string;
  lookups: readonly Lookup[];
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
    it.each(cases.finds)('$name', ({ lookups, inputs, reports }) => {
      const outcome = runRule(rule, lookups, inputs);
      expect(outcome.reports.map(({ says }) => says)).toHaveLength(reports.length);
      expect(reports.flatMap((expected, index) => mismatches(outcome.reports[index]!, expected))).toEqual([]);
    });
  });

  describe(`${rule.id} is silent`, () => {
    it.each(cases.clear)('$name', ({ lookups, inputs, says = /./ }) => {
      const outcome = runRule(rule, lookups, inputs);
      expect(outcome.reports.map((report) => report.says)).toEqual([]);
      expect(outcome.unobservables).toEqual([]);
      expect(outcome.clears).toHaveLength(1);
      expect(outcome.clears[0]?.says).toMatch(says);
    });
  });

  if (cases.unobservable === undefined) return;
  describe(`${rule.id} cannot see`, () => {
    it.each(cases.unobservable ?? [])('$name', ({ lookups, inputs, why }) => {
      const outcome = runRule(rule, lookups, inputs);
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
  return wrong;
}
