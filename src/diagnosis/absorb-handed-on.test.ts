import { describe, expect, it } from 'vitest';
import { milliseconds } from '../base/time.ts';
import type { Report } from '../model/finding.ts';
import { atMs, lookupOf } from '../model/testing/rows.ts';
import { lookupTally } from '../rules/support/tally.ts';
import { absorb } from './absorb.ts';
import { ABSORPTIONS } from './absorption.ts';
import { reportOf } from './testing/report.ts';

const POD = '10.244.2.11';
const SERVICE = '10.96.0.10';
const COREDNS = '10.244.2.53';
const UPSTREAM = '10.9.0.2';

/** Ten lookups of two seconds each, a second apart. @param named whom the finding names */
function waits(client: string, server: string, named: string, { from = 0, lasts = 2000 } = {}): Report {
  const tally = lookupTally();
  for (let index = 0; index < 10; index++) {
    const duration = milliseconds(lasts);
    const id = `0.l${client}${server}${from + index}`;
    const row = lookupOf({ id, client, server, startedAt: atMs(from + index * 1000), duration });
    tally.add(row, duration, () => [1]);
  }
  return reportOf(tally, { unit: 'lookups', subject: { kind: 'server', name: named } });
}

const left = (cause: string, lost: Report, late: Report): string[] =>
  absorb(
    [
      { rule: { id: cause }, report: lost },
      { rule: { id: 'dns-slow-server' }, report: late },
    ],
    ABSORPTIONS,
  ).map(({ rule: { id }, absorbs }) => [id, ...absorbs.map(({ rule, count }) => `${rule} ${count}`)].join(': '));

const lost = waits(COREDNS, UPSTREAM, UPSTREAM);

describe('late answers of a server that asks another one in turn', () => {
  it('are that one’s lost answers', () => {
    for (const cause of ['dns-loss', 'dns-dead-server', 'dns-race']) {
      expect(left(cause, lost, waits(POD, SERVICE, UPSTREAM))).toEqual([`${cause}: dns-slow-server 10`]);
    }
  });

  it('are not, where another server is named, at another time, or where the pods wait much longer', () => {
    const both = ['dns-loss', 'dns-slow-server'];
    expect(left('dns-loss', lost, waits(POD, SERVICE, SERVICE))).toEqual(both);
    expect(left('dns-loss', lost, waits(POD, SERVICE, UPSTREAM, { from: 60_000 }))).toEqual(both);
    expect(left('dns-loss', waits(COREDNS, UPSTREAM, UPSTREAM, { lasts: 100 }), waits(POD, SERVICE, UPSTREAM))).toEqual(
      both,
    );
  });

  it('are not what is lost of their own questions', () => {
    expect(left('dns-loss', waits(POD, UPSTREAM, UPSTREAM), waits(POD, SERVICE, UPSTREAM))).toEqual([
      'dns-loss',
      'dns-slow-server',
    ]);
    expect(left('dns-loss', waits(COREDNS, UPSTREAM, UPSTREAM), waits(POD, UPSTREAM, UPSTREAM))).toEqual([
      'dns-loss',
      'dns-slow-server',
    ]);
  });
});
