import type { Distribution } from '../base/distribution.ts';
import { at, toSeconds } from '../base/time.ts';
import type { Finding } from '../model/diagnosis.ts';
import type { Report, Unit } from '../model/finding.ts';

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

/**
 * What all rows of the finding's kind would take with the cause gone, at the quantile where the change shows: the
 * first that the affected share reaches. Where other causes hide it there, at the quantile that
 * gains most, or in the mean. Null where the rule can't predict or nothing would change.
 */
export function predictSaving(report: Report, latency: Distribution): Finding['whatIf'] {
  if (report.whatIfMethod === null || latency.count === 0) return null;
  const relieved = latency.replaced(report.cost.affected, report.cost.relieved);
  const affected = report.cost.count / latency.count;
  const metric = METRIC[report.unit];
  const savings = QUANTILES.map(({ name, quantile, shows }) =>
    savingOf(`${metric} ${name}`, shows, latency.quantile(quantile), relieved.quantile(quantile)),
  );
  const mean = savingOf(`${metric} mean`, 0, latency.total / latency.count, relieved.total / latency.count);
  const best =
    savings.find((saving) => affected > saving.shows && saving.gain >= WORTH_NAMING) ??
    [...savings, mean].toSorted((a, b) => b.gain - a.gain)[0];
  if (best === undefined || best.gain <= 0) return null;
  const { nowSeconds, thenSeconds } = best;
  return { metric: best.metric, nowSeconds, thenSeconds, method: report.whatIfMethod };
}

// Less than the histogram's own error is no change that could be promised.
const WORTH_NAMING = 0.02;

function savingOf(metric: string, shows: number, now: number, relieved: number) {
  // The bound takes out the coarseness of large distributions: a cure makes nothing slower.
  const least = Math.min(now, relieved);
  const gain = now > 0 ? (now - least) / now : 0;
  return { metric, shows, gain, nowSeconds: toSeconds(at(now)), thenSeconds: toSeconds(at(least)) };
}
