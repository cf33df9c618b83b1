import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../src/analyze.ts';
import type { Diagnosis, Finding } from '../src/model/diagnosis.ts';
import { pcapRecords } from './support/pcap-records.ts';

/*
 * In a pod with a service mesh's proxy each call is seen twice, and towards others it can't be read; so are lookups. What is told is what
 * would be told without the proxy; without the loopback interface, what whose turn it was tells of calls inside TLS.
 */
const FOLDER = 'test/corpora/sidecar';
/** Waits are told beyond what is usual, and the machine that recorded adds some of its own. */
const COST_ERROR = 0.05;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;
/** In the header of LINUX_SLL2: the interface's index, of which the loopback's is 1. */
const INTERFACE = 4;
const LOOPBACK_INTERFACE = 1;

interface Cause {
  readonly finding: string | null;
  readonly subject?: string;
  /** What the first line begins with. */
  readonly says?: string;
}

interface Truth extends Cause {
  readonly requests: number;
  readonly occurrences?: number;
  readonly costSeconds?: number;
  readonly outside?: Cause & { readonly of?: number };
}

const truths = Object.entries(parse(readFileSync(`${FOLDER}/truth.yaml`, 'utf8')) as Record<string, Truth>);
const options = { dnsPorts: [53], clients: [], names: [], slowerThan: null };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-sidecar-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const firstOf = ({ findings }: Diagnosis): Finding | undefined => findings.find(({ severity }) => severity !== 'info');

/** What a finding says, for comparison with what is true: null where there is none. */
function saidOf(first: Finding | undefined) {
  if (first === undefined) return null;
  const { rule, says, subject, occurrences, cost } = first;
  return { finding: rule, says, subject: subject.name, ...occurrences, costSeconds: cost?.totalSeconds ?? Number.NaN };
}

function trueOf({ occurrences, costSeconds = Number.NaN }: Truth, { finding, subject, says = '' }: Cause) {
  if (finding === null) return null;
  const near: unknown = expect.closeTo(costSeconds, -Math.log10(2 * COST_ERROR * costSeconds));
  const beginning: unknown = expect.stringMatching(`^${says.replaceAll('.', '\\.')}`);
  return expect.objectContaining({
    finding,
    says: beginning,
    subject,
    count: occurrences,
    costSeconds: near,
  }) as unknown;
}

/** As an interface other than the loopback's shows it. */
function outside(bytes: Buffer): Buffer {
  const records = [...pcapRecords(bytes)].filter(
    ({ start }) => bytes.readUInt32BE(start + INTERFACE) !== LOOPBACK_INTERFACE,
  );
  return Buffer.concat([
    bytes.subarray(0, FILE_HEADER),
    ...records.map(({ start, end }) => bytes.subarray(start - RECORD_HEADER, end)),
  ]);
}

describe.each(truths)('%s', (name, truth) => {
  let told: Diagnosis;
  beforeAll(async () => {
    ({ diagnosis: told } = await analyze({ ...options, paths: [`${FOLDER}/${name}.pcap.gz`] }));
  });

  it('is told by its cause first, at what it costs', () => {
    expect(saidOf(firstOf(told))).toEqual(trueOf(truth, truth));
  });

  it('has each request once', () => {
    expect(told.requests.count).toBe(truth.requests);
    expect(told.exchanges.count).toBe(2 * truth.requests);
  });
});

const shownOutside = truths.flatMap(([name, truth]) =>
  truth.outside === undefined ? [] : [{ name, truth, outside: truth.outside }],
);

it.each(shownOutside)(
  '$name is told from outside the pod, too, as far as it shows',
  async ({ name, truth, outside: cause }) => {
    const path = join(folder, `${name}.pcap`);
    writeFileSync(path, outside(gunzipSync(readFileSync(`${FOLDER}/${name}.pcap.gz`))));
    const said = saidOf(firstOf((await analyze({ ...options, paths: [path] })).diagnosis));
    expect(said).toEqual(trueOf(truth, cause));
    expect(said?.of).toBe(cause.of);
  },
);
