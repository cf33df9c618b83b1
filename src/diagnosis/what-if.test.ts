import { describe, expect, it } from 'vitest';
import { Distribution } from '../base/distribution.ts';
import { milliseconds } from '../base/time.ts';
import type { Report } from '../model/finding.ts';
import { lookupOf } from '../model/testing/rows.ts';
import { lookupTally } from '../rules/support/tally.ts';
import { predictSaving } from './what-if.ts';

/** `affected` lookups of 5,001 ms, of which 5 s are the cause's, beside `healthy` of 1 ms and others that stay slow. */
function saving(affected: number, healthy: number, otherSlow = 0, method: string | null = 'the waits taken out') {
  const latency = new Distribution();
  const tally = lookupTally();
  for (let index = 0; index < affected; index++) {
    const lookup = lookupOf({ duration: milliseconds(5001) });
    latency.add(lookup.duration);
    tally.add(lookup, milliseconds(5000), () => []);
  }
  for (let index = 0; index < healthy; index++) latency.add(milliseconds(1));
  for (let index = 0; index < otherSlow; index++) latency.add(milliseconds(9000));
  const report: Report = {
    message: 'slow',
    data: {},
    input: 0,
    subject: { kind: 'client', name: '10.0.3.7' },
    of: latency.count,
    unit: 'lookups',
    cost: tally,
    confidence: 'likely',
    confidenceBecause: '',
    evidence: [{ says: 'late', packets: [1] }],
    because: [],
    fix: [],
    whatIfMethod: method,
    errors: 0,
    habit: false,
  };
  return predictSaving(report, latency);
}

describe('the predicted saving', () => {
  it.each([
    [60, 40, 'lookup duration p50'],
    [30, 70, 'lookup duration p90'],
    [4, 116, 'lookup duration p99'],
    [1, 999, 'lookup duration max'],
  ])('of %i affected beside %i healthy shows at %s', (affected, healthy, metric) => {
    expect(saving(affected, healthy)).toEqual({
      metric,
      nowSeconds: 5.001,
      thenSeconds: 0.001,
      method: 'the waits taken out',
    });
  });

  it('is looked for elsewhere where another cause hides it', () => {
    expect(saving(4, 190, 6)).toMatchObject({ metric: 'lookup duration mean', nowSeconds: 0.37097 });
    expect(saving(8, 190, 2)).toMatchObject({ metric: 'lookup duration p99', nowSeconds: 5.001, thenSeconds: 0.001 });
  });

  it('is none where the rule cannot predict, or nothing is known', () => {
    expect(saving(4, 116, 0, null)).toBeNull();
    expect(saving(0, 0)).toBeNull();
    expect(saving(0, 10)).toBeNull();
  });

  it('stays honest in histograms of large captures', () => {
    const large = saving(400, 9600);
    expect(large?.metric).toBe('lookup duration p99');
    expect(large?.nowSeconds).toBeCloseTo(5, 1);
    expect(large?.thenSeconds).toBeCloseTo(0.001, 4);
  });
});
