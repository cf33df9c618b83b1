import { describe, expect, it } from 'vitest';
import { milliseconds } from '../base/time.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Report } from '../model/finding.ts';
import { atMs, exchangeOf } from '../model/testing/rows.ts';
import { exchangeTally } from '../rules/support/tally.ts';
import { absorb } from './absorb.ts';
import { ABSORPTIONS } from './absorption.ts';
import { reportOf } from './testing/report.ts';

/** So many that begin one after the other, in milliseconds; of which rows they are tells nothing here. */
function occurrences(
  count: number,
  { from, apart, lasts }: { from: number; apart: number; lasts: number },
  parts: Partial<Exchange>,
): Report {
  const tally = exchangeTally();
  for (let index = 0; index < count; index++) {
    const duration = milliseconds(lasts);
    const id = `${from}.${index}`;
    const startedAt = atMs(from + index * apart);
    tally.add(exchangeOf({ id, connection: id, startedAt, duration, ...parts }), duration, () => [1]);
  }
  return reportOf(tally, { subject: { kind: 'server', name: '10.96.0.7:80' } });
}

/** SYNs that nobody answers, from the tenth second on. */
const silent = (parts: Partial<Exchange> = {}, message = 'ended'): Report => ({
  ...occurrences(3, { from: 10_000, apart: 20, lasts: 9000 }, parts),
  message,
});
const refusedAt = (from: number, apart = 20, parts: Partial<Exchange> = {}): Report =>
  occurrences(10, { from, apart, lasts: 0 }, parts);

const left = (...[cause, symptom]: [Report, Report]): string[] =>
  absorb(
    [
      { rule: { id: 'tcp-connect-retry' }, report: cause },
      { rule: { id: 'tcp-connect-refused' }, report: symptom },
    ],
    ABSORPTIONS,
  ).map(({ rule, report, absorbs }) => `${rule.id} ${report.cost.count} of ${absorbs[0]?.count ?? 0}`);

describe('what a pod that ends refuses before it answers nobody', () => {
  it('is a part of that', () => {
    expect(left(silent(), refusedAt(9700))).toEqual(['tcp-connect-retry 3 of 10']);
    // Behind the DNAT one of them is known, the other is not.
    expect(left(silent({ server: '10.0.3.7' }), refusedAt(9700, 20, { server: '10.96.0.7' }))).toEqual([
      'tcp-connect-retry 3 of 10',
    ]);
  });

  it.each([
    ['another back end refused', silent({ server: '10.0.3.7' }), refusedAt(9700, 20, { server: '10.0.3.8' })],
    ['it was long before', silent(), refusedAt(7000)],
    ['it was afterwards', silent(), refusedAt(10_100)],
    ['it goes on and on', silent(), refusedAt(1000, 1000)],
    ['another client was refused', silent(), refusedAt(9700, 20, { client: '10.0.9.9' })],
    ['another server refused', silent(), { ...refusedAt(9700), subject: { kind: 'server', name: '10.96.0.8:80' } }],
    ['SYNs were lost, and answered in the end', silent({}, 'retried'), refusedAt(9700)],
  ] as const)('is told by itself where %s', (_, cause, symptom) => {
    expect(left(cause, symptom)).toEqual(['tcp-connect-retry 3 of 0', 'tcp-connect-refused 10 of 0']);
  });
});
