import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { analyze } from '../src/analyze.ts';
import { pcapRecords } from './support/pcap-records.ts';

/* Where a tool has rounded all times to seconds, answers seem to take none or a whole one: no cause is told of that. */
const CAPTURE = 'test/corpora/sidecar/slow-beside.pcap.gz';
const RECORD_HEADER = 16;
/** In a record's header: the part of the second. */
const FRACTION = 4;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelag-rounded-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** With that part of a second for all packets but the last, which has the other. */
async function read(fraction: number, last: number) {
  const bytes = gunzipSync(readFileSync(CAPTURE));
  const records = [...pcapRecords(bytes)];
  for (const { start } of records) bytes.writeUInt32LE(fraction, start - RECORD_HEADER + FRACTION);
  bytes.writeUInt32LE(last, records.at(-1)!.start - RECORD_HEADER + FRACTION);
  const path = join(folder, `${fraction}-${last}.pcap`);
  writeFileSync(path, bytes);
  return analyze({ paths: [path], dnsPorts: [53], clients: [], names: [], slowerThan: null });
}

it('a capture with times of whole seconds measures nothing', async () => {
  await expect(read(0, 0)).rejects.toThrow(/pcap: its times are rounded to seconds: nothing can be measured/);
  await expect(read(700_000, 700_000)).rejects.toThrow(/rounded to seconds/);
});

it('one that has a single other time does', async () => {
  expect((await read(0, 1000)).diagnosis.requests.count).toBeGreaterThan(0);
});
