import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { analyze } from '../src/analyze.ts';
import { compareDiagnoses } from '../src/compare/compare.ts';
import type { Comparison } from '../src/model/comparison.ts';

/*
 * Captures of one system before and after its cure, and of two systems that are alike: what the
 * programs that made the traffic measured themselves is the truth.
 */

const CAPTURES = new URL('../../shared/captures/', import.meta.url).pathname;

async function compared(before: string, after: string): Promise<Comparison> {
  const [ours, theirs] = await Promise.all(
    [before, after].map((path) =>
      analyze({ paths: [CAPTURES + path], dnsPorts: [53], clients: [], names: [], slowerThan: null }),
    ),
  );
  return compareDiagnoses(ours!.diagnosis, theirs!.diagnosis);
}

const credentials = (folder: string): string => `credentials/${folder}/pod.pcap`;

describe.skipIf(!existsSync(CAPTURES))('cured', () => {
  it.each([
    // before, after, medians in ms that the application measured
    ['compare-before', 'compare-after', 370.4, 25.3],
    ['near-dns-per-request-c1', 'cured-dns-c4', 69.2, 23],
    ['near-dns-per-request-c4', 'cured-dns-c4', 184.6, 23],
    ['near-serial-calls-c1', 'cured-serial-c4', 135.5, 36],
    ['near-serial-calls-c4', 'cured-serial-c4', 131.9, 36],
    ['near-tls-per-request-c1', 'cured-tls-c4', 105, 46.6],
    ['near-tls-per-request-c4', 'cured-tls-c4', 110.2, 46.6],
  ])('%s → %s', async (before, after, ours, theirs) => {
    const comparison = await compared(credentials(before), credentials(after));
    expect(comparison.verdict.status).toBe('improved');
    const median = comparison.latencies[0]?.changes[0];
    expect(median?.figure).toBe('p50');
    // The wire sees a request a little longer than the application does.
    expect(Math.abs((median?.beforeSeconds ?? 0) * 1e3 - ours)).toBeLessThan(3);
    expect(Math.abs((median?.afterSeconds ?? 0) * 1e3 - theirs)).toBeLessThan(3);
    expect(median?.low).toBeLessThan(theirs / ours - 1 + 0.02);
    expect(median?.high).toBeGreaterThan(theirs / ours - 1 - 0.02);
  });

  it('turned round it got worse', async () => {
    const comparison = await compared(credentials('compare-after'), credentials('compare-before'));
    expect(comparison.verdict.status).toBe('worse');
  });
});
