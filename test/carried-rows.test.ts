import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeCapture } from '../bench/generate.ts';
import { analyze, type AnalyzeOptions } from '../src/analyze.ts';
import { renderJson } from '../src/report/json.ts';
import { readInputs, type ReadInputs } from '../src/read-inputs.ts';
import { createRowsIn } from '../src/transfer/rows-in.ts';
import { createRowsOut } from '../src/transfer/rows-out.ts';
import { isFresh, program, root } from './support/built.ts';

/** As from another thread, but in this one. */
const readCarried: ReadInputs = async (options, reading) => {
  const { reading: out, finish } = createRowsOut(createRowsIn(reading), reading.tick);
  await readInputs(options, out);
  finish();
};

const EXAMPLES = readdirSync(join(root, 'examples'))
  .filter((name) => /\.pcap|\.txt/.test(name))
  .map((name) => [`examples/${name}`]);
const SHARED = [
  'net/grpc-too-many-pings.pcap',
  'net/healthy-http-mix.pcap',
  'net/tcp-rto-stall.pcap',
  'net/tls-slow-handshake.pcap',
  'net/http-retry-503.pcap',
  'resolvers/n_drop.pcap',
]
  .map((name) => `../shared/captures/${name}`)
  .filter((name) => existsSync(join(root, name)))
  .map((name) => [name]);

const answer = async (paths: readonly string[], more: Partial<AnalyzeOptions>): Promise<string> => {
  const options = { dnsPorts: [53], clients: [], names: [], slowerThan: null, ...more };
  return renderJson((await analyze({ ...options, paths: paths.map((path) => join(root, path)) })).diagnosis);
};

describe('rows that another thread read', () => {
  it.each([...EXAMPLES, ...SHARED, EXAMPLES.flat()])('give the same answer: %s', async (...paths) => {
    expect(await answer(paths, { read: readCarried })).toBe(await answer(paths, {}));
  });
});

const kubelag = (...words: string[]) =>
  spawnSync(process.execPath, [program, ...words], { encoding: 'utf8', maxBuffer: 64 << 20 });

// Large enough to be read in a thread of its own, where there are two processors.
const LARGE = 17 << 20;
const PACKETS = 90_000;

describe.skipIf(!isFresh())('a large capture (npm run build)', () => {
  let folder: string;
  const inFolder = (name: string): string => join(folder, name);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kubelag-large-'));
    const file = openSync(inFolder('large.pcap'), 'w');
    writeCapture({ kind: 'half', packets: PACKETS, seed: 7 }, (bytes) => void writeSync(file, bytes));
    closeSync(file);
    closeSync(openSync(inFolder('zeros.pcap'), 'w'));
    truncateSync(inFolder('zeros.pcap'), LARGE);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has the answer that it has where it is read in one thread', async () => {
    const { stdout, stderr, status } = kubelag('explain', '--format', 'json', inFolder('large.pcap'));
    const options = { dnsPorts: [53], clients: [], names: [], slowerThan: null, paths: [inFolder('large.pcap')] };
    expect(stderr).toBe('');
    expect(status).toBe(1);
    expect(stdout).toBe(renderJson((await analyze(options)).diagnosis));
  });

  it('is exported with all its rows', () => {
    const { stdout, status } = kubelag('export', 'exchanges', '--format', 'ndjson', inFolder('large.pcap'));
    expect(status).toBe(0);
    expect(stdout.split('\n').filter((line) => line.includes('"kubelag/exchange/1"')).length).toBeGreaterThan(1000);
  });

  it('that is none is told in one line', () => {
    const { stdout, stderr, status } = kubelag(inFolder('zeros.pcap'));
    expect([stdout, status]).toEqual(['', 2]);
    expect(stderr).toMatch(/^[^\n]*zeros\.pcap: [^\n]+\n$/);
  });
});
