import { milliseconds } from '../../base/time.ts';
import type { Exchange } from '../../model/exchange.ts';
import type { Report } from '../../model/finding.ts';
import type { Lookup } from '../../model/lookup.ts';
import { atMs, exchangeOf, lookupOf } from '../../model/testing/rows.ts';
import { exchangeTally, lookupTally } from '../../rules/support/tally.ts';
import { absorb } from '../absorb.ts';
import { ABSORPTIONS } from '../absorption.ts';
import { reportOf } from './report.ts';

/** Exchanges from…until in milliseconds; each cost all that it took. */
export function exchanges(
  spans: readonly (readonly [from: number, until: number, parts?: Partial<Exchange>])[],
): Report {
  const tally = exchangeTally();
  for (const [index, [from, until, parts]] of spans.entries()) {
    const duration = milliseconds(until - from);
    const row = exchangeOf({ id: `0.e${index}`, startedAt: atMs(from), duration, connection: `0.c${index}`, ...parts });
    tally.add(row, duration, () => [1]);
  }
  return reportOf(tally);
}

/** The same of lookups. */
export function lookups(spans: readonly (readonly [from: number, until: number, parts?: Partial<Lookup>])[]): Report {
  const tally = lookupTally();
  for (const [index, [from, until, parts]] of spans.entries()) {
    const duration = milliseconds(until - from);
    tally.add(lookupOf({ id: `0.l${index}`, startedAt: atMs(from), duration, ...parts }), duration, () => [1]);
  }
  return reportOf(tally, { unit: 'lookups' });
}

/** What is left, in words: `cause 3 (symptom 2) | symptom 1`. */
export const absorbed = (...reports: readonly (readonly [id: string, report: Report])[]): string =>
  absorb(
    reports.map(([id, report]) => ({ rule: { id }, report })),
    ABSORPTIONS,
  )
    .map(({ rule: { id }, report, absorbs }) => {
      const listed = absorbs.map(({ rule: name, count }) => ` (${name} ${count})`).join('');
      return `${id} ${report.cost.count}${listed}`;
    })
    .join(' | ');

/** So many of them. */
export const every = (count: number, span: (index: number) => readonly [number, number, Partial<Exchange>?]) =>
  Array.from({ length: count }, (_, index) => span(index));
