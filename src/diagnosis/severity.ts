import { formatShare, formatDuration } from '../base/text.ts';
import { milliseconds, seconds, type Duration } from '../base/time.ts';
import type { Cost, Report, Severity } from '../model/finding.ts';
import { latencyWords } from './latency-words.ts';

/** What a finding is worth, and the threshold that says so in words. */
export interface Judgement {
  severity: Severity;
  because: string;
}

// A second is what a person waits for, and one in a hundred is what a p99 shows.
const CRITICAL_COST = seconds(1);
const MAJOR_COST = milliseconds(100);
const MINOR_COST = milliseconds(5);
const WIDESPREAD = 0.01;

const CRITICAL_LATENCY_SHARE = 0.5;
export const MAJOR_LATENCY_SHARE = 0.2;
const MINOR_LATENCY_SHARE = 0.02;

// A share alone says nothing where everything is fast: 60 % of 3 ms is no incident. So each
// share counts only where a typical occurrence costs what somebody could notice. It is what
// lets a rare wait be dear: one lookup of 10,000 that takes 5 s is half of a fast resolver's time.
const CRITICAL_SHARE_FLOOR = MAJOR_COST;
const MAJOR_SHARE_FLOOR = milliseconds(20);

export const CALLERS_GET_AN_ERROR = 'callers get an error';

/**
 * Severity follows from cost; how certain the finding is never changes it.
 * @param latencyTotal nanoseconds that all rows took together of whose time the cost is a part
 */
export function judgeSeverity(
  report: Pick<
    Report,
    'cost' | 'of' | 'unit' | 'latency' | 'latencyUnit' | 'costBetween' | 'subject' | 'errors' | 'habit' | 'onlyInfo'
  >,
  latencyTotal: number,
): Judgement {
  if (report.onlyInfo !== undefined) return { severity: 'info', because: report.onlyInfo };
  const { cost, of, unit } = report;
  const widespread = costOfMost(cost, of);
  const typical = cost.costs.quantile(0.5);
  const share = shareOfLatency(cost, latencyTotal);
  const costs = (least: Duration): string => `${formatDuration(least)} or more for 1 % of ${unit}`;
  const takes = (least: Duration): string =>
    `${formatShare(share)} of ${latencyWords(report)}, ${formatDuration(least)} or more each`;

  if (widespread >= CRITICAL_COST) return { severity: 'critical', because: costs(CRITICAL_COST) };
  if (share >= CRITICAL_LATENCY_SHARE && typical >= CRITICAL_SHARE_FLOOR) {
    return { severity: 'critical', because: takes(CRITICAL_SHARE_FLOOR) };
  }
  if (report.errors > 0) return { severity: 'major', because: CALLERS_GET_AN_ERROR };
  if (widespread >= MAJOR_COST) return { severity: 'major', because: costs(MAJOR_COST) };
  if (share >= MAJOR_LATENCY_SHARE && typical >= MAJOR_SHARE_FLOOR) {
    return { severity: 'major', because: takes(MAJOR_SHARE_FLOOR) };
  }
  if (share >= MINOR_LATENCY_SHARE && typical >= MINOR_COST) {
    return { severity: 'minor', because: takes(MINOR_COST) };
  }
  if (report.habit) return { severity: 'minor', because: `a habit of most ${unit}, cheap here` };
  return {
    severity: 'info',
    because: `less than ${formatDuration(MINOR_COST)} each or 2 % of ${latencyWords(report)}`,
  };
}

/** Between 0 and 1: what part of all latency the cause took. */
export const shareOfLatency = (cost: Cost, latencyTotal: number): number =>
  latencyTotal > 0 ? Math.min(1, cost.costs.total / latencyTotal) : 0;

/**
 * The cost that 1 % of all that was counted reach or exceed, 0 where fewer are affected; in
 * small captures that of the dearest one.
 */
function costOfMost(cost: Cost, of: number): number {
  const reached = Math.max(1, Math.ceil(WIDESPREAD * of));
  if (reached > cost.count) return 0;
  // The half keeps the nearest-rank quantile clear of its own rounding.
  return cost.costs.quantile((cost.count - reached + 0.5) / cost.count);
}
