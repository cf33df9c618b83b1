/** What large answers wait for: a link that they share, a receive window for each round trip, their server; each told as what it is. */
import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { analyze } from '../src/analyze.ts';
import type { Diagnosis, Finding } from '../src/model/diagnosis.ts';

const FOLDER = 'test/corpora/transfers';
const OF_THE_WAY = new Set(['bandwidth-limit', 'tcp-window-limit', 'http2-window-limit']);
/** Before the first of it is on its way, and where another one alone was, a transfer is quicker or slower than told. */
const COST_ERROR = 0.25;
/** Packets' headers, and the bucket that is full at first. */
const RATE_ERROR = 0.05;

interface Truth {
  readonly finding: string | null;
  readonly megabytesPerSecond?: number;
  readonly window?: string;
  readonly atServer?: string;
  readonly transfers: readonly number[];
}

const truths = Object.entries(parse(readFileSync(`${FOLDER}/truth.yaml`, 'utf8')) as Record<string, Truth>);
const captures = truths.flatMap(([name, truth]) =>
  ['', '.server'].map((side) => ({ file: `${FOLDER}/${name}${side}.pcap.gz`, ...truth })),
);
const options = { dnsPorts: [53], clients: [], names: [], slowerThan: null };
const there = captures.filter(({ file }) => existsSync(file));

async function told(file: string): Promise<Diagnosis> {
  const { diagnosis } = await analyze({ ...options, paths: [file] });
  return diagnosis;
}

const isOfTheWay = ({ rule }: Finding): boolean => OF_THE_WAY.has(rule);

const middleOf = (times: readonly number[]): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] as number;

it('captures at both ends', () => {
  expect(there.length).toBeGreaterThan(11);
});

describe('what the way holds up', () => {
  it.each(there.filter(({ finding }) => finding !== null && OF_THE_WAY.has(finding)))('$file', async (truth) => {
    const { finding, megabytesPerSecond, window, transfers, file, atServer } = truth;
    const { verdict, findings } = await told(file);
    if (atServer !== undefined && file.includes('.server.')) {
      expect(verdict.says).toContain(atServer);
      return;
    }
    const own = findings.filter(isOfTheWay);
    expect(own.map(({ rule }) => rule)).toEqual([finding]);
    const [{ says, cost, occurrences }] = own as [Finding];
    expect(occurrences.count).toBeGreaterThanOrEqual(0.7 * transfers.length);
    expect(occurrences.count).toBeLessThanOrEqual(transfers.length);
    const each = middleOf(transfers) / 1000;
    expect(Math.abs((cost.p50Seconds ?? 0) - each)).toBeLessThan(COST_ERROR * each);
    if (window !== undefined) expect(says).toContain(`window (${window})`);
    if (megabytesPerSecond === undefined) return;
    const rate = Number(/steady ([\d.]+) MB\/s/.exec(says)?.[1]);
    expect(Math.abs(rate - megabytesPerSecond)).toBeLessThan(RATE_ERROR * megabytesPerSecond);
  });
});

describe('what the way does not hold up', () => {
  it.each(there.filter(({ finding }) => finding === null || !OF_THE_WAY.has(finding)))('$file', async (truth) => {
    const { findings } = await told(truth.file);
    expect(findings.filter(isOfTheWay).map(({ says }) => says)).toEqual([]);
    // At the server its own time is the service's.
    const isOwn = truth.finding === 'upstream-slow' && truth.file.includes('.server.');
    if (truth.finding !== null) expect(findings[0]?.rule).toBe(isOwn ? 'service-slow' : truth.finding);
  });
});
