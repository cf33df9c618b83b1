import { describe, expect, it } from 'vitest';
import { inputOf } from '../model/testing/rows.ts';
import { RULES } from '../rules/registry.ts';
import { handOn } from '../rules/support/testing/run-rule.ts';
import { Traffic, type Opening } from '../rules/support/testing/traffic.ts';
import { createDiagnosis } from './diagnose.ts';
import { verdictOf } from './verdict.ts';

/** Twenty calls, each on a connection of its own. */
function each(takes: number, opening: Opening = {}) {
  const traffic = new Traffic();
  for (let index = 0; index < 20; index++) traffic.open(opening).call({ takes }).close();
  const run = createDiagnosis({ rules: RULES, inputs: [inputOf()], version: '0.1.0' });
  run.observer.input(inputOf());
  handOn(traffic.rows, [run.observer]);
  run.observer.finish();
  return run.result();
}

describe('what no finding explains', () => {
  it('is said beside a finding that costs little of it', () => {
    const { verdict } = each(400);
    expect(verdict.says).toMatch(/^20 of 20 connections .* serve a single call/);
    expect(verdict.unexplained).toBe(
      'a tenth of 20 requests take 400 ms or longer, at 10.96.44.12:8080: no finding explains that',
    );
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
