import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { expect, it } from 'vitest';
import { analyze } from '../src/analyze.ts';

/*
 * What users capture: caches before DNS servers, two IP families, proxies, protocols that nobody knows, a few slow
 * requests, ones that hang. The first line names who is waited for.
 */
const FOLDER = 'test/corpora/clusters';
/** Waits are told beyond what is usual. */
const COST_ERROR = 0.05;

interface Truth {
  readonly finding: string | null;
  /** The whole first line, where there is no finding. */
  readonly verdict?: string;
  readonly subject?: string;
  /** What the first line begins with. */
  readonly says?: string;
  readonly occurrences?: number;
  readonly of?: number;
  readonly costSeconds?: number;
}

const truths = Object.entries(parse(readFileSync(`${FOLDER}/truth.yaml`, 'utf8')) as Record<string, Truth>);

it.each(truths)('%s', async (name, { finding, verdict, says = '', costSeconds = Number.NaN, ...truth }) => {
  const { diagnosis } = await analyze({
    paths: [`${FOLDER}/${name}.pcap.gz`],
    dnsPorts: [53],
    clients: [],
    names: [],
    slowerThan: null,
  });
  const first = diagnosis.findings.find(({ severity }) => severity !== 'info');
  expect(first?.rule ?? null).toBe(finding);
  if (verdict !== undefined) expect(diagnosis.verdict.says).toBe(verdict);
  if (first === undefined) return;
  const { subject, occurrences, cost } = first;
  expect({ subject: subject.name, occurrences: occurrences.count, of: occurrences.of }).toEqual(truth);
  expect(first.says.slice(0, says.length)).toBe(says);
  expect(Math.abs((cost?.totalSeconds ?? 0) - costSeconds)).toBeLessThan(COST_ERROR * costSeconds);
});
