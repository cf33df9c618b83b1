import { Distribution } from '../base/distribution.ts';
import { formatCount, plural } from '../base/text.ts';
import { at, nanoseconds, toSeconds } from '../base/time.ts';
import type { Finding } from '../model/diagnosis.ts';
import type { Report, Unit } from '../model/finding.ts';
import { mixtureOf, type Mixture } from './mixture.ts';
import { quickerIn, type Outlook } from './outlook.ts';

const QUANTILES = [
  { name: 'p50', quantile: 0.5, shows: 0.5 },
  { name: 'p90', quantile: 0.9, shows: 0.1 },
  { name: 'p99', quantile: 0.99, shows: 0.01 },
  { name: 'max', quantile: 1, shows: 0 },
] as const;

const METRIC: Readonly<Record<Unit, string>> = {
  lookups: 'lookup duration',
  connections: 'connecting time',
  exchanges: 'exchange duration',
  calls: 'call duration',
  requests: 'request duration',
};

/** The contract's two fields: a prediction, or why there is none. */
export type Prediction = Pick<Finding, 'whatIf' | 'whatIfBecause'>;

const TOO_LITTLE: Prediction = { whatIf: null, whatIfBecause: 'too little to show in the times' };

/**
 * What all rows of the finding's kind would take with the cause gone: requests, replayed, where
 * they are seen to wait for it; else the rows themselves, each without its cost.
 */
export function predictSaving(report: Report, latency: Distribution, outlook: Outlook | null): Prediction {
  const { whatIf, cost, alone = [] } = report;
  if ('unknown' in whatIf) return { whatIf: null, whatIfBecause: whatIf.unknown };
  const { method, isAtMost = false } = whatIf;
  if (outlook === null) {
    // Where the time that it is a share of is other rows', those that are affected are all that is known of its own.
    const own = report.latencyUnit === undefined || report.latencyUnit === report.unit ? latency : cost.affected;
    return predictionOf({
      unit: report.unit,
      ...withAndWithout(own, cost),
      affected: cost.count,
      method: `${method}; its cost taken off`,
      isAtMost,
      callers: null,
      alone: alone.map((half) => ({ ...half, after: null })),
    });
  }
  return predictionOf({
    unit: 'requests',
    before: distributionOf(outlook.before),
    after: distributionOf(outlook.after),
    affected: quickerIn(outlook),
    method: `${method}; ${replayWords(outlook)}`,
    isAtMost,
    callers: outlook.callers,
    alone: alone.map((half) => ({ ...half, after: quantilesOf(mixtureOf(outlook, half.remains)) })),
  });
}

/** All rows as callers waited for them, and without the cause. */
function withAndWithout(
  rows: Distribution,
  { affected, relieved, asRows }: Report['cost'],
): Pick<Forecast, 'before' | 'after'> {
  // Where the rule's own latency has what callers waited, nothing need be put in its place.
  const asWaited = rows.replaced(affected, relieved);
  if (asWaited.count === rows.count) return { before: rows, after: asWaited };
  const after = rows.replaced(asRows ?? affected, relieved);
  // They are not among these at all: then they alone are known.
  if (asRows == null || after.count !== rows.count) return { before: affected, after: relieved };
  return { before: rows.replaced(asRows, affected), after };
}

function replayWords({ before, isPart, callers, hasLines }: Outlook): string {
  const which = isPart ? `the first ${formatCount(before.length)} replayed` : 'replayed';
  const lines = hasLines ? ', with the lines they stand in' : '';
  const arrivals = callers === null ? 'as they came' : `from ${plural(callers, 'caller')} asking again when answered`;
  return `${which}${lines}, ${arrivals}`;
}

type WhatIf = NonNullable<Finding['whatIf']>;

/** How long rows took, and would take. */
interface Forecast extends Pick<WhatIf, 'unit' | 'method' | 'isAtMost' | 'callers' | 'alone'> {
  readonly before: Distribution;
  readonly after: Distribution;
  readonly affected: number;
}

/**
 * Named at the quantile where the change shows: the first that the affected share reaches. Where
 * other causes hide it there, at the quantile that gains most, or in the mean.
 */
function predictionOf({ unit, before, after, affected, ...said }: Forecast): Prediction {
  const { count } = before;
  if (count === 0) return TOO_LITTLE;
  const savings = QUANTILES.map(({ name, quantile, shows }) =>
    savingOf(`${METRIC[unit]} ${name}`, shows, before.quantile(quantile), after.quantile(quantile)),
  );
  const mean = savingOf(`${METRIC[unit]} mean`, 0, before.total / count, after.total / count);
  const best =
    savings.find(({ shows, gain }) => affected > shows * count && gain >= WORTH_NAMING) ??
    [...savings, mean].toSorted((a, b) => b.gain - a.gain)[0];
  if (best === undefined || best.gain <= 0) return TOO_LITTLE;
  const { metric, nowSeconds, thenSeconds } = best;
  const whatIf = {
    metric,
    nowSeconds,
    thenSeconds,
    ...said,
    count,
    unit,
    before: quantilesOf(before),
    after: quantilesOf(after, before),
  };
  return { whatIf, whatIfBecause: null };
}

// Less than the histogram's own error is no change that could be promised.
const WORTH_NAMING = 0.02;

function savingOf(metric: string, shows: number, now: number, relieved: number) {
  // The bound takes out the coarseness of large distributions: a cure makes nothing slower.
  const least = Math.min(now, relieved);
  const gain = now > 0 ? (now - least) / now : 0;
  return { metric, shows, gain, nowSeconds: toSeconds(at(now)), thenSeconds: toSeconds(at(least)) };
}

function distributionOf(durations: readonly number[]): Distribution {
  const distribution = new Distribution();
  for (const duration of durations) distribution.add(nanoseconds(duration));
  return distribution;
}

/** @param bound what it is at most */
function quantilesOf(durations: Mixture, bound: Mixture = durations): WhatIf['before'] {
  const secondsAt = (share: number): number =>
    toSeconds(at(Math.min(durations.quantile(share), bound.quantile(share))));
  return {
    p50Seconds: secondsAt(0.5),
    p90Seconds: secondsAt(0.9),
    p99Seconds: secondsAt(0.99),
    maxSeconds: toSeconds(at(Math.min(durations.max, bound.max))),
    meanSeconds: toSeconds(at(Math.min(durations.total, bound.total) / Math.max(1, durations.count))),
  };
}
