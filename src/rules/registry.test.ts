import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { existsSync, readFileSync } from 'node:fs';
import { STALL_REASONS, type StallReason } from '../model/connection.ts';
import { EXCHANGE_OUTCOMES, type ExchangeOutcome } from '../model/exchange.ts';
import { OUTCOMES, RESOLVERS, RR_TYPE, type Lookup } from '../model/lookup.ts';
import { RULES } from './registry.ts';
import { runRule, type Hand, type Rows } from './support/testing/run-rule.ts';
import { joined, Traffic } from './support/testing/traffic.ts';
import { Scenario, together, type Question } from './support/testing/scenario.ts';

/** These share one classification of unanswered queries: no lookup belongs to two of them. */
const OF_LOSSES = new Set(['dns-race', 'dns-loss', 'dns-dead-server', 'dns-family-missing', 'dns-slow-server']);

const HEADINGS = ['What happens', 'Why it is slow', 'How we see it', 'From manifests', 'Fix', 'When not to', 'Sources'];

const time = fc.double({ min: 0, max: 20_000, noNaN: true });

const question: fc.Arbitrary<Question> = fc
  .record({
    name: fc.constantFrom('a.test', 'a.test.cluster.local', 'b.test'),
    type: fc.constantFrom(RR_TYPE.A, RR_TYPE.AAAA, RR_TYPE.PTR, RR_TYPE.TXT),
    sent: fc.oneof(fc.constantFrom(0, 0.03, 5000), time),
    answered: fc.oneof(fc.constant(null), fc.constantFrom(0.4, 300, 5000.4), time),
    again: fc.array(time, { maxLength: 3 }),
    earlier: fc.array(fc.record({ at: time, rcode: fc.constantFrom(0, 2, 3, 5) }), { maxLength: 2 }),
    port: fc.constantFrom(1, 2, 3),
    server: fc.constantFrom('10.96.0.10', '10.96.0.11'),
    rcode: fc.constantFrom(0, 0, 0, 2, 3, 5, 16),
    records: fc.nat(2),
    transport: fc.constantFrom('udp', 'udp', 'udp', 'tcp'),
    truncated: fc.boolean(),
  })
  .map(({ again, earlier, ...rest }) => ({
    ...rest,
    again: again.toSorted((a, b) => a - b),
    earlier: earlier.toSorted((a, b) => a.at - b.at),
  }));

const lookups: fc.Arbitrary<Lookup[]> = fc
  .array(
    fc.record({
      questions: fc.array(question, { minLength: 1, maxLength: 6 }),
      client: fc.constantFrom('10.0.0.1', '10.0.0.2'),
      lasts: time,
      outcome: fc.constantFrom(...OUTCOMES),
      resolver: fc.constantFrom(...RESOLVERS),
      endBecause: fc.constantFrom('reply', 'timer', 'captureEnd'),
      name: fc.constantFrom('a.test', 'b.test'),
    }),
    { maxLength: 12 },
  )
  .map((parts) => {
    const scenario = new Scenario();
    for (const { questions, ...rest } of parts) scenario.ask(questions, rest);
    return scenario.lookups;
  });

interface Step {
  kind: 'open' | 'refused' | 'call' | 'stream' | 'silent' | 'close';
  takes: number;
  stalled: StallReason | null;
  outcome: ExchangeOutcome;
  path: string;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('open', 'refused', 'call', 'call', 'call', 'stream', 'silent', 'close'),
  takes: fc.oneof(fc.constantFrom(0, 4, 40, 200, 1000, 5000), time),
  stalled: fc.oneof(fc.constant(null), fc.constantFrom(...STALL_REASONS)),
  outcome: fc.constantFrom(...EXCHANGE_OUTCOMES),
  path: fc.constantFrom('/a', '/b', ''),
});

function take(traffic: Traffic, { kind, takes, stalled, outcome, path }: Step): void {
  if (kind === 'open') traffic.open({ connect: takes });
  else if (kind === 'refused') traffic.refused();
  else if (kind === 'silent') traffic.open({ connect: null, again: [takes] });
  else if (kind === 'close') traffic.close({ ending: 'reset', endedBy: 'server' });
  else {
    const stalls = stalled === null ? [] : [{ at: takes / 4, lasts: takes / 2, parts: { reason: stalled } }];
    traffic.call({ takes, stalls }, { outcome, path, shape: kind });
  }
}

const ends = fc.record({
  client: fc.constantFrom('10.0.3.7', '10.0.9.9'),
  server: fc.constantFrom('10.96.0.1', '10.0.3.7'),
});

const requests: fc.Arbitrary<Rows> = fc
  .array(fc.record({ ends, steps: fc.array(step, { maxLength: 12 }) }), { minLength: 1, maxLength: 3 })
  .map((clients) =>
    joined(
      ...clients.map(({ ends: own, steps }) => {
        const traffic = new Traffic(own);
        for (const one of steps) take(traffic, one);
        return traffic.rows;
      }),
    ),
  );

/** One object for all rows of a kind, filled again and again as the pipeline does. */
function usedAgain<Row extends object>(rows: readonly Row[] = []): (row: Row) => Row {
  const reused = structuredClone(rows[0]) as Row;
  return (row) => Object.assign(reused, structuredClone(row));
}

const isPredicted = (id: string): boolean => existsSync(new URL(`predicted/${id}.ts`, import.meta.url));

describe('all rules', () => {
  it('have documentation in one form', () => {
    for (const { id, title } of RULES) {
      const text = readFileSync(new URL(`./${id}.md`, import.meta.url), 'utf8');
      const [first, ...headings] = text.split('\n').filter((line) => line.startsWith('#'));
      expect(first).toBe(`# ${id}: ${title}`);
      // Of rules that judge manifests as well; what stands there, their own tests look at.
      const expected = HEADINGS.filter((heading) => heading !== 'From manifests' || isPredicted(id));
      expect(headings, id).toEqual(expected.map((heading) => `## ${heading}`));
    }
  });

  it('give a verdict on whatever rows there are, and never count a lookup twice', () => {
    fc.assert(
      fc.property(lookups, (rows) => {
        fc.pre(rows.length > 0);
        const counted = new Map<string, string>();
        let total = 0;
        for (const rule of RULES) {
          const { reports } = runRule(rule, rows);
          if (!OF_LOSSES.has(rule.id)) continue;
          for (const { cost } of reports) {
            total += cost.count;
            for (const example of cost.examples) {
              expect(counted.get(example.row.id), `${example.row.id} in ${rule.id} too`).toBeUndefined();
              counted.set(example.row.id, rule.id);
            }
          }
        }
        expect(total).toBeLessThanOrEqual(rows.length);
      }),
      { numRuns: 100 },
    );
  });

  it('give one verdict on whatever requests there are, and change none of them', () => {
    fc.assert(
      fc.property(requests, (rows) => {
        const before = structuredClone(rows);
        for (const rule of RULES) if (!rule.sees.includes('dns')) runRule(rule, rows);
        expect(rows).toEqual(before);
      }),
      { numRuns: 100 },
    );
  });

  it('do not change the rows that they are given', () => {
    const rows = new Scenario().pair(3).lostSecond(2).walk(2).silent().sequential(2).lookups;
    const before = structuredClone(rows);
    for (const rule of RULES) runRule(rule, rows);
    expect(rows).toEqual(before);
  });

  it('keep nothing of a row that is used again', () => {
    const busy = new Traffic()
      .open({ tls: 3 })
      .calls(30)
      .call({ takes: 900, stalls: [{ at: 2, lasts: 800 }] });
    const rows = { ...busy.refused(3).rows, lookups: new Scenario().pair(30).lostSecond(6).walk(3).lookups };
    const outcomes = (hand?: Hand) =>
      RULES.map((rule) =>
        runRule(rule, rows, undefined, hand).reports.map(({ says, evidence, cost }) => ({
          says,
          evidence,
          examples: cost.examples,
        })),
      );
    const reusing: Hand = {
      lookup: usedAgain(rows.lookups),
      exchange: usedAgain(rows.exchanges),
      connection: usedAgain(rows.connections),
    };
    expect(outcomes(reusing)).toEqual(outcomes());
  });

  it('stay within their bounds, however many clients, servers and names there are', () => {
    const scenarios = Array.from({ length: 700 }, (_, index) =>
      new Scenario({ client: `10.1.${index >> 8}.${index & 255}`, server: `10.96.${index >> 8}.${index & 255}` })
        .walk(1, `n${index}.test`)
        .lostFirst()
        .ask([{ name: `gone${index}`, rcode: 3, records: 0 }], { name: `gone${index}`, outcome: 'nxdomain' }),
    );
    const rows = together(...scenarios);
    for (const rule of RULES) {
      const { reports } = runRule(rule, rows);
      expect(reports.length, rule.id).toBeLessThanOrEqual(16);
      for (const report of reports) expect(report.cost.examples.length).toBeLessThanOrEqual(5);
    }
    const lost = RULES.find(({ id }) => id === 'dns-loss')!;
    const counted = runRule(lost, rows).reports.reduce((sum, report) => sum + report.cost.count, 0);
    expect(counted).toBe(700);
  });
});
