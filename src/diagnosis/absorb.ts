import { addressOf } from '../base/addresses.ts';
import { Distribution } from '../base/distribution.ts';
import { at, nanoseconds, type Duration } from '../base/time.ts';
import type { Cost, KeptOccurrences, Occurrence, Report } from '../model/finding.ts';
import type { Absorption } from './absorption.ts';
import { createTouching, inRunsWithin, sameBackend } from './touching.ts';

/** What a finding explains of another rule: how often, and what that took in all. */
export interface Absorbed {
  readonly rule: string;
  readonly count: number;
  readonly total: Duration;
}

/** A rule's report, and what it absorbed of other rules'. */
export interface Reported<Rule extends { readonly id: string }> {
  readonly rule: Rule;
  readonly report: Report;
  readonly absorbs: readonly Absorbed[];
  /** Absorbed reports whose waits would be gone as well. */
  readonly vanishing: readonly Report[];
}

// What is left of a symptom is a finding of its own only where it is more than a fifth: times that
// touch, and causes that are told by a threshold, leave some unexplained.
const EXPLAINED = 0.8;

// What is told by a contrast, and touches its causes not quite, is mostly theirs, too.
const ONE_LEFT = 'only one is left that its causes do not explain: a cost worth naming when it repeats';

interface Entry<Rule> {
  readonly rule: Rule;
  readonly report: Report;
  /** What the report is without its explained occurrences. */
  remaining: Report;
  /** Whose finding it became a part of. */
  absorbedBy: Entry<Rule> | null;
  readonly vanishing: Report[];
  readonly absorbs: Map<string, Absorbed>;
}

/**
 * Lets causes absorb their symptoms: a symptom that is explained for the most part is listed in
 * its cause, and of others the explained part is.
 */
export function absorb<Rule extends { readonly id: string }>(
  reports: readonly Pick<Reported<Rule>, 'rule' | 'report'>[],
  table: readonly Absorption[],
): Reported<Rule>[] {
  const entries = reports.map(({ rule, report }): Entry<Rule> => ({
    rule,
    report,
    remaining: report,
    absorbedBy: null,
    vanishing: [],
    absorbs: new Map(),
  }));
  for (const symptom of entries) explain(symptom, entries, table);
  // Counted for the finding that is left in the end: causes are symptoms of others now and then.
  for (const entry of entries) {
    if (entry.absorbedBy === null) continue;
    const owner = ownerOf(entry);
    for (const absorbed of entry.absorbs.values()) addAbsorbed(owner, absorbed);
  }
  return entries
    .filter(({ absorbedBy }) => absorbedBy === null)
    .map(({ rule, remaining, absorbs, vanishing }) => ({
      rule,
      report: remaining,
      absorbs: [...absorbs.values()],
      vanishing,
    }));
}

function addAbsorbed<Rule>({ absorbs }: Entry<Rule>, { rule, count, total }: Absorbed): void {
  const known = absorbs.get(rule);
  absorbs.set(rule, { rule, count: (known?.count ?? 0) + count, total: nanoseconds((known?.total ?? 0) + total) });
}

function ownerOf<Rule>(entry: Entry<Rule>): Entry<Rule> {
  // No rule is its own cause by any way of the table; the bound is for a table that says so.
  let owner = entry;
  for (let steps = 0; owner.absorbedBy !== null && steps < MAX_CHAIN; steps++) owner = owner.absorbedBy;
  return owner;
}

const MAX_CHAIN = 8;

function explain<Rule extends { readonly id: string }>(
  symptom: Entry<Rule>,
  entries: readonly Entry<Rule>[],
  table: readonly Absorption[],
): void {
  const causes = causesOf(symptom, entries, table);
  if (causes.length === 0) return;
  const { cost } = symptom.report;
  const knownUntil = Math.min(...causes.map(({ cause }) => cause.report.cost.occurrences.completeUntil));
  const parts = new Map<Entry<Rule>, { count: number; total: number }>();
  const taking = new Set(causes.filter(({ vanishes }) => vanishes).map(({ cause }) => cause));
  const left: Occurrence[] = [];
  let judged = 0;
  for (const occurrence of cost.occurrences) {
    // What ends later may have a cause that was not kept.
    if (occurrence.until > knownUntil) continue;
    judged++;
    const explaining = causes.find(({ touches }) => touches(occurrence));
    if (explaining === undefined) {
      left.push(occurrence);
      continue;
    }
    const { count, total } = parts.get(explaining.cause) ?? { count: 0, total: 0 };
    parts.set(explaining.cause, { count: count + 1, total: total + occurrence.cost });
  }
  const explained = judged - left.length;
  if (explained === 0) return;
  const isWhole = explained >= EXPLAINED * judged;
  const isExact = judged === cost.count;
  // Where not all were kept, those that were stand for the others; a part of them can't be taken out.
  if (!isWhole && !isExact) return;
  // A symptom that goes as a whole is listed with its own count.
  const scale = isWhole ? cost.count / explained : 1;
  for (const [cause, { count, total }] of parts) {
    const rule = symptom.rule.id;
    addAbsorbed(cause, { rule, count: Math.round(count * scale), total: nanoseconds(Math.round(total * scale)) });
    if (isWhole && taking.has(cause)) cause.vanishing.push(symptom.report);
  }
  if (isWhole) symptom.absorbedBy = [...parts].toSorted(([, a], [, b]) => b.count - a.count)[0]?.[0] ?? null;
  else symptom.remaining = without(symptom.report, left);
}

function causesOf<Rule extends { readonly id: string }>(
  symptom: Entry<Rule>,
  entries: readonly Entry<Rule>[],
  table: readonly Absorption[],
) {
  const found: { cause: Entry<Rule>; vanishes: boolean; touches: (occurrence: Occurrence) => boolean }[] = [];
  for (const entry of table) {
    const { causes, symptoms, by, below, isMost = false, vanishes = false } = entry;
    if (!symptoms.includes(symptom.rule.id)) continue;
    if (below !== undefined && symptom.report.cost.costs.quantile(0.5) >= below) continue;
    const { cost, subject } = symptom.report;
    const isBrief = entry.runsWithin === undefined ? null : inRunsWithin(cost.occurrences, entry.runsWithin);
    const isAlike =
      entry.isAlike === true
        ? sameBackend(addressOf(subject.name))
        : entry.isNamed === true
          ? (one: Occurrence): boolean => one.server === subject.name
          : undefined;
    for (const cause of entries) {
      // What is no more than worth knowing explains no finding.
      if (cause.report.onlyInfo !== undefined || cause.report.input !== symptom.report.input) continue;
      if (!causes.includes(cause.rule.id)) continue;
      if (entry.saying?.includes(cause.report.message) === false) continue;
      if (entry.isAlike === true && cause.report.subject.name !== subject.name) continue;
      const touching = createTouching(cause.report.cost.occurrences, by, isMost, isAlike);
      found.push({ cause, vanishes, touches: (one) => isBrief?.(one) !== false && touching(one) });
    }
  }
  return found;
}

/** The report of what is left. */
function without(report: Report, left: readonly Occurrence[]): Report {
  const cost = costOf(report.cost, left);
  const data = report.data['count'] === undefined ? report.data : { ...report.data, count: cost.count };
  const { costAtMost: _, ...rest } = report;
  const isOnce = cost.count === 1 && report.confidence !== 'certain' && report.onlyInfo === undefined;
  const once = isOnce ? { onlyInfo: ONE_LEFT } : {};
  return { ...rest, ...once, cost, data, errors: Math.min(report.errors, cost.count) };
}

function costOf(whole: Cost, left: readonly Occurrence[]): Cost {
  const costs = new Distribution();
  const affected = new Distribution();
  const relieved = new Distribution();
  for (const { cost, lasted } of left) {
    costs.add(cost);
    affected.add(lasted);
    relieved.add(nanoseconds(Math.max(0, lasted - cost)));
  }
  const ids = new Set(left.map(({ id }) => id));
  const occurrences: KeptOccurrences = {
    size: left.length,
    completeUntil: at(Number.POSITIVE_INFINITY),
    [Symbol.iterator]: () => left[Symbol.iterator](),
  };
  const examples = whole.examples.filter(({ row }) => ids.has(row.id));
  return { count: left.length, costs, affected, relieved, examples, occurrences };
}
