import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../src/analyze.ts';
import type { Diagnosis } from '../src/model/diagnosis.ts';

/*
 * In a pod with a service mesh's proxy each call is seen twice, and towards others it can't be read. What is told is what
 * would be told without the proxy.
 */
const FOLDER = 'test/corpora/sidecar';
/** Waits are told beyond what is usual, and the machine that recorded adds some of its own. */
const COST_ERROR = 0.05;

interface Truth {
  readonly tls: boolean;
  readonly requests: number;
  readonly finding: string | null;
  readonly subject?: string;
  readonly occurrences?: number;
  readonly costSeconds?: number;
}

const truths = Object.entries(parse(readFileSync(`${FOLDER}/truth.yaml`, 'utf8')) as Record<string, Truth>);

describe.each(truths)('%s', (name, truth) => {
  let told: Diagnosis;
  beforeAll(async () => {
    const options = { dnsPorts: [53], clients: [], names: [], slowerThan: null };
    ({ diagnosis: told } = await analyze({ ...options, paths: [`${FOLDER}/${name}.pcap.gz`] }));
  });

  it('is told by its cause first, at what it costs', () => {
    const [first] = told.findings.filter(({ severity }) => severity !== 'info');
    if (truth.finding === null) return expect(first).toBeUndefined();
    expect(first).toMatchObject({
      rule: truth.finding,
      subject: { name: truth.subject },
      occurrences: { count: truth.occurrences },
    });
    const cost = first?.cost?.totalSeconds ?? Number.NaN;
    expect(Math.abs(cost / (truth.costSeconds ?? Number.NaN) - 1)).toBeLessThan(COST_ERROR);
  });

  it('has each request once', () => {
    expect(told.requests.count).toBe(truth.requests);
    expect(told.exchanges.count).toBe(2 * truth.requests);
  });
});
