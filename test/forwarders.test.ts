import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { expect, it } from 'vitest';
import { analyze } from '../src/analyze.ts';

/* Of DNS servers that ask one another in one capture the last that keeps the others waiting is named, and each wait is told once. */
const FOLDER = 'test/corpora/forwarders';
/** Waits are told beyond what is usual. */
const COST_ERROR = 0.05;

interface Truth {
  readonly finding: string | null;
  readonly subject?: string;
  /** Whom the first of them asks, who is waited for. */
  readonly server?: string;
  readonly occurrences?: number;
  readonly of?: number;
  readonly costSeconds?: number;
}

const truths = Object.entries(parse(readFileSync(`${FOLDER}/truth.yaml`, 'utf8')) as Record<string, Truth>);

function trueOf({ finding, subject, server, occurrences, of, costSeconds = Number.NaN }: Truth): unknown[] {
  if (finding === null) return [];
  const cost: unknown = expect.closeTo(costSeconds, -Math.log10(2 * COST_ERROR * costSeconds));
  const says: unknown = expect.stringContaining(`${subject}, which ${server} asks in turn`);
  return [{ finding, subject, says, count: occurrences, of, cost }];
}

it.each(truths)('%s', async (name, truth) => {
  const { diagnosis } = await analyze({
    paths: [`${FOLDER}/${name}.pcap.gz`],
    dnsPorts: [53],
    clients: [],
    names: [],
    slowerThan: null,
  });
  const told = diagnosis.findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ rule, subject, says, occurrences: { count, of }, cost }) => ({
      finding: rule,
      subject: subject.name,
      says,
      count,
      of,
      cost: cost?.totalSeconds,
    }));
  expect(told).toEqual(trueOf(truth));
});
