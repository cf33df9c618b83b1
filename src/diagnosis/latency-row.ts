import type { Distribution } from '../base/distribution.ts';
import { at, toSeconds } from '../base/time.ts';
import type { LatencyRow } from '../model/diagnosis.ts';

export const latencyRow = (latency: Distribution): LatencyRow => ({
  p50Seconds: toSeconds(latency.quantile(0.5)),
  p90Seconds: toSeconds(latency.quantile(0.9)),
  p99Seconds: toSeconds(latency.quantile(0.99)),
  maxSeconds: toSeconds(latency.max),
  totalSeconds: toSeconds(at(latency.total)),
  histogram: latency.histogram().map(([lower, count]) => [toSeconds(at(lower)), count]),
});
