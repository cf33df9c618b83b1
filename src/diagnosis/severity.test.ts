import { describe, expect, it } from 'vitest';
import { milliseconds, seconds } from '../base/time.ts';
import type { Report } from '../model/finding.ts';
import { lookupOf } from '../model/testing/rows.ts';
import { lookupTally } from '../rules/support/tally.ts';
import { judgeSeverity } from './severity.ts';

const subject = { kind: 'client', name: '10.0.3.7' } as const;

/** `count` occurrences of `cost` each among `of` lookups that otherwise take `rest` together. */
function severity(cost: number, count: number, of: number, rest: number, parts: Partial<Report> = {}): string {
  const tally = lookupTally();
  for (let index = 0; index < count; index++) tally.add(lookupOf(), milliseconds(cost), () => []);
  const report = { cost: tally, of, unit: 'lookups' as const, subject, errors: 0, habit: false, ...parts };
  return judgeSeverity(report, tally.costs.total + rest).severity;
}

describe('severity', () => {
  it.each([
    ['a second for one in a hundred', severity(1000, 1, 100, seconds(600)), 'critical'],
    ['a second for one in a thousand, of lookups that take long anyway', severity(1000, 1, 1000, seconds(600)), 'info'],
    ['five seconds for one in a thousand that take a millisecond', severity(5000, 1, 1000, seconds(1)), 'critical'],
    ['five seconds for one in a million', severity(5000, 1, 1_000_000, seconds(1000)), 'info'],
    ['one lookup of a small capture', severity(5000, 1, 1, 0), 'critical'],
    ['100 ms for one in a hundred', severity(100, 1, 100, seconds(10)), 'major'],
    ['a third of all latency, 30 ms each', severity(30, 10, 100, milliseconds(600)), 'major'],
    ['a third of all latency, 6 ms each', severity(6, 10, 100, milliseconds(120)), 'minor'],
    ['60 % of almost nothing', severity(2, 100, 100, milliseconds(133)), 'info'],
    ['60 % of almost nothing, as a habit', severity(2, 100, 100, milliseconds(133), { habit: true }), 'minor'],
    ['6 ms, 1 % of all latency', severity(6, 1, 100, milliseconds(594)), 'info'],
    ['an error that costs no time', severity(0, 1, 100, seconds(1), { errors: 1 }), 'major'],
    ['dear, but known to pass', severity(5000, 4, 100, 0, { onlyInfo: 'warming up' }), 'info'],
    ['no latency at all', severity(0, 1, 1, 0), 'info'],
  ])('%s', (_, judged, expected) => {
    expect(judged).toBe(expected);
  });

  it('says its threshold', () => {
    const tally = lookupTally();
    tally.add(lookupOf(), seconds(5), () => []);
    const report = { cost: tally, of: 10, unit: 'lookups' as const, subject, errors: 0, habit: false };
    expect(judgeSeverity(report, tally.costs.total)).toEqual({
      severity: 'critical',
      because: '1 s or more for 1 % of lookups',
    });
  });

  it('asks for a full hundredth of a large capture', () => {
    // Ten of 1,000 make the hundredth; the tenth dearest decides.
    const tally = lookupTally();
    for (let index = 1; index <= 10; index++) tally.add(lookupOf(), milliseconds(index * 300), () => []);
    const report = { cost: tally, unit: 'lookups' as const, subject, errors: 0, habit: false };
    const elsewhere = seconds(6000);
    expect(judgeSeverity({ ...report, of: 1000 }, elsewhere).severity).toBe('major');
    expect(judgeSeverity({ ...report, of: 700 }, elsewhere).severity).toBe('critical');
    expect(judgeSeverity({ ...report, of: 1001 }, elsewhere).severity).toBe('info');
  });
});
