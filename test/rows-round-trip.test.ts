import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../src/cli/run.ts';
import type { Diagnosis } from '../src/model/diagnosis.ts';
import { fakeIo } from './support/fake-io.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

// Each kind of input and of finding once; the last is two captures of one time, read as one.
const CASES: readonly (readonly string[])[] = [
  ...['g_gap', 'g_k8s', 'g_aaaadrop', 'g_all2', 'g_closed', 'm_all1', 'n_drop', 'g_tc'].map((name) => [
    `test/corpora/resolvers/${name}.pcap`,
  ]),
  ...['glibc.slow-late', 'glibc.loss', 'go.dead-backend.node', 'grpc-1.51.1.race-walk', 'musl-1.2.3.dead'].map(
    (name) => [`test/corpora/dns-lab/${name}.pcap`],
  ),
  ['../shared/incidents/same-port.tcpdump.txt'],
  ['../shared/incidents/different-ports.tcpdump.txt'],
  ['test/corpora/dns-lab/glibc.race-dnat.pcap', 'test/corpora/dns-lab/glibc.race-dnat.node.pcap'],
];

const isThere = (names: readonly string[]): boolean => names.every((name) => existsSync(join(root, name)));

async function json(...words: string[]): Promise<Diagnosis> {
  const io = fakeIo();
  const status = await run([...words, '--format', 'json'], io);
  expect([0, 1, 3], io.err).toContain(status);
  return JSON.parse(io.out) as Diagnosis;
}

describe('exported lookups, explained again', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kubelag-rows-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.skipIf(!CASES.every(isThere))('has the shared incidents beside the repository', () => {
    expect(CASES.every(isThere)).toBe(true);
  });
  it.each(CASES.filter(isThere))('give the findings of %s', async (...names) => {
    const captures = names.map((name) => join(root, name));
    const rows = join(folder, 'rows.ndjson');
    const io = fakeIo();
    expect([0, 3], io.err).toContain(await run(['export', 'lookups', ...captures, '--output', rows], io));
    const [direct, again] = [await json(...captures), await json(rows)];
    expect(direct.lookups.count).toBeGreaterThan(0);
    for (const part of ['verdict', 'findings', 'ruledOut', 'unobservable'] as const) {
      expect(again[part], part).toEqual(direct[part]);
    }
    expect({ ...again.lookups, leftOut: null }).toEqual({ ...direct.lookups, leftOut: null });
  });
});
