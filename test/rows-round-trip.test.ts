import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../src/cli/run.ts';
import type { Diagnosis } from '../src/model/diagnosis.ts';
import { fakeIo } from './support/fake-io.ts';
import { pcapRecords } from './support/pcap-records.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

// Each kind of input and of DNS finding once; the last is two captures of one time, read as one.
const LOOKUPS: readonly (readonly string[])[] = [
  ...['g_gap', 'g_k8s', 'g_aaaadrop', 'g_all2', 'g_closed', 'm_all1', 'n_drop', 'g_tc'].map((name) => [
    `test/corpora/resolvers/${name}.pcap`,
  ]),
  ...['glibc.slow-late', 'glibc.loss', 'go.dead-backend.node', 'grpc-1.51.1.race-walk', 'musl-1.2.3.dead'].map(
    (name) => [`test/corpora/dns-lab/${name}.pcap`],
  ),
  // What is said of a last lookup depends on whether the capture went on after it.
  ...['cares-1.20.1.race', 'node-lookup.loss'].map((name) => [`test/corpora/dns-lab/${name}.pcap`]),
  ['../shared/incidents/same-port.tcpdump.txt'],
  ['../shared/incidents/different-ports.tcpdump.txt'],
  ['test/corpora/dns-lab/glibc.race-dnat.pcap', 'test/corpora/dns-lab/glibc.race-dnat.node.pcap'],
];

// What connections and exchanges can suffer, in a pod, on nodes and gateways, in plain text and TLS.
const TRAFFIC: readonly (readonly string[])[] = [
  ...[
    'accept-queue-overflow',
    'dead-endpoint.node',
    'dead-endpoint.near-refused',
    'bandwidth-limit',
    'grpc-deadline-slow-server',
    'healthy-grpc-stream',
    'grpc-too-many-pings',
    'http-retry-503',
    'idle-silent-drop',
    'mixed-loss-and-503',
    'mtu-blackhole',
    'no-connection-reuse',
    'serial-fan-out',
    'tcp-rto-stall',
    'tcp-syn-retry.node',
    'tls-handshake-per-request',
    'tls-slow-handshake',
    'zero-window-client',
    'healthy-http-mix',
  ].map((name) => [`../shared/captures/net/${name}.pcap`]),
  ['../shared/captures/net/tcp-rto-stall.pcap', '../shared/captures/net/tcp-rto-stall.node.pcap'],
  ['examples/glibc-race.pcap'],
  // Years long, and hardly anything in them.
  ...['GrePackets', 'NullLoopback'].map((name) => [`test/corpora/oracles/decode/${name}.pcap`]),
];

const isThere = (names: readonly string[]): boolean => names.every((name) => existsSync(join(root, name)));

async function json(...words: string[]): Promise<Diagnosis> {
  const io = fakeIo();
  const status = await run([...words, '--format', 'json'], io);
  expect([0, 1, 3], io.err).toContain(status);
  return JSON.parse(io.out) as Diagnosis;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-rows-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function exported(kind: string, captures: readonly string[], file = `${kind}.ndjson`): Promise<string> {
  const rows = join(folder, file);
  const io = fakeIo();
  expect([0, 3], io.err).toContain(await run(['export', kind, ...captures, '--output', rows], io));
  return rows;
}

/** What is said of a capture but for where it was read. */
const saidOf = ({ inputs, lookups, ...rest }: Diagnosis): unknown => ({
  ...rest,
  // What is left out of an export was left out before it.
  lookups: { ...lookups, leftOut: null },
  inputs: inputs.map(({ path: _path, format, holds: _holds, ...input }) => ({
    ...input,
    format: format.replace('+ndjson', ''),
  })),
});

const isRow = (line: string): boolean => !line.startsWith('{"schema":"kubelag/input');
const ofLookups = ({ occurrences }: Diagnosis['findings'][number]): boolean => occurrences.unit === 'lookups';

describe('exported rows, explained again', () => {
  const all = [...LOOKUPS, ...TRAFFIC];
  it.skipIf(!all.every(isThere))('has all captures beside the repository', () => {
    expect(all.every(isThere)).toBe(true);
  });
  it.each(all.filter(isThere))('give the whole answer of %s', async (...names) => {
    const captures = names.map((name) => join(root, name));
    const rows = await exported('rows', captures);
    const [direct, again] = [await json(...captures), await json(rows)];
    expect(direct.inputs[0]?.packets).toBeGreaterThan(0);
    expect(saidOf(again)).toEqual(saidOf(direct));
  });

  it('are the same rows once more', async () => {
    const rows = await exported('rows', [join(root, 'test/corpora/dns-lab/glibc.race-dnat.pcap')]);
    const again = await exported('rows', [rows], 'again.ndjson');
    const [first, second] = [rows, again].map((file) => readFileSync(file, 'utf8').split('\n'));
    expect(second?.filter(isRow)).toEqual(first?.filter(isRow));
  });
});

describe('exported lookups, explained again', () => {
  it.each(LOOKUPS.filter(isThere))('give the findings of %s', async (...names) => {
    const captures = names.map((name) => join(root, name));
    const rows = await exported('lookups', captures);
    const [direct, again] = [await json(...captures), await json(rows)];
    expect(direct.lookups.count).toBeGreaterThan(0);
    expect(again.findings).toEqual(direct.findings.filter(ofLookups));
    expect({ ...again.lookups, leftOut: null }).toEqual({ ...direct.lookups, leftOut: null });
  });

  it('say what the capture lacked', async () => {
    const whole = readFileSync(join(root, 'test/corpora/dns-lab/glibc.slow-late.pcap'));
    const kept = [...pcapRecords(whole)].filter((_, index) => index % 9 !== 5);
    const file = join(folder, 'lacking.pcap');
    writeFileSync(
      file,
      Buffer.concat([whole.subarray(0, 24), ...kept.map(({ start, end }) => whole.subarray(start - 16, end))]),
    );
    const [direct, again] = [await json(file), await json(await exported('lookups', [file], 'lacking.ndjson'))];
    expect(direct.inputs[0]?.damage.unseenQuestions).toBeGreaterThan(0);
    expect(again.inputs[0]?.damage.unseenQuestions).toBe(direct.inputs[0]?.damage.unseenQuestions);
    expect(again.findings).toEqual(direct.findings.filter(ofLookups));
  });

  it('say that connections were not exported', async () => {
    const rows = await exported('lookups', [join(root, 'test/corpora/resolvers/g_tc.pcap')]);
    const { unobservable, inputs } = await json(rows);
    expect(inputs[0]).toMatchObject({ holds: ['lookups'], vantage: { sees: { dns: true, tcp: false, http: false } } });
    const whys = unobservable.filter(({ rule }) => rule.startsWith('connection') || rule.startsWith('tcp'));
    for (const { why } of whys) expect(why).toMatch(/export holds no connections; kubelag export rows/);
    expect(whys.length).toBeGreaterThan(0);
  });
});

describe('exports of one kind each, in one file', () => {
  it('count as all that they hold', async () => {
    const capture = join(root, 'test/corpora/dns-lab/go.dead-backend.node.pcap');
    const files = [];
    for (const kind of ['lookups', 'exchanges', 'connections']) files.push(await exported(kind, [capture]));
    const mixed = join(folder, 'mixed.ndjson');
    writeFileSync(mixed, files.map((file) => readFileSync(file, 'utf8')).join(''));
    const [direct, again] = [await json(capture), await json(mixed)];
    expect(again.inputs[0]?.damage).toEqual(direct.inputs[0]?.damage);
    expect(again.findings).toEqual(direct.findings);
    expect(again.unobservable).toEqual(direct.unobservable);
  });
});
