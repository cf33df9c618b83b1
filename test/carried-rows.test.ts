import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { analyze, type AnalyzeOptions } from '../src/analyze.ts';
import { LEAST_BYTES } from '../src/cli/worth-thread.ts';
import { renderJson } from '../src/report/json.ts';
import { readInputs, type ReadInputs } from '../src/read-inputs.ts';
import { readAside } from '../src/transfer/read-aside.ts';
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

describe('rows as another thread hands them over', () => {
  it.each([...EXAMPLES, ...SHARED, EXAMPLES.flat()])('give the same answer: %s', async (...paths) => {
    expect(await answer(paths, { read: readCarried })).toBe(await answer(paths, {}));
  });
});

describe.skipIf(!isFresh())('the thread that reads (npm run build)', () => {
  const read = readAside(pathToFileURL(join(root, 'dist/cli/reader.cjs')));

  it.each([...EXAMPLES, ...SHARED, EXAMPLES.flat()])('gives the same answer: %s', async (...paths) => {
    expect(await answer(paths, { read })).toBe(await answer(paths, {}));
  });

  it('reads what is large, and tells in one line that it is no capture', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kubelag-large-'));
    const zeros = join(folder, 'zeros.pcap');
    try {
      closeSync(openSync(zeros, 'w'));
      truncateSync(zeros, LEAST_BYTES);
      const { stdout, stderr, status } = spawnSync(process.execPath, [program, zeros], { encoding: 'utf8' });
      expect([stdout, status]).toEqual(['', 2]);
      expect(stderr).toMatch(/^[^\n]*zeros\.pcap: [^\n]+\n$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
