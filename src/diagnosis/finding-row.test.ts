import { expect, it } from 'vitest';
import { Distribution } from '../base/distribution.ts';
import { milliseconds } from '../base/time.ts';
import { exchangeOf, inputOf } from '../model/testing/rows.ts';
import { exchangeTally } from '../rules/support/tally.ts';
import { findingRow } from './finding-row.ts';
import { reportOf } from './testing/report.ts';

const rule = { id: 'vanished', title: '', messages: { slow: '' } } as never;

it('has a share of the time that callers waited, and none of what goes on after they gave up', () => {
  const exchanges = new Distribution();
  const tally = exchangeTally();
  const row = exchangeOf({ duration: milliseconds(56_000) });
  exchanges.add(row.duration);
  exchanges.add(milliseconds(1000));
  tally.add(row, milliseconds(3000), () => [], { lasted: milliseconds(3000) });
  const none = new Distribution();
  const latencies = { exchanges, lookups: none, connections: none, requests: none };
  const finding = findingRow(rule, reportOf(tally), latencies, null, [inputOf()], { holds: () => false } as never);
  expect(finding.cost.shareOfLatency).toBe(0.75);
});
