import { describe, expect, it } from 'vitest';
import { Distribution } from '../base/distribution.ts';
import { milliseconds } from '../base/time.ts';
import type { HalfFix, Report, WhatIfMethod } from '../model/finding.ts';
import { lookupOf } from '../model/testing/rows.ts';
import { lookupTally } from '../rules/support/tally.ts';
import type { Outlook } from './outlook.ts';
import { reportOf } from './testing/report.ts';
import { predictSaving } from './what-if.ts';

/** `affected` lookups of 5,001 ms, of which 5 s are the cause's, beside `healthy` of 1 ms and others that stay slow. */
function saving(
  affected: number,
  healthy: number,
  otherSlow = 0,
  whatIf: WhatIfMethod = { method: 'the waits' },
  parts: Partial<Report> = {},
) {
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
    whatIf,
    errors: 0,
    habit: false,
    ...parts,
  };
  return predictSaving(report, latency, null);
}

describe('the predicted saving', () => {
  it('is told of the affected alone where the time that it is a share of is that of other rows', () => {
    expect(
      saving(60, 400, 0, { method: 'the waits' }, { unit: 'connections', latencyUnit: 'exchanges' }),
    ).toMatchObject({
      whatIf: { metric: 'connecting time p50', nowSeconds: 5.001, thenSeconds: 0.001, count: 60 },
    });
  });

  it('is of what callers waited who gave up, however long their rows go on', () => {
    const latency = new Distribution();
    const tally = lookupTally();
    for (const lasts of [15_100, 31_200]) {
      const row = lookupOf({ duration: milliseconds(lasts) });
      latency.add(row.duration);
      tally.add(row, milliseconds(4000), () => [], { lasted: milliseconds(4000) });
    }
    latency.add(milliseconds(6));
    const report = reportOf(tally, { unit: 'lookups', whatIf: { method: 'the waits' } });
    expect(predictSaving(report, latency, null).whatIf).toMatchObject({
      metric: 'lookup duration p50',
      nowSeconds: 4,
      thenSeconds: 0,
      count: 3,
      before: { maxSeconds: 4 },
      after: { maxSeconds: 0.006 },
    });
    // Copies and sums of it know that as well.
    const sum = tally.empty();
    sum.absorb(tally.copy());
    expect(predictSaving({ ...report, cost: sum }, latency, null).whatIf?.count).toBe(3);
  });

  it('adds no rows where those that are affected are not among them', () => {
    const latency = new Distribution();
    latency.add(milliseconds(9000));
    const tally = lookupTally();
    for (let index = 0; index < 2; index++) {
      tally.add(lookupOf({ duration: milliseconds(5001) }), milliseconds(5000), () => []);
    }
    const report = reportOf(tally, { unit: 'lookups', whatIf: { method: 'the waits' } });
    expect(predictSaving(report, latency, null).whatIf).toMatchObject({ count: 2, nowSeconds: 5.001 });
  });

  it.each([
    [60, 40, 'lookup duration p50'],
    [30, 70, 'lookup duration p90'],
    [4, 116, 'lookup duration p99'],
    [1, 999, 'lookup duration max'],
  ])('of %i affected beside %i healthy shows at %s', (affected, healthy, metric) => {
    expect(saving(affected, healthy)).toMatchObject({
      whatIf: {
        metric,
        nowSeconds: 5.001,
        thenSeconds: 0.001,
        method: 'the waits; its cost taken off',
        count: affected + healthy,
        before: { maxSeconds: 5.001 },
        after: { p50Seconds: 0.001, p90Seconds: 0.001, p99Seconds: 0.001, maxSeconds: 0.001, meanSeconds: 0.001 },
      },
      whatIfBecause: null,
    });
  });

  it('is looked for elsewhere where another cause hides it', () => {
    expect(saving(4, 190, 6).whatIf).toMatchObject({ metric: 'lookup duration mean', nowSeconds: 0.37097 });
    expect(saving(8, 190, 2).whatIf).toMatchObject({
      metric: 'lookup duration p99',
      nowSeconds: 5.001,
      thenSeconds: 0.001,
    });
  });

  it('is none where the rule cannot predict, or nothing is known, and says why', () => {
    expect(saving(4, 116, 0, { unknown: 'who knows' })).toEqual({ whatIf: null, whatIfBecause: 'who knows' });
    for (const [affected, healthy] of [
      [0, 0],
      [0, 10],
    ] as const) {
      expect(saving(affected, healthy)).toEqual({
        whatIf: null,
        whatIfBecause: 'too little to show in the times',
      });
    }
  });

  it('stays honest in histograms of large captures', () => {
    const large = saving(400, 9600).whatIf;
    expect(large?.metric).toBe('lookup duration p99');
    expect(large?.nowSeconds).toBeCloseTo(5, 1);
    expect(large?.thenSeconds).toBeCloseTo(0.001, 4);
  });
});

describe('the saving of requests that were replayed', () => {
  /** 90 of 100 requests take 100 ms instead of 20. */
  const outlook: Outlook = {
    before: Array.from({ length: 100 }, (_, index) => milliseconds(index < 90 ? 100 : 20)),
    after: Array.from({ length: 100 }, () => milliseconds(20)),
    isPart: false,
    callers: 4,
    hasLines: true,
  };

  function replayed(parts: Partial<Outlook>, alone: readonly HalfFix[] = []) {
    const report = reportOf(lookupTally(), { of: 100, unit: 'lookups', whatIf: { method: 'no lookups' }, alone });
    return predictSaving(report, new Distribution(), { ...outlook, ...parts }).whatIf;
  }

  it('is of requests, whatever is counted, and says how they were replayed', () => {
    expect(replayed({})).toMatchObject({
      metric: 'request duration p50',
      nowSeconds: 0.1,
      thenSeconds: 0.02,
      method: 'no lookups; replayed, with the lines they stand in, from 4 callers asking again when answered',
      unit: 'requests',
      count: 100,
      callers: 4,
    });
    expect(replayed({ callers: null, hasLines: false, isPart: true })?.method).toBe(
      'no lookups; the first 100 replayed, as they came',
    );
  });

  it('of half a fix is a mixture: some of the time as now, the rest as then', () => {
    const alone = [
      { change: 'length', remains: 0.2 },
      { change: 'refresh', remains: 1 },
      { change: 'release', remains: 0 },
    ];
    const [length, refresh, release] = replayed({}, alone)?.alone ?? [];
    // Of 100 requests 18 are as slow as now.
    expect(length?.after).toMatchObject({ p50Seconds: 0.02, p90Seconds: 0.1, meanSeconds: 0.0344 });
    expect(refresh?.after).toMatchObject({ p50Seconds: 0.1, meanSeconds: 0.092 });
    expect(release?.after).toMatchObject({ p50Seconds: 0.02, maxSeconds: 0.02 });
  });
});
