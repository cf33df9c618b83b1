import { describe, expect, it } from 'vitest';
import { inputOf } from '../model/testing/rows.ts';
import { RULES } from '../rules/registry.ts';
import { handOn, type Rows } from '../rules/support/testing/run-rule.ts';
import { Scenario } from '../rules/support/testing/scenario.ts';
import { stillWaiting } from '../rules/support/testing/still-waiting.ts';
import { joined, Traffic, type Opening } from '../rules/support/testing/traffic.ts';
import { createDiagnosis } from './diagnose.ts';
import { verdictOf } from './verdict.ts';

/** Twenty calls, each on a connection of its own. */
function each(takes: number, opening: Opening = {}) {
  const traffic = new Traffic();
  for (let index = 0; index < 20; index++) traffic.open(opening).call({ takes }).close();
  return diagnosed(traffic.rows);
}

/** Calls on connections of their own, so many of them with bodies that come slowly. */
function few(count: number): Traffic {
  const traffic = new Traffic();
  for (let index = 0; index < 40; index++) {
    const takes = index < count ? 2000 : 12;
    traffic
      .open({ connect: 4 })
      .call({ takes, firstByte: 8 }, takes > 12 ? { responseBytes: 200_000 } : {})
      .close();
  }
  return traffic;
}

function diagnosed(rows: Rows) {
  const run = createDiagnosis({ rules: RULES, inputs: [inputOf()], version: '0.1.0' });
  run.observer.input(inputOf());
  handOn(rows, [run.observer]);
  run.observer.finish();
  return run.result();
}

describe('a verdict without a fault', () => {
  it('is what most requests wait for most of their time', () => {
    const traffic = Array.from({ length: 3 }, (_, caller) => new Traffic({ client: `10.0.3.${caller}` }));
    // Three callers ask at once, and are answered one after another.
    for (let round = 0; round < 20; round++) {
      for (const [caller, one] of traffic.entries())
        one.call({ takes: 80 * (caller + 1) }, { path: '/a' }).wait(80 * (2 - caller));
    }
    const { verdict, findings } = diagnosed(joined(...traffic.map(({ rows }) => rows)));
    expect(findings.map(({ rule, severity }) => `${rule} ${severity}`)).toContain('server-queue info');
    expect(verdict).toEqual({ status: 'clear', says: expect.stringMatching(/waited .* in line there/) as string });
  });
});

describe('lookups that the capture’s end leaves open', () => {
  const quick = new Scenario().pair(20).lookups;

  it('are told beside the others, and do not make them slow', () => {
    const { verdict } = diagnosed({ lookups: [...quick, ...stillWaiting(2, 0.7)] });
    expect(verdict.says).toBe(
      'no DNS lookup is slow: 20 lookups, slowest 500 µs; 2 more got no answer before the capture ended',
    );
  });

  it('are told first where they are many', () => {
    const { verdict } = diagnosed({ lookups: [...quick, ...stillWaiting(12, 0.7)] });
    expect(verdict.says).toBe(
      '12 of 32 lookups got no answer before the capture ended; else no DNS lookup is slow: 20 lookups, slowest 500 µs',
    );
  });

  it('are told as they are where they are all there is, and not at all where no one would wait for them', () => {
    expect(diagnosed({ lookups: stillWaiting(1, 0.7) }).verdict.says).not.toContain('more got no answer');
    expect(diagnosed({ lookups: [...quick, ...stillWaiting(1, 0.05)] }).verdict.says).toBe(
      'no DNS lookup is slow: 21 lookups, slowest 50 ms',
    );
  });

  it('are no reason to overlook one that ended late', () => {
    const late = new Scenario().pair(1, 150).lookups;
    const { verdict } = diagnosed({ lookups: [...quick, ...late, ...stillWaiting(1, 0.7)] });
    expect(verdict.says).toMatch(/21 lookups, slowest 150 ms; 1 more got no answer before the capture ended/);
  });
});

describe('what no finding explains', () => {
  const slow = 'a tenth of 20 requests take 400 ms or longer, at 10.96.44.12:8080';

  it('is said first where nothing but a cheap habit was found', () => {
    const { verdict, findings } = each(400);
    expect(findings.map(({ rule, severity }) => `${rule} ${severity}`)).toEqual(['connection-per-request minor']);
    expect(verdict).toEqual({
      status: 'found',
      says: `no known cause makes requests slow, yet ${slow}`,
      unexplained: `${slow}: no finding explains that`,
    });
  });

  it('is said beside a finding that costs more than a habit, and little of it', () => {
    const diagnosis = each(400);
    const findings = diagnosis.findings.map((finding) => ({ ...finding, severity: 'major' as const }));
    const verdict = verdictOf({ ...diagnosis, findings });
    expect(verdict.says).toMatch(/^20 of 20 connections .* serve a single call/);
    expect(verdict.unexplained).toBe(`${slow}: no finding explains that`);
  });

  it('is no call that its caller gave up, of which a finding tells how long it waited', () => {
    const diagnosis = each(400);
    const [finding] = diagnosis.findings;
    const [call] = diagnosis.exchanges.slowest;
    const row = { ...call!, outcome: 'incomplete' as const, firstByteSeconds: null };
    const exchanges = { ...diagnosis.exchanges, slowest: [row] };
    const told = (count: number, shown: typeof row | typeof call): string | undefined => {
      const example = { ...finding!.examples[0], lookup: null, exchange: '0.e1', connection: '0.c1', row: shown };
      const occurrences = { ...finding!.occurrences, count };
      const findings = [{ ...finding!, occurrences, examples: [example] as never }];
      return verdictOf({ ...diagnosis, exchanges, findings }).unexplained;
    };
    expect(told(20, row)).toBeUndefined();
    expect(told(1, row)).toMatch(/^a tenth of 20 requests take/);
    expect(told(20, call)).toMatch(/^a tenth of 20 requests take/);
  });

  it('is what most of them wait for, where that is worth knowing only', () => {
    const diagnosis = each(400);
    const [finding] = diagnosis.findings;
    const { occurrences, cost } = finding!;
    const line = (count: number) => ({
      ...finding!,
      severity: 'info' as const,
      says: 'they stand in line there',
      occurrences: { ...occurrences, count, of: 20 },
      cost: { ...cost, shareOfLatency: 0.8 },
    });
    const told = (count: number) => verdictOf({ ...diagnosis, findings: [finding!, line(count)] }).unexplained;
    expect(told(19)).toBe(
      'a tenth of 20 requests take 400 ms or longer, at 10.96.44.12:8080: they stand in line there',
    );
    expect(told(9)).toMatch(/: no finding explains that$/);
  });

  it('is said of the slowest where there is no tenth', () => {
    const diagnosis = each(400);
    const fewer = { ...diagnosis, exchanges: { ...diagnosis.exchanges, calls: 6 } };
    expect(verdictOf(fewer).unexplained).toMatch(/^the slowest of 6 requests take 400 ms or longer/);
  });

  it('is said of a few where half of all time goes to them', () => {
    expect(diagnosed(few(3).rows).verdict.unexplained).toMatch(/^3 of 40 requests take (?:2|1\.9\d) s or longer, at /);
    expect(diagnosed(few(2).rows).verdict.unexplained).toBeUndefined();
  });

  it('is nothing where a finding costs a quarter of it', () => {
    expect(each(400, { connect: 120 }).verdict.unexplained).toBeUndefined();
  });

  it('is nothing where requests are quick', () => {
    expect(each(60).verdict.unexplained).toBeUndefined();
  });

  it('is nothing where a cure would save a quarter of it, as of a line behind what it costs', () => {
    const diagnosis = each(400);
    const [finding] = diagnosis.findings;
    const { whatIf } = finding!;
    const after = { ...whatIf!.after, p90Seconds: whatIf!.before.p90Seconds / 2 };
    const before = { ...whatIf!.before, p90Seconds: 0.4 };
    const findings = [{ ...finding!, whatIf: { ...whatIf!, before, after } }];
    expect(verdictOf({ ...diagnosis, findings }).unexplained).toBeUndefined();
  });
});
