import { expect, it } from 'vitest';
import type { Diagnosis } from '../model/diagnosis.ts';
import { noRequests } from '../report/testing/diagnoses.ts';
import { compareBreakdowns } from './breakdown.ts';

type Requests = Diagnosis['requests'];
type Row = Requests['breakdown'][number];

const row = (reason: Row['reason'], to: string | null, totalSeconds: number): Row => ({
  reason,
  to,
  requests: 10,
  totalSeconds,
  share: 0,
  p50Seconds: 0,
  p90Seconds: 0,
  p99Seconds: 0,
});

const requests = (count: number, breakdown: Row[]): Requests => ({
  ...noRequests(),
  count,
  latency: {
    ...noRequests().latency,
    totalSeconds: breakdown.reduce((sum, { totalSeconds }) => sum + totalSeconds, 0),
  },
  breakdown,
});

it('means of a request stand side by side, what changed most first', () => {
  const before = requests(10, [row('queue', 'm', 2), row('upstream', 'u', 0.2), row('own', null, 0.01)]);
  const after = requests(20, [row('upstream', 'u', 0.5), row('dns', 'd', 0.2)]);
  expect(compareBreakdowns(before, after)).toEqual([
    { reason: 'queue', to: 'm', beforeSeconds: 0.2, afterSeconds: 0 },
    { reason: 'dns', to: 'd', beforeSeconds: 0, afterSeconds: 0.01 },
    { reason: 'upstream', to: 'u', beforeSeconds: 0.02, afterSeconds: 0.025 },
  ]);
});

it('there is none where one side has no requests', () => {
  expect(compareBreakdowns(requests(10, [row('own', null, 1)]), noRequests())).toEqual([]);
});
