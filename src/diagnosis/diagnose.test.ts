import { describe, expect, it } from 'vitest';
import { milliseconds, seconds } from '../base/time.ts';
import { DiagnosisSchema } from '../model/diagnosis.ts';
import type { Report } from '../model/finding.ts';
import type { Lookup } from '../model/lookup.ts';
import type { Observer } from '../model/observer.ts';
import { packetId } from '../model/packet.ts';
import { atMs, attemptOf, inputOf, lookupOf } from '../model/testing/rows.ts';
import { problemsOf, throughJson } from '../model/testing/validate.ts';
import { defineFact, defineRule, type Rule, type RuleContext } from '../rules/support/define-rule.ts';
import { lookupTally } from '../rules/support/tally.ts';
import { createDiagnosis, type DiagnosisOptions } from './diagnose.ts';

const MESSAGES = { slow: '{count} of {total} lookups are slow', clear: 'none of {total:lookup} is slow' } as const;

const ruleOf = (id: string, create: (context: RuleContext<keyof typeof MESSAGES>) => Observer): Rule =>
  defineRule({ id, title: `Title of ${id}`, category: 'dns', sees: ['dns'], messages: MESSAGES, create });

/** Reports each lookup of `least` or longer. */
const slowRule = (id: string, least = milliseconds(100), parts: Partial<Report<'slow'>> = {}): Rule =>
  ruleOf(id, ({ report, clear }) => {
    const tally = lookupTally();
    let total = 0;
    return {
      lookup(lookup) {
        total++;
        const cost = lookup.duration >= least ? lookup.duration : null;
        if (cost !== null) tally.add(lookup, cost, (slow) => slow.attempts.map((attempt) => attempt.sentPacket));
      },
      finish() {
        if (tally.count === 0) {
          clear('clear', { total }, { count: total, unit: 'lookups' });
          return;
        }
        report({
          message: 'slow',
          data: { count: tally.count, total },
          input: 0,
          subject: { kind: 'client', name: '10.0.3.7' },
          of: total,
          unit: 'lookups',
          cost: tally,
          confidence: 'likely',
          confidenceBecause: 'they are far above the others',
          evidence: [{ says: 'the reply comes late', packets: [2] }],
          because: [],
          fix: [],
          whatIf: { method: 'the waits taken out' },
          errors: 0,
          habit: false,
          ...parts,
        });
      },
    };
  });

const ms = (duration: number, index = 0): Lookup =>
  lookupOf({
    id: `0.l${index}`,
    duration: milliseconds(duration),
    attempts: [attemptOf({ sentAt: atMs(index), sentPacket: 2 * index + 1 })],
  });

function diagnose(rules: readonly Rule[], lookups: readonly Lookup[], options: Partial<DiagnosisOptions> = {}) {
  const run = createDiagnosis({ rules, inputs: [inputOf()], version: '0.1.0', ...options });
  for (const lookup of lookups) run.observer.lookup(lookup);
  run.observer.finish();
  return run.result();
}

const healthy = Array.from({ length: 99 }, (_, index) => ms(1, index));

describe('a diagnosis', () => {
  it('is valid by its own schema', () => {
    const result = diagnose([slowRule('a'), slowRule('b', seconds(60))], [...healthy, ms(5000, 99)]);
    expect(problemsOf(DiagnosisSchema, throughJson(result))).toEqual([]);
  });

  it('names the dearest finding first, and says it as the verdict', () => {
    const result = diagnose(
      [
        slowRule('minor', milliseconds(1), { onlyInfo: 'warming up' }),
        slowRule('cheaper', milliseconds(100), { evidence: [{ says: 'x', packets: [199] }] }),
      ],
      [...healthy, ms(5000, 99)],
    );
    expect(result.findings.map(({ rule, severity }) => [rule, severity])).toEqual([
      ['cheaper', 'critical'],
      ['minor', 'info'],
    ]);
    expect(result.findings[1]?.severityBecause).toBe('warming up');
    expect(result.verdict).toEqual({ status: 'found', says: '1 of 100 lookups are slow' });
  });

  it('names what loses calls before what only takes some time, and after what takes long', () => {
    const cost = lookupTally();
    cost.add(ms(1), milliseconds(1), () => []);
    const rules = [slowRule('slow'), slowRule('loses', milliseconds(100), { cost, errors: 1 })];
    const named = (slow: number) =>
      diagnose(rules, [
        ...Array.from({ length: 98 }, (_, index) => ms(20, index)),
        ms(slow, 98),
        ms(slow, 99),
      ]).findings.map(({ rule, severity }) => [rule, severity]);
    expect(named(300)).toEqual([
      ['loses', 'major'],
      ['slow', 'major'],
    ]);
    expect(named(5000)).toEqual([
      ['slow', 'critical'],
      ['loses', 'major'],
    ]);
  });

  it('keeps packets, filter and the whole row of the dearest occurrences', () => {
    const [finding] = diagnose([slowRule('a')], [...healthy, ms(5000, 99), ms(4000, 100)]).findings;
    expect(finding?.filter).toBe('frame.number in {2, 199, 201}');
    expect(finding?.examples.map((example) => [example.lookup, example.packets, example.row.durationSeconds])).toEqual([
      ['0.l99', [199], 5],
      ['0.l100', [201], 4],
    ]);
    expect(finding?.occurrences).toEqual({ count: 2, of: 101, unit: 'lookups' });
    expect(finding?.cost.totalSeconds).toBe(9);
  });

  it('names packets of another input with that input, and filters only its own', () => {
    const far = lookupOf({
      input: 1,
      duration: seconds(5),
      attempts: [attemptOf({ sentPacket: packetId(1, 7) })],
    });
    const [finding] = diagnose([slowRule('a')], [far], { inputs: [inputOf(), inputOf({ input: 1 })] }).findings;
    expect(finding?.examples[0]?.packets).toEqual(['1:7']);
    expect(finding?.examples[0]?.row).toMatchObject({ attempts: [{ sent: [{ packet: 7 }] }] });
    expect(finding?.filter).toBe('frame.number in {2}');
  });

  it('has no filter where lines of text have no frames', () => {
    const [finding] = diagnose([slowRule('a')], [ms(5000)], { inputs: [inputOf({ format: 'tcpdump text' })] }).findings;
    expect(finding?.filter).toBeNull();
  });

  it('counts lookups, failures and resolvers, and keeps the slowest whole', () => {
    const lookups = [
      ...healthy,
      lookupOf({ ...ms(7), id: '0.gone', outcome: 'nxdomain' }),
      lookupOf({ ...ms(8), id: '0.none', outcome: 'nodata' }),
      lookupOf({ ...ms(9), id: '0.musl', outcome: 'timeout', resolver: 'musl', resolverConfidence: 'possible' }),
      lookupOf({ ...ms(9), id: '0.musl2', resolver: 'musl', resolverConfidence: 'certain', resolverBecause: 'ids' }),
    ];
    const { lookups: row } = diagnose([slowRule('a')], lookups);
    expect(row).toMatchObject({ count: 103, failed: 2, latency: { p50Seconds: 0.001, maxSeconds: 0.009 } });
    expect(row.resolvers).toMatchObject([
      { name: 'glibc', lookups: 101, confidence: 'likely' },
      { name: 'musl', lookups: 2, confidence: 'certain', because: 'ids' },
    ]);
    expect(row.slowest.map((slow) => slow.id).slice(0, 4)).toEqual(['0.musl', '0.musl2', '0.none', '0.gone']);
    expect(row.slowest).toHaveLength(5);
    expect(row.latency.histogram.reduce((sum, [, count]) => sum + count, 0)).toBe(103);
  });

  it('bounds resolvers by adding further details to their name', () => {
    const lookups = Array.from({ length: 100 }, (_, index) => lookupOf({ resolverDetail: `version ${index}` }));
    const { resolvers } = diagnose([slowRule('a')], lookups).lookups;
    expect(resolvers.length).toBeLessThanOrEqual(33);
    expect(resolvers.reduce((sum, resolver) => sum + resolver.lookups, 0)).toBe(100);
  });

  it('is clear with figures where no rule found anything', () => {
    const result = diagnose([slowRule('a')], healthy);
    expect(result.verdict).toEqual({ status: 'clear', says: 'no DNS lookup is slow: 99 lookups, slowest 1 ms' });
    expect(result.ruledOut).toEqual([
      { rule: 'a', says: 'none of 99 lookups is slow', examined: { count: 99, unit: 'lookups' } },
    ]);
  });

  it('never says that all is well where a lookup was slow', () => {
    expect(diagnose([slowRule('a', seconds(60))], [ms(3000)]).verdict).toEqual({
      status: 'clear',
      says: 'no known cause makes DNS lookups slow, yet some are: 1 lookup, slowest 3 s',
    });
    expect(diagnose([slowRule('a', seconds(1), { onlyInfo: 'warming up' })], [ms(3000), ms(1)]).verdict).toEqual({
      status: 'clear',
      says: 'nothing that costs much: 2 lookups, slowest 3 s',
    });
  });

  it('says of the one that was captured what it waited for, though nothing repeats', () => {
    const { verdict, findings } = diagnose([slowRule('a', seconds(1), { onlyInfo: 'seen once' })], [ms(3000)]);
    expect(verdict).toEqual({ status: 'clear', says: `seen once: ${findings[0]?.says}` });
    expect(findings[0]?.says).toMatch(/^1 .*slow/);
  });
});

describe('without lookups', () => {
  const rules = [slowRule('a'), slowRule('b')];
  it.each([
    ['the capture is empty', { inputs: [inputOf({ packets: 0 })] }],
    [
      'the capture shows no DNS (1,204 packets)',
      {
        inputs: [
          inputOf({
            vantage: { ...inputOf().vantage, sees: { dns: false, tcp: true, http: false, bothDirections: true } },
          }),
        ],
      },
    ],
    [
      'the capture has answers of DNS and no query that they answer: it saw one direction, or began too late (1,204 packets)',
      {},
    ],
    [
      "no lookup is left to look at: 2 lookups left out: tcpdump's own",
      { leftOut: { count: 2, because: "tcpdump's own" } },
    ],
  ])('every rule says: %s', (why, options: Partial<DiagnosisOptions>) => {
    const result = diagnose(rules, [], options);
    expect(result.unobservable.map((one) => [one.rule, one.why])).toEqual([
      ['a', why],
      ['b', why],
    ]);
    expect(result.unobservable[0]?.capture).toContain('tcpdump -i any');
    expect(result.verdict).toEqual({ status: 'insufficient', says: why });
    expect(result.ruledOut).toEqual([]);
  });

  it('says where all are of others than were asked for, and nothing of a capture that would show more', () => {
    const unwanted = { lookups: 27, exchanges: 0, connections: 0, filters: '--client 10.9.9.9' };
    const { verdict, unobservable } = diagnose([slowRule('a')], [], { unwanted });
    expect(unobservable).toMatchObject([{ why: 'none of 27 lookups is of --client 10.9.9.9', capture: null }]);
    expect(verdict).toEqual({ status: 'insufficient', says: 'none of 27 lookups is of --client 10.9.9.9' });
  });
});

describe('rules and facts', () => {
  it('see each lookup, facts first, and a fact is made once for all who ask', () => {
    const calls: string[] = [];
    let made = 0;
    const fact = defineFact({
      id: 'names',
      create() {
        made++;
        return { lookup: () => void calls.push('fact'), finish: () => void calls.push('fact ends') };
      },
    });
    const asking = (id: string): Rule =>
      ruleOf(id, (context) => {
        context.fact(fact);
        return {
          lookup: () => void calls.push(id),
          finish() {
            calls.push(`${id} ends`);
            context.unobservable({ why: 'test', capture: null });
          },
        };
      });
    diagnose([asking('a'), asking('b')], [ms(1)]);
    expect(made).toBe(1);
    expect(calls).toEqual(['fact', 'a', 'b', 'fact ends', 'a ends', 'b ends']);
  });

  it('keep their own `this`, and hear of inputs', () => {
    class Counter implements Observer {
      inputs = 0;
      lookups = 0;
      input(): void {
        this.inputs++;
      }
      lookup(): void {
        this.lookups++;
      }
    }
    const counter = new Counter();
    const rule = ruleOf('a', (context) => {
      context.fact({ id: 'counter', create: () => counter });
      return { finish: () => context.clear('clear', { total: 1 }, { count: 1, unit: 'lookups' }) };
    });
    const run = createDiagnosis({ rules: [rule], inputs: [inputOf()], version: '0.1.0' });
    run.observer.input(inputOf());
    run.observer.lookup(ms(1));
    expect(counter).toMatchObject({ inputs: 1, lookups: 1 });
  });

  it('may be asked while the capture still runs', () => {
    const run = createDiagnosis({ rules: [slowRule('a')], inputs: [inputOf()], version: '0.1.0' });
    run.observer.lookup(ms(1));
    expect(run.result().verdict.status).toBe('clear');
    run.observer.lookup(ms(5000));
    expect(run.result().findings).toHaveLength(1);
    run.observer.finish();
    expect(run.result().findings).toHaveLength(1);
    expect(run.result()).toBe(run.result());
  });

  it.each([
    ['came to no verdict', () => {}],
    [
      'was ruled out twice',
      ({ clear }: RuleContext<keyof typeof MESSAGES>) => {
        for (let times = 0; times < 2; times++) clear('clear', { total: 1 }, { count: 1, unit: 'lookups' });
      },
    ],
  ])('may not break their contract: a rule that %s', (problem, finish) => {
    const rule = ruleOf('broken', (context) => ({ finish: () => finish(context) }));
    expect(() => diagnose([rule], [ms(1)])).toThrow(`rule broken ${problem}`);
  });

  it('may not find and rule out at once', () => {
    const rule: Rule = {
      ...slowRule('both'),
      create(context) {
        const inner = slowRule('both').create(context);
        return {
          lookup: (lookup) => inner.lookup?.(lookup),
          finish() {
            inner.finish?.();
            context.clear('clear', { total: 1 }, { count: 1, unit: 'lookups' });
          },
        };
      },
    };
    expect(() => diagnose([rule], [ms(5000)])).toThrow('rule both was both reported and ruled out');
  });
});
