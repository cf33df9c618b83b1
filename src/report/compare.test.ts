import { describe, expect, it } from 'vitest';
import { ComparisonSchema } from '../model/comparison.ts';
import { problemsOf, throughJson } from '../model/testing/validate.ts';
import { renderComparisonMarkdown } from './compare-markdown.ts';
import { renderComparisonTerminal } from './compare-terminal.ts';
import { comparisonOf } from './testing/comparisons.ts';

const look = { color: false, width: 100, unicode: true };

describe('a comparison at a terminal', () => {
  it('is led by the verdict', () => {
    expect(renderComparisonTerminal(comparisonOf(), look).split('\n')[0]).toBe(
      '  It worked: requests p50 371 ms → 26.3 ms (93 % less; 95 % interval 92–93 %)',
    );
  });

  it('has figures side by side, and what stands behind them', () => {
    const text = renderComparisonTerminal(comparisonOf(), look);
    expect(text).toMatch(/inbound requests +before +after +change +95 % interval/);
    expect(text).toMatch(/p50 +371 ms +26\.3 ms +-93 % +-93 % to -92 % +better/);
    expect(text).toMatch(/p90 .* too few to say; 1,300 would do/);
    expect(text).toMatch(/failed +0 +12 +worse/);
    expect(text).toMatch(
      /another mix than before \(40 % of all\), taken out; as they came, the p50 changed by\s+-30 %/,
    );
    expect(text).toContain('only before: 20 GET /old on shop.example.com (10.0.3.7:8080)');
    expect(text).toContain('only after: 3 others on 10.0.3.7:8080');
    expect(text).toMatch(/by kind +GET \/items\/\{id\} on .*: p50 371 ms → 26\.3 ms/);
    expect(text).toContain('GET /rare on shop.example.com (10.0.3.7:8080): 10 and 4, too few');
    expect(text).toContain('too few to say anything');
    expect(text).toContain('the names differ, so all lookups are compared together');
    expect(text).toMatch(/metadata +330 ms +0 s +169\.254\.169\.254:80/);
    expect(text).toMatch(/gone +credentials-refresh-storm: 100 of 100 requests fetch credentials; not found among/);
    expect(text).not.toContain('How it was computed.');
    expect(renderComparisonTerminal(comparisonOf(), { ...look, full: true })).toContain('How it was computed.');
  });

  it('says how many times as much, where percent would run into one another', () => {
    const [latency] = comparisonOf().latencies as [ReturnType<typeof comparisonOf>['latencies'][number]];
    const [figure] = latency.changes as [(typeof latency.changes)[number]];
    const grown = { ...figure, beforeSeconds: 0.00337, afterSeconds: 5, change: 1483.2, low: -0.9, high: 1676 };
    const text = renderComparisonTerminal(comparisonOf({ latencies: [{ ...latency, changes: [grown] }] }), look);
    expect(text).toMatch(/p50 +3\.37 ms +5 s +×1,484 +-90 % to ×1,677/);
  });

  it('keeps within the width of the terminal, but for what cannot be broken', () => {
    const lines = renderComparisonTerminal(comparisonOf(), { ...look, full: true }).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('writes ASCII where it must', () => {
    // oxlint-disable-next-line no-control-regex
    expect(renderComparisonTerminal(comparisonOf(), { ...look, unicode: false })).toMatch(/^[\n\u0020-\u007e]*$/);
  });
});

describe('a comparison in Markdown', () => {
  it('has tables for a ticket', () => {
    const text = renderComparisonMarkdown(comparisonOf());
    expect(text.split('\n')[0]).toMatch(/^# It worked: requests p50 371 ms → 26\.3 ms/);
    expect(text).toContain(
      '| inbound requests | before | after | change | 95 % interval |  |\n|---|--:|--:|--:|---|---|\n',
    );
    expect(text).toContain('| p50 | 371 ms | 26.3 ms | -93 % | -93 % to -92 % | better |');
    expect(text).toContain('| metadata | 169.254.169.254:80 | 330 ms | 0 s |');
    expect(text).toContain('**Findings: gone**');
  });
});

it('the fixture is valid by the schema', () => {
  expect(problemsOf(ComparisonSchema, throughJson(comparisonOf()))).toEqual([]);
});
