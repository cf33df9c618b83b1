import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../src/analyze.ts';
import { run } from '../src/cli/run.ts';
import type { Finding } from '../src/model/diagnosis.ts';
import { fakeIo } from './support/fake-io.ts';

/*
 * Captures of real SDKs and metadata services: what is said of them does not rest on identifiers
 * that travel, and nothing that opens a door is ever written.
 */

const CORPUS = fileURLToPath(new URL('corpora/credentials', import.meta.url));

const captures = readdirSync(CORPUS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) =>
    readdirSync(join(CORPUS, name))
      .filter((file) => file.endsWith('.pcap.gz'))
      .map((file) => ({ id: `${name}/${file.replace('.pcap.gz', '')}`, folder: join(CORPUS, name), file })),
  );

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-credentials-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function findingsOf(path: string): Promise<Finding[]> {
  const { diagnosis } = await analyze({ paths: [path], dnsPorts: [53], clients: [], names: [], slowerThan: null });
  return diagnosis.findings;
}

/** What is said above info, and of how many. */
const saidOf = (findings: readonly Finding[]): string[] =>
  findings.filter(({ severity }) => severity !== 'info').map(({ rule, occurrences }) => `${rule} ${occurrences.count}`);

const IDENTIFIERS = [
  'x-request-id',
  'x-real-ip',
  'x-forwarded-for',
  'traceparent',
  'x-amzn-trace-id',
  'b3',
  'uber-trace-id',
];

/** The same bytes with other names in place of these headers: nobody knows them. */
function withoutIdentifiers(bytes: Buffer): { stripped: Buffer; count: number } {
  const stripped = Buffer.from(bytes);
  const text = bytes.toString('latin1').toLowerCase();
  let count = 0;
  for (const name of IDENTIFIERS) {
    const header = `\n${name}:`;
    for (let at = text.indexOf(header); at >= 0; at = text.indexOf(header, at + 1)) {
      stripped.fill(0x7a, at + 1, at + 1 + name.length);
      count++;
    }
  }
  return { stripped, count };
}

describe('identifiers stripped from a capture', () => {
  it.each(captures.filter(({ id }) => !id.endsWith('s96')))('do not change what is found in $id', async (capture) => {
    const bytes = gunzipSync(readFileSync(join(capture.folder, capture.file)));
    const { stripped, count } = withoutIdentifiers(bytes);
    expect(count).toBeGreaterThan(5);
    const path = join(folder, `${capture.id.replace('/', '-')}.pcap`);
    writeFileSync(path, stripped);
    expect(saidOf(await findingsOf(path))).toEqual(saidOf(await findingsOf(join(capture.folder, capture.file))));
  });
});

describe('secrets of the metadata service', () => {
  it.each(captures)('of $id are nowhere', async ({ folder: own, file }) => {
    const path = join(own, file);
    const truth = JSON.parse(readFileSync(join(own, 'truth.json'), 'utf8')) as { secrets: string[] };
    const bytes = gunzipSync(readFileSync(path)).toString('latin1');
    const secrets = truth.secrets.filter((secret) => secret.length >= 8);
    const held = secrets.filter((secret) => bytes.includes(secret));
    const written: string[] = [];
    for (const words of [['--full'], ['--format', 'json'], ['--format', 'yaml'], ['--format', 'markdown']]) {
      const io = fakeIo();
      await run([path, ...words], io);
      written.push(io.out, io.err);
    }
    for (const kind of ['exchanges', 'requests', 'connections']) {
      const io = fakeIo();
      await run(['export', kind, path], io);
      written.push(io.out, io.err);
    }
    const all = written.join('\n');
    expect(all.length).toBeGreaterThan(1000);
    // What is planted is there to be found: in captures that hold whole packets.
    if (!file.startsWith('s96') && own.includes('storm')) expect(held.length).toBeGreaterThan(2);
    for (const secret of secrets) {
      expect(all.includes(secret), `${secret.slice(0, 4)}…`).toBe(false);
      expect(all.includes(Buffer.from(secret).toString('base64'))).toBe(false);
    }
  });
});
